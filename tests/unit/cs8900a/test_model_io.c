/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports, pointer, memory window, access widths: sections 1, 2, 5, 12; checks 1-7, 17-19, 54, 60. */
#include "chip.h"

static void put_mac(struct chip *c)
{
	wr(c, 0x0158, 0x1100);
	wr(c, 0x015A, 0x3322);
	wr(c, 0x015C, 0x5544);
}

/* Check 1, section 1: the pointer port reads 3000h after reset. */
static void pointer_after_reset(void **state)
{
	struct chip *c = chip_power(NULL);

	assert_int_equal(in16(c, 0xA), 0x3000);
	chip_down(c);
}

/* Checks 2, 3, section 1: bits C-E read 011b whatever was written, bit F and 0-B stay. */
static void pointer_fixed_bits(void **state)
{
	struct chip *c = chip_up(NULL);

	out16(c, 0xA, 0x0138);
	assert_int_equal(in16(c, 0xA), 0x3138);
	out16(c, 0xA, 0xF138);
	assert_int_equal(in16(c, 0xA), 0xB138);
	out16(c, 0xA, 0x4FFF);
	assert_int_equal(in16(c, 0xA), 0x3FFF);
	chip_down(c);
}

/* Check 4, sections 2 and 5: the EISA id, as a word and as bytes. */
static void eisa_id(void **state)
{
	struct chip *c = chip_up(NULL);

	assert_int_equal(rd(c, 0x0000), 0x630E);
	out16(c, 0xA, 0x0000);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0xC), 0x0E);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0xD), 0x63);
	chip_down(c);
}

/* Check 5, section 2: revision D is 0900h; the other revisions of the table can be had. */
static void product(void **state)
{
	struct chip *c = chip_up(NULL);
	struct cs8900a_model_conf conf = { .product = 0x0A00 };

	assert_int_equal(rd(c, 0x0002), 0x0900);
	chip_down(c);
	c = chip_up(&conf);
	assert_int_equal(rd(c, 0x0002), 0x0A00);
	chip_down(c);
}

/* Check 6, section 1: with bit F the pointer steps by two for each word. */
static void auto_increment(void **state)
{
	struct chip *c = chip_up(NULL);

	put_mac(c);
	out16(c, 0xA, 0x8158);
	assert_int_equal(in16(c, 0xC), 0x1100);
	assert_int_equal(in16(c, 0xC), 0x3322);
	assert_int_equal(in16(c, 0xC), 0x5544);
	assert_int_equal(in16(c, 0xA), 0xB15E);
	chip_down(c);
}

/* Section 1: by one for a byte; and writes step as reads do. */
static void auto_increment_bytes(void **state)
{
	struct chip *c = chip_up(NULL);

	out16(c, 0xA, 0x8158);
	out16(c, 0xC, 0x1100);
	out16(c, 0xC, 0x3322);
	out16(c, 0xC, 0x5544);
	out16(c, 0xA, 0x8158);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(cs8900a_model_io_read8(c->m, 0xC + (i & 1)), chip_mac[i]);
	assert_int_equal(in16(c, 0xA), 0xB15E);
	out16(c, 0xA, 0x8FFE); /* wraps in the twelve bits */
	in16(c, 0xC);
	assert_int_equal(in16(c, 0xA), 0xB000);
	chip_down(c);
}

/* Check 7, section 1: without bit F the same word again and again. */
static void no_increment(void **state)
{
	struct chip *c = chip_up(NULL);

	put_mac(c);
	out16(c, 0xA, 0x0158);
	assert_int_equal(in16(c, 0xC), 0x1100);
	assert_int_equal(in16(c, 0xC), 0x1100);
	assert_int_equal(in16(c, 0xA), 0x3158);
	chip_down(c);
}

/* Section 1: an odd pointer names the even word around it. */
static void odd_pointer(void **state)
{
	struct chip *c = chip_up(NULL);

	put_mac(c);
	assert_int_equal(rd(c, 0x0159), 0x1100);
	chip_down(c);
}

/* Section 1: +E is the upper half of a 32-bit access at +C, with and without auto-increment. */
static void dword_access(void **state)
{
	struct chip *c = chip_up(NULL);

	put_mac(c);
	out16(c, 0xA, 0x0158);
	assert_int_equal(in16(c, 0xC), 0x1100);
	assert_int_equal(in16(c, 0xE), 0x3322);
	out16(c, 0xA, 0x8158);
	assert_int_equal(in16(c, 0xC), 0x1100);
	assert_int_equal(in16(c, 0xE), 0x3322);
	assert_int_equal(in16(c, 0xA), 0xB15C);
	chip_down(c);
}

/* Check 60, section 4: the byte reads that tell the chip of a 16-bit bus have no side effect. */
static void bus_width_priming(void **state)
{
	struct chip *c = chip_power(NULL);

	assert_int_equal(cs8900a_model_io_read8(c->m, 0xA), 0x00);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0xB), 0x30);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0xA), 0x00);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0xB), 0x30);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(cs8900a_model_io_read8(c->m, i & 1), 0);
	chip_us(c, 20000);
	chip_open(c, 0x0D00, 0x0100);
	chip_give(c, chip_mac, 60);
	assert_int_equal(in16(c, 0x8), 0x0504);
	assert_int_equal(chip_take(c, 60), 0x0504);
	chip_down(c);
}

