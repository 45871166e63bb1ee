/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is received: the own address, broadcast, group addresses by a 64-bit hash, or everything.
 * Called at start and whenever the application changes its mind.
 */
#include "chip.h"

#define CRC32_REFLECTED 0xedb88320u

/* The six most significant bits of the CRC-32 of the address, without the final inversion. */
unsigned cs_hash(const uint8_t addr[6])
{
	uint32_t crc = 0xffffffff;

	for (unsigned i = 0; i < 6; i++) {
		crc ^= addr[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32_REFLECTED : 0);
	}
	return crc >> 26;
}

/* The receiver is off meanwhile, or a frame could meet half a filter. */
void cs_filter_set(struct cs_chip *c, const struct cs_filter *f)
{
	const uint16_t line = c->linectl;
	/* MulticastA passes only what the hash passes: all of them is a hash of all ones. */
	const uint64_t hash = f->all_multicast ? UINT64_MAX : f->hash;

	if (c->gone)
		return;
	cs_page_write(c, CS_PP_LINECTL, line & (uint16_t)~CS_LINECTL_SERRXON);
	for (unsigned i = 0; i < CS_LAF_WORDS; i++)
		cs_page_write(c, CS_PP_LAF + 2 * i, (uint16_t)(hash >> 16 * i));
	for (unsigned i = 0; i < 3; i++)
		cs_page_write(c, CS_PP_IA + 2 * i,
			(uint16_t)(f->mac[2 * i] | f->mac[2 * i + 1] << 8));
	c->rxctl = CS_RXCTL_RXOKA | CS_RXCTL_INDIVIDUALA | CS_RXCTL_BROADCASTA;
	if (hash)
		c->rxctl |= CS_RXCTL_MULTICASTA;
	if (f->promiscuous)
		c->rxctl |= CS_RXCTL_PROMISCUOUSA;
	cs_page_write(c, CS_PP_RXCTL, c->rxctl);
	cs_page_write(c, CS_PP_LINECTL, line);
}

bool cs_filter_kept(struct cs_chip *c)
{
	return c->gone || (cs_page_read(c, CS_PP_RXCTL) & CS_CONTENT_MASK) == c->rxctl;
}
