/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flow a frame belongs to, as a NIC's receive side scaling says it: Toeplitz over addresses
 * and ports with the key 6d5a 6d5a ..., whose period of 16 bits makes it the same for both
 * directions. With that key the hash of many words is the hash of their xor, so a frame costs one
 * 16-bit word. Fragments go by their addresses only, all of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RSS_KEY_WORD 0x6d5a
#define RSS_RETA 128 /* entries of the table from hash to queue; the low bits of the hash choose */

/* The Toeplitz hash of one 16-bit word, given as it lies in memory; both halves are equal. */
uint32_t rss_toeplitz(uint16_t word);

/* `len` bytes are contiguous at the Ethernet header. False: no IP, no flow. */
bool rss_hash(const uint8_t *frame, uint32_t len, uint32_t *hash);