/* Section 2: registers are words; two byte writes make one. */
static void byte_writes(void **state)
{
	struct chip *c = chip_up(NULL);

	cs8900a_model_io_write8(c->m, 0xA, 0x04);
	cs8900a_model_io_write8(c->m, 0xB, 0x01);
	assert_int_equal(in16(c, 0xA), 0x3104);
	cs8900a_model_io_write8(c->m, 0xC, 0x40);
	cs8900a_model_io_write8(c->m, 0xD, 0x0D);
	assert_int_equal(rd(c, 0x0104), 0x0D45);
	cs8900a_model_io_write8(c->m, 0x4, 0xC9);
	cs8900a_model_io_write8(c->m, 0x5, 0x00);
	cs8900a_model_io_write8(c->m, 0x6, 60);
	assert_int_equal(rd(c, 0x0138), 0x0018);
	cs8900a_model_io_write8(c->m, 0x6, 60);
	cs8900a_model_io_write8(c->m, 0x7, 0);
	assert_int_equal(rd(c, 0x0138), 0x0118);
	chip_down(c);
}

/* Section 2: the two bytes of a register that reading clears are of one moment. */
static void byte_reads_of_an_event(void **state)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0D00, 0);
	chip_send(c, 0x00C9, 60);
	out16(c, 0xA, 0x0128);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0xC), 0x08);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0xD), 0x01);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0xD), 0x00);
	chip_down(c);
}

/* Check 17, section 12: MemoryE opens the window; the ports go on working. Check 19: not bit E. */
static void memory_window(void **state)
{
	struct chip *c = chip_up(NULL);

	assert_int_equal(cs8900a_model_mem_read16(c->m, 0), 0xFFFF);
	wr(c, 0x0116, 0x4000);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0), 0xFFFF);
	assert_int_equal(cs8900a_model_mem_decode(c->m, 0), -1);
	wr(c, 0x002C, 0x0000);
	wr(c, 0x002E, 0x000D);
	wr(c, 0x0116, 0x0400);
	assert_int_equal(cs8900a_model_mem_decode(c->m, 0xD0000), 0);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0), 0x630E);
	assert_int_equal(cs8900a_model_mem_read8(c->m, 1), 0x63);
	assert_int_equal(rd(c, 0x0000), 0x630E);
	cs8900a_model_mem_write16(c->m, 0x0104, 0x0D00);
	assert_int_equal(rd(c, 0x0104), 0x0D05);
	chip_down(c);
}

/* Check 18, sections 2 and 12: the low twelve bits of the base are ignored, 4 KB answer. */
static void memory_base(void **state)
{
	struct chip *c = chip_up(NULL);

	wr(c, 0x002C, 0x0123);
	wr(c, 0x002E, 0x000D);
	wr(c, 0x0116, 0x0400);
	assert_int_equal(cs8900a_model_mem_decode(c->m, 0xCFFFF), -1);
	assert_int_equal(cs8900a_model_mem_decode(c->m, 0xD0000), 0);
	assert_int_equal(cs8900a_model_mem_decode(c->m, 0xD0FFF), 0xFFF);
	assert_int_equal(cs8900a_model_mem_decode(c->m, 0xD1000), -1);
	chip_down(c);
}

/* Section 1: sixteen ports at the base, which is 0300h and can be moved. */
static void io_base(void **state)
{
	struct chip *c = chip_up(NULL);

	assert_int_equal(cs8900a_model_io_decode(c->m, 0x2FF), -1);
	assert_int_equal(cs8900a_model_io_decode(c->m, 0x300), 0);
	assert_int_equal(cs8900a_model_io_decode(c->m, 0x30F), 15);
	assert_int_equal(cs8900a_model_io_decode(c->m, 0x310), -1);
	wr(c, 0x0020, 0x0210);
	assert_int_equal(cs8900a_model_io_decode(c->m, 0x300), -1);
	assert_int_equal(cs8900a_model_io_decode(c->m, 0x21A), 10);
	chip_down(c);
}

/* Section 2, holes: a write is ignored and counted, a read gives 0300h. */
static void holes(void **state)
{
	static const unsigned addrs[] = { 0x0004, 0x001E, 0x0100, 0x010C, 0x0110, 0x011E, 0x0122,
		0x013E, 0x0148, 0x015E, 0x03FE };
	struct cs8900a_model_stats stats;
	struct chip *c = chip_up(NULL);

	for (unsigned i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		wr(c, addrs[i], 0xFFFF);
		assert_int_equal(rd(c, addrs[i]), 0x0300);
		cs8900a_model_stats(c->m, &stats);
		assert_int_equal(stats.reserved, 2 * (i + 1));
	}
	chip_down(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointer_after_reset), cmocka_unit_test(pointer_fixed_bits),
		cmocka_unit_test(eisa_id), cmocka_unit_test(product),
		cmocka_unit_test(auto_increment), cmocka_unit_test(auto_increment_bytes),
		cmocka_unit_test(no_increment), cmocka_unit_test(odd_pointer),
		cmocka_unit_test(dword_access), cmocka_unit_test(bus_width_priming),
		cmocka_unit_test(byte_writes), cmocka_unit_test(byte_reads_of_an_event),
		cmocka_unit_test(memory_window), cmocka_unit_test(memory_base),
		cmocka_unit_test(io_base), cmocka_unit_test(holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
