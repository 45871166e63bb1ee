/* SPDX-License-Identifier: BSD-3-Clause */
/* EEPROM commands and timing, reset configuration block: section 11; checks 58, 59. */
#include "chip.h"

/* Section 11: the data sheet's sample. */
static const uint16_t sample[17] = {
	0xA120, 0x2020, 0x0300, 0x0003, 0x0001, 0x502C, 0xE000, 0x000F, 0x0000, 0x000D, 0xC000, 0x000F,
	0x2158, 0x0010, 0x0000, 0x0000, 0x2800,
};

static void fill(uint16_t words[64])
{
	for (unsigned i = 0; i < 64; i++)
		words[i] = i < 17 ? sample[i] : 0xFFFF;
}

static struct chip *with_sample(const char *faults)
{
	uint16_t words[64];
	struct cs8900a_model_conf conf = {
		.eeprom = words, .eeprom_words = 64, .faults = faults,
	};

	fill(words);
	return chip_up(&conf);
}

static void ready(struct chip *c)
{
	assert_int_equal(rd(c, 0x0136) & 0x0100, 0x0100);
	chip_us(c, 24);
	assert_int_equal(rd(c, 0x0136) & 0x0100, 0x0100);
	chip_us(c, 2); /* section 4: about 25 us a word */
	assert_int_equal(rd(c, 0x0136) & 0x0100, 0);
}

/* Check 58: a read command, SIBUSY, the word in 0042h. */
static void read_words(void **state)
{
	struct chip *c = with_sample(NULL);

	for (unsigned i = 0; i < 17; i++) {
		wr(c, 0x0040, (uint16_t)(0x0200 | i));
		ready(c);
		assert_int_equal(rd(c, 0x0042), sample[i]);
	}
	chip_down(c);
}

/* Section 11: write and erase only between write enable 00F0h and write disable 0000h. */
static void write_words(void **state)
{
	uint16_t now[256];
	struct chip *c = with_sample(NULL);

	wr(c, 0x0042, 0x1234);
	wr(c, 0x0040, 0x0100 | 0x30);
	ready(c);
	assert_int_equal(cs8900a_model_eeprom(c->m, now), 64);
	assert_int_equal(now[0x30], 0xFFFF);
	wr(c, 0x0040, 0x00F0);
	ready(c);
	wr(c, 0x0042, 0x1234);
	wr(c, 0x0040, 0x0100 | 0x30);
	ready(c);
	cs8900a_model_eeprom(c->m, now);
	assert_int_equal(now[0x30], 0x1234);
	wr(c, 0x0040, 0x0300 | 0x30);
	ready(c);
	cs8900a_model_eeprom(c->m, now);
	assert_int_equal(now[0x30], 0xFFFF);
	wr(c, 0x0040, 0x0000);
	ready(c);
	wr(c, 0x0042, 0x5678);
	wr(c, 0x0040, 0x0100 | 0x30);
	ready(c);
	cs8900a_model_eeprom(c->m, now);
	assert_int_equal(now[0x30], 0xFFFF);
	chip_down(c);
}

/* Section 11: SIBUSY must be 0 before a command; one given before is lost. */
static void command_while_busy(void **state)
{
	struct chip *c = with_sample(NULL);

	wr(c, 0x0040, 0x0200);
	chip_us(c, 10);
	wr(c, 0x0040, 0x0201);
	chip_us(c, 16);
	assert_int_equal(rd(c, 0x0136) & 0x0100, 0);
	assert_int_equal(rd(c, 0x0042), 0xA120);
	chip_down(c);
}

/* Check 59: what reset takes from the sample. */
static void configuration(void **state)
{
	struct chip *c = with_sample(NULL);

	assert_int_equal(rd(c, 0x0020), 0x0300);
	assert_int_equal(rd(c, 0x0022), 3);
	assert_int_equal(rd(c, 0x0024), 1);
	assert_int_equal(rd(c, 0x002C), 0xE000);
	assert_int_equal(rd(c, 0x002E), 0x000F);
	assert_int_equal(rd(c, 0x0030), 0x0000);
	assert_int_equal(rd(c, 0x0032), 0x000D);
	assert_int_equal(rd(c, 0x0034), 0xC000);
	assert_int_equal(rd(c, 0x0036), 0x000F);
	assert_int_equal(rd(c, 0x0158), 0x0010);
	assert_int_equal(rd(c, 0x015A), 0x0000);
	assert_int_equal(rd(c, 0x015C), 0x0000);
	assert_int_equal(rd(c, 0x0136), 0x1696); /* EEsize, EEPROMOK, EEPROMpresent, INITD */
	chip_down(c);
}

