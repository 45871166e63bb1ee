/* SPDX-License-Identifier: BSD-3-Clause */
/* Defaults, tags, read-only registers, reset: sections 2, 3, 4; checks 8-16. */
#include "chip.h"

struct fact {
	unsigned addr;
	uint16_t value;
};

/* Checks 8-10, tables of sections 2 and 3. */
static const struct fact defaults[] = {
	{ 0x0020, 0x0300 }, { 0x0026, 0x0000 }, { 0x002A, 0x0000 }, { 0x0102, 0x0003 },
	{ 0x0104, 0x0005 }, { 0x0106, 0x0007 }, { 0x0108, 0x0009 }, { 0x010A, 0x000B },
	{ 0x0112, 0x0013 }, { 0x0114, 0x0015 }, { 0x0116, 0x0017 }, { 0x0118, 0x0019 },
	{ 0x0120, 0x0000 }, { 0x0124, 0x0004 }, { 0x0128, 0x0008 }, { 0x012C, 0x000C },
	{ 0x0130, 0x0010 }, { 0x0132, 0x0012 }, { 0x0138, 0x0018 }, { 0x013C, 0x001C },
	{ 0x0150, 0x0000 }, { 0x0152, 0x0000 }, { 0x0154, 0x0000 }, { 0x0156, 0x0000 },
};

static void check_defaults(struct chip *c)
{
	for (unsigned i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		assert_int_equal(rd(c, defaults[i].addr), defaults[i].value);
	/* Check 11: no interrupt pin, no DMA channel. */
	assert_int_equal(rd(c, 0x0022) & 7, 4);
	assert_int_equal(rd(c, 0x0024) & 3, 3);
	/* Section 2: 20 bits, low twelve of no meaning: memory base, boot PROM base and mask are 0. */
	for (unsigned addr = 0x002C; addr < 0x0038; addr += 4) {
		assert_int_equal(rd(c, addr) & 0xF000, 0);
		assert_int_equal(rd(c, addr + 2) & 0x000F, 0);
	}
}

static void after_power_up(void **state)
{
	struct chip *c = chip_up(NULL);

	check_defaults(c);
	chip_down(c);
}

/* Check 12, section 3: the low six bits are the register's number, whatever is written. */
static void tags_stay(void **state)
{
	static const struct fact control[] = {
		{ 0x0102, 0x03 }, { 0x0104, 0x05 }, { 0x0106, 0x07 }, { 0x010A, 0x0B },
		{ 0x0112, 0x13 }, { 0x0116, 0x17 }, { 0x0118, 0x19 },
	};
	struct chip *c = chip_up(NULL);

	for (unsigned i = 0; i < sizeof(control) / sizeof(control[0]); i++) {
		wr(c, control[i].addr, 0x0D00);
		assert_int_equal(rd(c, control[i].addr), 0x0D00 | control[i].value);
		wr(c, control[i].addr, 0x0D3F);
		assert_int_equal(rd(c, control[i].addr), 0x0D00 | control[i].value);
	}
	chip_down(c);
}

/* Section 3.1: bits that act once read 0: Skip_1, SWint-X, ResetRxDMA. */
static void bits_that_act_once(void **state)
{
	struct chip *c = chip_up(NULL);

	wr(c, 0x0102, 0x0140);
	assert_int_equal(rd(c, 0x0102), 0x0103);
	wr(c, 0x010A, 0x0140);
	assert_int_equal(rd(c, 0x010A), 0x010B);
	wr(c, 0x0116, 0x0440);
	assert_int_equal(rd(c, 0x0116), 0x0417);
	chip_down(c);
}

/* Check 13, section 3: status registers are read only. */
static void status_is_read_only(void **state)
{
	struct chip *c = chip_up(NULL);

	for (unsigned addr = 0x0124; addr <= 0x0132; addr += 2) {
		uint16_t before = rd(c, addr);

		wr(c, addr, 0xFFFF);
		assert_int_equal(rd(c, addr), before);
	}
	wr(c, 0x0124, 0xFFFF);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	wr(c, 0x0000, 0x1234);
	assert_int_equal(rd(c, 0x0000), 0x630E);
	chip_down(c);
}

/* Check 14, section 3: TxCMD reads back at 0108h, which is not written; only its mask 33C0h. */
static void txcmd_copy(void **state)
{
	struct chip *c = chip_up(NULL);

	wr(c, 0x0108, 0x00C0);
	assert_int_equal(rd(c, 0x0108), 0x0009);
	wr(c, 0x0144, 0x00C0);
	assert_int_equal(rd(c, 0x0108), 0x00C9);
	out16(c, 0x4, 0xFFFF);
	assert_int_equal(rd(c, 0x0108), 0x33C9);
	chip_down(c);
}

/* Checks 15, 16, section 4: RESET clears itself and everything, INITD comes after its time. */
static void reset(void **state)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0D00, 0x7100);
	wr(c, 0x0106, 0x8FC0);
	wr(c, 0x010A, 0x3300);
	wr(c, 0x0116, 0x8400);
	wr(c, 0x0118, 0x4000);
	wr(c, 0x0020, 0x0320);
	wr(c, 0x0022, 0x0000);
	wr(c, 0x0024, 0x0001);
	wr(c, 0x002E, 0x000D);
	wr(c, 0x0150, 0xFFFF);
	chip_give(c, chip_mac, 60);
	out16(c, 0xA, 0x8114);
	out16(c, 0xC, 0x0040);
	assert_int_equal(in16(c, 0xA), 0x3000);
	assert_int_equal(rd(c, 0x0136) & 0x0080, 0);
	chip_us(c, 9900);
	assert_int_equal(rd(c, 0x0136) & 0x0080, 0);
	chip_us(c, 200);
	assert_int_equal(rd(c, 0x0136) & 0x0080, 0x0080);
	check_defaults(c);
	assert_int_equal(rd(c, 0x0158), 0x1100); /* section 2: the address stays */
	assert_int_equal(in16(c, 0x0), 0);       /* no frame has survived */
	chip_down(c);
}

