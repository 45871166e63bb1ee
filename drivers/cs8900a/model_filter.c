/* SPDX-License-Identifier: BSD-3-Clause */
/* The destination address filter: own address, broadcast, the 64-bit hash, or everything. */
#include "model_priv.h"

static const uint8_t everybody[6] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
static const uint8_t only_bit_47[8] = { 0, 0, 0, 0, 0, 0x80, 0, 0 };

/*
 * May the frame to this address in, and why: IndividualAdr, Broadcast, Hashed and IAHash, the bits
 * F-A for a hashed one as they are to be read together with RxOK.
 */
bool csm_filter(const struct cs8900a_model *m, const uint8_t *da, uint16_t *bits)
{
	unsigned index = csm_crc(da, 6) >> 26;
	bool hit = m->laf[index >> 3] >> (index & 7) & 1;

	*bits = 0;
	if ((m->rxctl & CS_RXCTL_INDIVIDUALA) && !memcmp(da, m->ia, 6))
		*bits |= CS_RXEVENT_INDIVIDUALADR;
	if (!memcmp(da, everybody, 6)) {
		if (m->rxctl & CS_RXCTL_BROADCASTA)
			*bits |= CS_RXEVENT_BROADCAST;
		else if ((m->rxctl & CS_RXCTL_MULTICASTA) && (m->rxctl & CS_RXCTL_INDIVIDUALA)
			&& !memcmp(m->laf, only_bit_47, 8))
			*bits |= CS_RXEVENT_HASHED | CS_RXEVENT_BROADCAST; /* the one exception */
	} else if (hit && csm_group(da) && (m->rxctl & CS_RXCTL_MULTICASTA)) {
		*bits = (uint16_t)(CS_RXEVENT_HASHED | index << CS_RXEVENT_HASH_INDEX_SHIFT);
	} else if (hit && !csm_group(da) && (m->rxctl & CS_RXCTL_IAHASHA)) {
		*bits = (uint16_t)(CS_RXEVENT_HASHED | CS_RXEVENT_IAHASH
			| index << CS_RXEVENT_HASH_INDEX_SHIFT);
	}
	return *bits || (m->rxctl & CS_RXCTL_PROMISCUOUSA);
}