/* Check 59, second half: any byte of the block spoiled gives the defaults and no EEPROMOK. */
static void spoiled(void **state)
{
	for (unsigned byte = 0; byte < 34; byte++) {
		uint16_t words[64];
		struct cs8900a_model_conf conf = { .eeprom = words, .eeprom_words = 64 };
		struct chip *c;

		if (byte == 32) /* the pad beside the checksum is part of no sum */
			continue;
		fill(words);
		words[byte / 2] ^= (uint16_t)(byte & 1 ? 0x1000 : 0x0010);
		c = chip_up(&conf);
		assert_int_equal(rd(c, 0x0136) & 0x0600, 0x0200);
		assert_int_equal(rd(c, 0x0022), 4);
		assert_int_equal(rd(c, 0x0024), 3);
		assert_int_equal(rd(c, 0x002E), 0);
		chip_down(c);
	}
}

/* Section 3.2: no EEPROM: not present, not OK, nothing to be read. */
static void missing(void **state)
{
	struct chip *c = chip_up(NULL);

	assert_int_equal(rd(c, 0x0136), 0x0096);
	wr(c, 0x0040, 0x0200);
	ready(c);
	assert_int_equal(rd(c, 0x0042), 0xFFFF);
	chip_down(c);
}

/* By the script: bad checksum; gone at the next reset; SIBUSY for ever. */
static void by_script(void **state)
{
	char err[100];
	struct chip *c = with_sample("at start: eeprom spoiled");

	assert_int_equal(rd(c, 0x0136) & 0x0600, 0x0200);
	assert_int_equal(cs8900a_model_fault(c->m, "eeprom missing", err, sizeof(err)), 0);
	wr(c, 0x0114, 0x0040);
	chip_us(c, 11000);
	assert_int_equal(rd(c, 0x0136) & 0x0780, 0x0080);
	assert_int_equal(cs8900a_model_fault(c->m, "eeprom sound", err, sizeof(err)), 0);
	wr(c, 0x0114, 0x0040);
	chip_us(c, 11000);
	assert_int_equal(rd(c, 0x0136) & 0x0780, 0x0680);
	assert_int_equal(cs8900a_model_fault(c->m, "sibusy stuck", err, sizeof(err)), 0);
	wr(c, 0x0040, 0x0200);
	chip_us(c, 1000000);
	assert_int_equal(rd(c, 0x0136) & 0x0100, 0x0100);
	assert_int_equal(cs8900a_model_fault(c->m, "sibusy free", err, sizeof(err)), 0);
	assert_int_equal(rd(c, 0x0136) & 0x0100, 0);
	chip_down(c);
}

/* Section 3.2, SIBUSY: while the chip reads its configuration; EEsize 0 for the larger ones. */
static void loading(void **state)
{
	uint16_t words[256];
	struct cs8900a_model_conf conf = { .eeprom = words, .eeprom_words = 256, .reset_ns = 100000 };
	struct chip *c;

	fill(words);
	for (unsigned i = 64; i < 256; i++)
		words[i] = 0xFFFF;
	c = chip_power(&conf);
	chip_us(c, 17 * 25 - 1); /* 17 words at 25 us */
	assert_int_equal(rd(c, 0x0136) & 0x0180, 0x0100);
	chip_us(c, 2);
	assert_int_equal(rd(c, 0x0136), 0x0696);
	chip_down(c);
}

/* The contents we make for the demonstration: both blocks of section 11, sums right. */
static void image(void **state)
{
	uint16_t words[64], sum = 0;
	struct cs8900a_model_conf conf = { .eeprom = words, .eeprom_words = 64 };
	struct chip *c;

	cs8900a_model_eeprom_image(words, 64, chip_mac, 2);
	for (unsigned i = 0x1C; i <= 0x2F; i++)
		sum = (uint16_t)(sum + words[i]);
	assert_int_equal(sum, 0);
	assert_int_equal(words[0x1C], 0x1100);
	assert_int_equal(words[0x1F], 0x0002);
	assert_int_equal(words[0x24], 0x0021);
	c = chip_up(&conf);
	assert_int_equal(rd(c, 0x0136) & 0x0600, 0x0600);
	assert_int_equal(rd(c, 0x0022), 2);
	assert_int_equal(rd(c, 0x0158), 0x1100);
	assert_int_equal(rd(c, 0x015C), 0x5544);
	chip_down(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_words), cmocka_unit_test(write_words),
		cmocka_unit_test(command_while_busy), cmocka_unit_test(configuration),
		cmocka_unit_test(spoiled), cmocka_unit_test(missing), cmocka_unit_test(by_script),
		cmocka_unit_test(loading), cmocka_unit_test(image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
