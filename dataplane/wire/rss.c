/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The software's half of receive side scaling (rss.h), for ports that cannot place flows. Called
 * by dev/spread.c for each frame of such a port. The tuple is the one that Microsoft's RSS defines:
 * addresses, then ports where TCP or UDP carries them.
 */
#include "wire/rss.h"

#include <string.h>

#include "wire/eth.h"
#include "wire/ip4.h"

#define IP6_HDR_LEN 40

static uint32_t load32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static uint16_t load_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t rss_toeplitz(uint16_t word)
{
	uint32_t r = word, x;

	/* the most significant bit of the first byte meets the key's first window: turn bytes round */
	r = (r & 0xf0f0) >> 4 | (r & 0x0f0f) << 4;
	r = (r & 0xcccc) >> 2 | (r & 0x3333) << 2;
	r = (r & 0xaaaa) >> 1 | (r & 0x5555) << 1;
	x = r | r << 16;
	/* its rotations by the places of the key's ones: 14, 13, 11, 10, 8, 6, 4, 3, 1 */
	x = (x >> 2 ^ x >> 3 ^ x >> 5 ^ x >> 6 ^ x >> 8 ^ x >> 10 ^ x >> 12 ^ x >> 13 ^ x >> 15) &
		0xffff;
	return x | x << 16;
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IP4_PROTO_TCP || protocol == IP4_PROTO_UDP;
}

static bool fold_ip4(const uint8_t *p, uint32_t len, uint32_t *x)
{
	uint32_t ihl = (p[0] & 15) * 4u;

	if (len < IP4_HDR_LEN || p[0] >> 4 != 4 || ihl < IP4_HDR_LEN)
		return false;
	*x = load32(p + 12) ^ load32(p + 16);
	if (!(load_be16(p + 6) & 0x3fff) && has_ports(p[9]) && len >= ihl + 4)
		*x ^= load32(p + ihl);
	return true;
}

static bool fold_ip6(const uint8_t *p, uint32_t len, uint32_t *x)
{
	if (len < IP6_HDR_LEN || p[0] >> 4 != 6)
		return false;
	*x = 0;
	for (unsigned int at = 8; at < IP6_HDR_LEN; at += 4)
		*x ^= load32(p + at);
	if (has_ports(p[6]) && len >= IP6_HDR_LEN + 4)
		*x ^= load32(p + IP6_HDR_LEN);
	return true;
}

bool rss_hash(const uint8_t *frame, uint32_t len, uint32_t *hash)
{
	uint32_t at = 12, x;
	uint16_t type;
	bool ok = false;

	if (len < ETH_HDR_LEN)
		return false;
	type = load_be16(frame + at);
	for (unsigned int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); tags++) {
		at += 4;
		if (len < at + 2)
			return false;
		type = load_be16(frame + at);
	}
	at += 2;
	if (type == ETH_TYPE_IP4)
		ok = len > at && fold_ip4(frame + at, len - at, &x);
	else if (type == 0x86dd)
		ok = len > at && fold_ip6(frame + at, len - at, &x);
	if (ok)
		*hash = rss_toeplitz((uint16_t)(x ^ x >> 16));
	return ok;
}
