/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum: RFC 1071, updated in place by RFC 1624. Sums are kept in 64 bits and in
 * the byte order of memory, which the one's complement sum allows: a folded result is stored as it
 * is, without htons. Words read from headers are passed as they are, too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Add the n bytes at p to `sum`. The bytes count as starting at an even offset; an odd last byte is
 * padded with zero. Blocks after one of odd length: csum_block_add().
 */
uint64_t csum_add(const void *p, size_t n, uint64_t sum);

/* The same without vector instructions: the reference of the tests. */
uint64_t csum_add_scalar(const void *p, size_t n, uint64_t sum);

/* The sum to 16 bits, not complemented. */
static inline uint16_t csum_reduce(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The checksum: what goes into the header. Over data that includes a right checksum: 0. */
static inline uint16_t csum_fold(uint64_t sum)
{
	return (uint16_t)~csum_reduce(sum);
}

/* Add `part`, the sum of a block that starts `offset` bytes into the data. */
static inline uint64_t csum_block_add(uint64_t sum, uint64_t part, size_t offset)
{
	uint16_t word = csum_reduce(part);

	return sum + (offset & 1 ? (uint16_t)(word << 8 | word >> 8) : word);
}

/* An IPv4 header of `words` (5 to 15) 32-bit words: 0 when the checksum in it is right. */
static inline uint16_t csum_ip4(const void *hdr, unsigned int words)
{
	const uint8_t *p = hdr;
	uint64_t a, b, sum;
	uint32_t c;

	memcpy(&a, p, 8);
	memcpy(&b, p + 8, 8);
	memcpy(&c, p + 16, 4);
	sum = (a & 0xffffffff) + (a >> 32) + (b & 0xffffffff) + (b >> 32) + c;
	for (unsigned int i = 5; i < words; i++) {
		memcpy(&c, p + 4 * i, 4);
		sum += c;
	}
	return csum_fold(sum);
}

/* The usual header of five words: is the checksum in it right? a, b, c: its 8, 8 and 4 bytes. */
static inline bool csum_ip4_plain_ok(uint64_t a, uint64_t b, uint32_t c)
{
	uint64_t sum = a + b;
	uint32_t high, low;

	sum += sum < b; /* the carry goes round, RFC 1071 2(B) */
	sum += c;
	sum += sum < c;
	high = (uint32_t)(sum >> 32);
	low = (uint32_t)sum + high;
	low += low < high;
	/* both halves in the upper one, with the carry of the lower: all ones is right */
	return (low + (low << 16 | low >> 16)) >> 16 == 0xffff;
}

/* The pseudo header of TCP, UDP: addresses in network order, length of header and data in bytes. */
static inline uint64_t csum_pseudo4(uint32_t src, uint32_t dst, uint8_t proto, uint32_t len)
{
	const uint8_t tail[8] = { 0, proto, (uint8_t)(len >> 8), (uint8_t)len };
	uint64_t word;

	memcpy(&word, tail, 8);
	return (uint64_t)src + dst + word;
}

/* RFC 1624 equation 3: the checksum after a 16-bit word of the data changed. */
static inline uint16_t csum_update16(uint16_t check, uint16_t from, uint16_t to)
{
	return csum_fold((uint64_t)(uint16_t)~check + (uint16_t)~from + to);
}

/* The same for a 32-bit word: an address. */
static inline uint16_t csum_update32(uint16_t check, uint32_t from, uint32_t to)
{
	return csum_fold((uint64_t)(uint16_t)~check + (uint32_t)~from + to);
}
