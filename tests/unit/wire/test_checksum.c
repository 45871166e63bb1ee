/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums against a byte-wise reference, over every length, offset and split; the RFC's own examples. */
#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "wire/checksum.h"

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11);
}

/* RFC 1071 as its text says it: 16-bit words in network order, odd byte padded. */
static uint16_t reference(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		if (sum >> 16)
			sum = (sum & 0xffff) + 1;
	}
	return (uint16_t)~sum;
}

static void rfc1071_example(void **state)
{
	static const uint8_t data[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	assert_int_equal(csum_reduce(csum_add(data, sizeof(data), 0)), htons(0xddf2));
}

static void every_length_and_alignment(void **state)
{
	static uint8_t buf[9000];

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)rnd();
	for (size_t n = 0; n < 700; n++)
		for (size_t at = 0; at < 9; at++) {
			uint16_t want = htons(reference(buf + at, n));

			assert_int_equal(csum_fold(csum_add(buf + at, n, 0)), want);
			assert_int_equal(csum_fold(csum_add_scalar(buf + at, n, 0)), want);
		}
	assert_int_equal(csum_fold(csum_add(buf, sizeof(buf), 0)),
		htons(reference(buf, sizeof(buf))));
}

static void ones_do_not_lose_carries(void **state)
{
	static uint8_t buf[65536];

	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(csum_fold(csum_add(buf, sizeof(buf), 0)), 0);
	assert_int_equal(csum_fold(csum_add(buf, 65535, UINT64_MAX)),
		htons(reference(buf, 65535)));
}

static void blocks_of_odd_length(void **state)
{
	uint8_t buf[301];

	for (unsigned int round = 0; round < 2000; round++) {
		size_t n = rnd() % sizeof(buf), a = n ? rnd() % n : 0;
		uint64_t sum;

		for (size_t i = 0; i < n; i++)
			buf[i] = (uint8_t)rnd();
		sum = csum_block_add(csum_add(buf, a, 0), csum_add(buf + a, n - a, 0), a);
		assert_int_equal(csum_fold(sum), htons(reference(buf, n)));
	}
}

/* The example of RFC 1624 section 4, where the older equation yields 0xffff instead of 0. */
static void rfc1624_example(void **state)
{
	assert_int_equal(csum_update16(htons(0xdd2f), htons(0x5555), htons(0x3285)), 0);
}

static void updates_match_a_new_sum(void **state)
{
	for (unsigned int round = 0; round < 200000; round++) {
		uint32_t words[8], old;
		uint16_t check, old16, word16;

		for (unsigned int i = 0; i < 8; i++)
			words[i] = round % 7 ? rnd() : (rnd() & 1 ? 0xffffffff : 0);
		words[7] |= 1; /* all-zero data has two representations of its sum */
		check = csum_fold(csum_add(words, sizeof(words), 0));
		old = words[3];
		words[3] = rnd();
		check = csum_update32(check, old, words[3]);
		memcpy(&old16, (uint8_t *)words + 4, 2);
		word16 = (uint16_t)rnd();
		memcpy((uint8_t *)words + 4, &word16, 2);
		check = csum_update16(check, old16, word16);
		assert_int_equal(check, csum_fold(csum_add(words, sizeof(words), 0)));
	}
}

static void pseudo_header(void **state)
{
	static const uint8_t bytes[12] = { 192, 0, 2, 1, 198, 51, 100, 7, 0, 17, 0x12, 0x34 };
	uint32_t src, dst;

	memcpy(&src, bytes, 4);
	memcpy(&dst, bytes + 4, 4);
	assert_int_equal(csum_fold(csum_pseudo4(src, dst, 17, 0x1234)),
		htons(reference(bytes, sizeof(bytes))));
}

static void header_sum(void **state)
{
	uint8_t hdr[60];

	for (unsigned int words = 5; words <= 15; words++)
		for (unsigned int round = 0; round < 1000; round++) {
			for (unsigned int i = 0; i < words * 4; i++)
				hdr[i] = (uint8_t)rnd();
			assert_int_equal(csum_ip4(hdr, words), htons(reference(hdr, words * 4)));
		}
}

static bool plain_ok(const uint8_t hdr[20])
{
	uint64_t a, b;
	uint32_t c;

	memcpy(&a, hdr, 8);
	memcpy(&b, hdr + 8, 8);
	memcpy(&c, hdr + 16, 4);
	return csum_ip4_plain_ok(a, b, c);
}

/* Right ones and wrong ones of every carry: words are random, all ones, or zero. */
static void usual_header(void **state)
{
	static const uint32_t edge[] = { 0, 1, UINT32_MAX, UINT32_MAX - 1, 0x80000000, 0x0000ffff };
	uint32_t right = 0;

	for (unsigned int round = 0; round < 200000; round++) {
		uint32_t hdr[5];
		uint16_t check;

		for (unsigned int i = 0; i < 5; i++)
			hdr[i] = rnd() % 3 ? rnd() : edge[rnd() % 6];
		hdr[2] &= 0xffff;
		check = csum_ip4(hdr, 5);
		memcpy((uint8_t *)hdr + 10, &check, 2);
		assert_int_equal(plain_ok((uint8_t *)hdr), csum_ip4(hdr, 5) == 0);
		right += plain_ok((uint8_t *)hdr);
		((uint8_t *)hdr)[rnd() % 20] ^= (uint8_t)(1 << rnd() % 8);
		assert_false(plain_ok((uint8_t *)hdr));
		check += (uint16_t)rnd();
		memcpy((uint8_t *)hdr + 10, &check, 2);
		assert_int_equal(plain_ok((uint8_t *)hdr), csum_ip4(hdr, 5) == 0);
	}
	assert_int_equal(right, 200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc1071_example),
		cmocka_unit_test(every_length_and_alignment),
		cmocka_unit_test(ones_do_not_lose_carries),
		cmocka_unit_test(blocks_of_odd_length),
		cmocka_unit_test(rfc1624_example),
		cmocka_unit_test(updates_match_a_new_sum),
		cmocka_unit_test(pseudo_header),
		cmocka_unit_test(header_sum),
		cmocka_unit_test(usual_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
