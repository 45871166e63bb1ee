/* SPDX-License-Identifier: BSD-3-Clause */
/* The short Toeplitz against DPDK's long one with the same key, symmetry, and what frames give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_thash.h>

#include "wire/rss.h"

static uint8_t key[52];

static uint32_t reference(const uint8_t *tuple, uint32_t len)
{
	uint32_t word[16];

	for (uint32_t i = 0; i < len; i += 4)
		word[i / 4] = (uint32_t)tuple[i] << 24 | tuple[i + 1] << 16 | tuple[i + 2] << 8 |
			tuple[i + 3];
	return rte_softrss(word, len / 4, key);
}

static void same_as_toeplitz(void **state)
{
	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = i % 2 ? RSS_KEY_WORD & 255 : RSS_KEY_WORD >> 8;
	for (uint32_t w = 0; w < 65536; w++) {
		uint8_t tuple[4] = {0};
		uint16_t word = (uint16_t)w;

		memcpy(tuple, &word, 2);
		assert_int_equal(rss_toeplitz(word), reference(tuple, 4));
	}
}

/* Ethernet, `tags` VLAN tags, IPv4, ports. */
static uint32_t frame4(uint8_t *f, unsigned int tags, uint8_t proto, uint16_t frag,
	const uint8_t tuple[12])
{
	uint32_t at = 12;

	memset(f, 0, 96);
	for (; tags; tags--, at += 4)
		memcpy(f + at, "\x81\x00\x00\x05", 4);
	memcpy(f + at, "\x08\x00\x45", 3);
	at += 2;
	f[at + 6] = (uint8_t)(frag >> 8);
	f[at + 7] = (uint8_t)frag;
	f[at + 9] = proto;
	memcpy(f + at + 12, tuple, 12);
	return at + 24;
}

static void frames(void **state)
{
	uint8_t f[96], tuple[12], back[12];
	uint32_t len, h, r;

	for (unsigned int n = 0; n < 5000; n++) {
		for (unsigned int i = 0; i < 12; i++)
			tuple[i] = (uint8_t)rand();
		memcpy(back, tuple + 4, 4);
		memcpy(back + 4, tuple, 4);
		memcpy(back + 8, tuple + 10, 2);
		memcpy(back + 10, tuple + 8, 2);
		len = frame4(f, n % 3, n % 2 ? 6 : 17, 0x4000, tuple);
		assert_true(rss_hash(f, len, &h));
		assert_int_equal(h, reference(tuple, 12));
		len = frame4(f, 0, n % 2 ? 6 : 17, 0, back);
		assert_true(rss_hash(f, len, &r));
		assert_int_equal(h, r);
		/* all fragments, first and last, and protocols without ports: addresses only */
		len = frame4(f, 0, 17, n % 2 ? 0x2000 : 0x00b9, tuple);
		assert_true(rss_hash(f, len, &h));
		assert_int_equal(h, reference(tuple, 8));
		len = frame4(f, 0, 1, 0, tuple);
		assert_true(rss_hash(f, len, &h));
		assert_int_equal(h, reference(tuple, 8));
	}
}

static void ip6(void **state)
{
	uint8_t f[14 + 40 + 4] = {0}, tuple[36];
	uint32_t h;

	memcpy(f + 12, "\x86\xdd\x60", 3);
	f[14 + 6] = 6;
	for (unsigned int i = 0; i < sizeof(tuple); i++)
		tuple[i] = f[14 + 8 + i] = (uint8_t)rand();
	assert_true(rss_hash(f, sizeof(f), &h));
	assert_int_equal(h, reference(tuple, 36));
	f[14 + 6] = 58;
	assert_true(rss_hash(f, sizeof(f), &h));
	assert_int_equal(h, reference(tuple, 32));
}

/* Nothing is read beyond the end, and what is no IP has no flow. */
static void short_frames(void **state)
{
	static const uint8_t tuple[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	uint8_t f[96];

	for (unsigned int tags = 0; tags < 4; tags++) {
		uint32_t full = frame4(f, tags, 17, 0, tuple), h;

		for (uint32_t len = 0; len <= full; len++) {
			uint8_t *exact = malloc(len ? len : 1);

			memcpy(exact, f, len);
			assert_int_equal(rss_hash(exact, len, &h), tags < 3 && len >= full - 4);
			if (tags < 3 && len >= full - 4)
				assert_int_equal(h, reference(tuple, len == full ? 12 : 8));
			free(exact);
		}
	}
	memcpy(f + 12, "\x08\x06", 2);
	assert_false(rss_hash(f, 60, &(uint32_t){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_toeplitz), cmocka_unit_test(frames), cmocka_unit_test(ip6),
		cmocka_unit_test(short_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