/* Sections 2 and 3.2: LineST tells medium and link; K's two columns swapped (section 14). */
static void line_status(void **state)
{
	struct cs8900a_model_conf conf = { .media = CS8900A_MODEL_AUI };
	struct chip *c = chip_up(NULL);

	assert_int_equal(rd(c, 0x0134), 0x1294); /* 10BT, LinkOK, PolarityOK */
	c->end.down = true;
	assert_int_equal(rd(c, 0x0134), 0x0214);
	wr(c, 0x0112, 0x0200); /* automatic: no 10BASE-T link, so AUI */
	assert_int_equal(rd(c, 0x0134), 0x0114);
	c->end.down = false;
	assert_int_equal(rd(c, 0x0134), 0x1294);
	wr(c, 0x0112, 0x0100);
	assert_int_equal(rd(c, 0x0134), 0x0114);
	wr(c, 0x0112, 0x0300); /* AUIonly wins */
	assert_int_equal(rd(c, 0x0134), 0x0114);
	chip_down(c);
	c = chip_up(&conf); /* plugged into the AUI: 10BASE-T has no link */
	assert_int_equal(rd(c, 0x0134), 0x0214);
	chip_down(c);
}

/* Section 3.2: CRS is the carrier of the moment. */
static void carrier_sense(void **state)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0D00, 0);
	chip_frame(c, chip_mac, 1000);
	chip_us(c, 100);
	assert_int_equal(rd(c, 0x0134), 0x5294);
	chip_us(c, 1000);
	assert_int_equal(rd(c, 0x0134), 0x1294);
	chip_down(c);
}

/* Section 2: filter and address are byte arrays, the least significant byte first. */
static void filter_and_address(void **state)
{
	struct chip *c = chip_up(NULL);

	wr(c, 0x0116, 0x0400);
	for (unsigned i = 0; i < 8; i++)
		cs8900a_model_mem_write8(c->m, 0x0150 + i, (uint8_t)(0xA0 + i));
	assert_int_equal(rd(c, 0x0150), 0xA1A0);
	assert_int_equal(rd(c, 0x0156), 0xA7A6);
	for (unsigned i = 0; i < 6; i++)
		cs8900a_model_mem_write8(c->m, 0x0158 + i, chip_mac[i]);
	assert_int_equal(rd(c, 0x015C), 0x5544);
	assert_int_equal(cs8900a_model_mem_read8(c->m, 0x0159), 0x11);
	chip_down(c);
}

/* What a model cannot be made of is said in a sentence. */
static uint64_t zero(void *arg)
{
	return 0;
}

static void refused(void **state)
{
	static const uint16_t words[64];
	struct cs8900a_model_conf conf = { 0 };
	char err[200];

	assert_null(cs8900a_model_create(&conf, err, sizeof(err)));
	assert_string_equal(err, "a chip model needs a clock");
	conf.now_ns = zero;
	conf.eeprom = words;
	conf.eeprom_words = 100;
	assert_null(cs8900a_model_create(&conf, err, sizeof(err)));
	assert_string_equal(err, "no EEPROM has 100 words, but 64, 128 or 256");
	conf.eeprom = NULL;
	conf.tx_frames = 5;
	assert_null(cs8900a_model_create(&conf, err, sizeof(err)));
	assert_string_equal(err, "5 transmit frames at once, the most are 4");
	conf.tx_frames = 0;
	conf.media = 4;
	assert_null(cs8900a_model_create(&conf, err, sizeof(err)));
	assert_string_equal(err, "medium 0x4 is neither 10BASE-T nor AUI");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_power_up), cmocka_unit_test(tags_stay),
		cmocka_unit_test(bits_that_act_once), cmocka_unit_test(status_is_read_only),
		cmocka_unit_test(txcmd_copy), cmocka_unit_test(reset),
		cmocka_unit_test(line_status), cmocka_unit_test(carrier_sense),
		cmocka_unit_test(filter_and_address), cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
