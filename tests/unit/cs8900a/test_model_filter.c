/* SPDX-License-Identifier: BSD-3-Clause */
/* The destination filter: section 10; checks 44-46. */
#include "chip.h"

struct hashed {
	uint8_t addr[6];
	unsigned index;
};

/* Section 10, computed indexes. */
static const struct hashed table[] = {
	{ { 0x03, 0x00, 0x00, 0x00, 0x00, 0x01 }, 47 },
	{ { 0x01, 0x00, 0x5E, 0x00, 0x00, 0x01 }, 54 },
	{ { 0x01, 0x00, 0x5E, 0x00, 0x00, 0xFB }, 33 },
	{ { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x00 }, 58 },
	{ { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x01 }, 39 },
	{ { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 }, 23 },
	{ { 0x33, 0x33, 0xFF, 0x00, 0x00, 0x01 }, 32 },
	{ { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05 }, 51 },
	{ { 0x02, 0x00, 0x00, 0x00, 0x00, 0x01 }, 29 },
};

static void set_filter(struct chip *c, unsigned bit)
{
	for (unsigned word = 0; word < 4; word++)
		wr(c, 0x0150 + 2 * word, bit / 16 == word ? (uint16_t)(1u << bit % 16) : 0);
}

/* RxEvent: Hashed and RxOK, the index in the bits F-A; IAHash for an individual address. */
static void hash_index(void **state)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0340, 0);
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint16_t expected = (uint16_t)(table[i].index << 10 | 0x0304
			| (table[i].addr[0] & 1 ? 0 : 0x0040));

		for (unsigned bit = 0; bit < 64; bit++) {
			set_filter(c, bit);
			chip_give(c, table[i].addr, 60);
			assert_int_equal(rd(c, 0x0124), bit == table[i].index ? expected : 0x0004);
		}
	}
	chip_down(c);
}

/* Check 44 as it stands there. */
static void multicast(void **state)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0300, 0);
	wr(c, 0x0156, 0x0040);
	chip_give(c, table[1].addr, 60);
	assert_int_equal(rd(c, 0x0124), 0xDB04);
	assert_int_equal(chip_take(c, 60), 0xDB04);
	wr(c, 0x0156, 0);
	chip_give(c, table[1].addr, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	wr(c, 0x0156, 0x0040);
	wr(c, 0x0104, 0x0140); /* IAHashA takes no group address */
	chip_give(c, table[1].addr, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
}

/* Check 45 as it stands there. */
static void individual_hash(void **state)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0140, 0);
	wr(c, 0x0156, 0x0008);
	chip_give(c, table[7].addr, 60);
	assert_int_equal(rd(c, 0x0124), 0xCF44);
	wr(c, 0x0104, 0x0300); /* MulticastA takes no individual one */
	chip_give(c, table[7].addr, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
}

/* Check 46 and its remark: MulticastA takes the broadcast only with bit 47 alone and IndividualA. */
static void broadcast_by_bit_47(void **state)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0700, 0);
	wr(c, 0x0154, 0x8000);
	chip_give(c, table[0].addr, 60);
	assert_int_equal(rd(c, 0x0124), 0xBF04);
	chip_give(c, chip_everybody, 60);
	assert_int_equal(rd(c, 0x0124), 0x0B04); /* F-A stay bits: X00010 */
	wr(c, 0x0150, 0x0001);
	chip_give(c, chip_everybody, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	wr(c, 0x0150, 0);
	wr(c, 0x0104, 0x0300);
	chip_give(c, chip_everybody, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
}

/* Section 10: the own address needs IndividualA; one octet off is foreign. */
static void individual(void **state)
{
	struct chip *c = chip_up(NULL);
	uint8_t other[6];

	chip_open(c, 0x0500, 0);
	for (unsigned i = 0; i < 6; i++) {
		memcpy(other, chip_mac, 6);
		other[i] ^= 0x10;
		chip_give(c, other, 60);
		assert_int_equal(rd(c, 0x0124), 0x0004);
	}
	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	wr(c, 0x0104, 0x0100);
	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
}

/* Section 10: promiscuous with a filter at work: the reason is told where there is one. */
static void promiscuous_with_reasons(void **state)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0F80, 0);
	set_filter(c, 54);
	chip_give(c, table[1].addr, 60);
	assert_int_equal(rd(c, 0x0124), 0xDB04);
	chip_give(c, table[2].addr, 60);
	assert_int_equal(rd(c, 0x0124), 0x0104);
	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_give(c, chip_everybody, 60);
	assert_int_equal(rd(c, 0x0124), 0x0904);
	chip_down(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_index), cmocka_unit_test(multicast),
		cmocka_unit_test(individual_hash), cmocka_unit_test(broadcast_by_bit_47),
		cmocka_unit_test(individual), cmocka_unit_test(promiscuous_with_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
