/* SPDX-License-Identifier: BSD-3-Clause */
/* Bids, buffer, lengths, start thresholds, underrun, Force: section 7; checks 20-33. */
#include "chip.h"

static struct chip *up(void)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, 0x0D00, 0);
	return c;
}

static void check_data(const struct chip *c, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		assert_int_equal(c->end.last.data[i], chip_pattern(i));
}

static bool crc_is_right(const struct cs8900a_wire_frame *f)
{
	uint32_t crc = chip_crc(f->data, f->len - 4);

	return f->data[f->len - 4] == (uint8_t)crc && f->data[f->len - 3] == (uint8_t)(crc >> 8)
		&& f->data[f->len - 2] == (uint8_t)(crc >> 16)
		&& f->data[f->len - 1] == (uint8_t)(crc >> 24);
}

/* Checks 20, 21: bid, grant, data, one frame with CRC; TxEvent 0108h, cleared by reading. */
static void one_frame(void **state)
{
	struct chip *c = up();

	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	assert_int_equal(rd(c, 0x0138), 0x0018); /* the bid is used up */
	assert_int_equal(c->end.sent, 0);
	chip_us(c, 58); /* 6.4 + 64 * 0.8 = 57.6 us on the wire: section 7 and 10 Mb/s */
	assert_int_equal(c->end.sent, 1);
	assert_int_equal(c->end.last.len, 64);
	check_data(c, 0, 60);
	assert_true(crc_is_right(&c->end.last));
	assert_int_equal(rd(c, 0x0128), 0x0108);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	chip_down(c);
}

/* Section 7: the data may go by the memory window, bytes or words, and TxCMD and TxLength there. */
static void by_memory(void **state)
{
	struct chip *c = up();

	wr(c, 0x0116, 0x0400);
	cs8900a_model_mem_write16(c->m, 0x0144, 0x00C9);
	cs8900a_model_mem_write16(c->m, 0x0146, 100);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0138), 0x0118);
	for (unsigned i = 50; i < 100; i++)
		cs8900a_model_mem_write8(c->m, 0x0A00 + i, chip_pattern(i));
	for (unsigned i = 0; i < 50; i += 2)
		cs8900a_model_mem_write16(c->m, 0x0A00 + i,
			(uint16_t)(chip_pattern(i) | chip_pattern(i + 1) << 8));
	chip_us(c, 200);
	assert_int_equal(c->end.last.len, 104);
	check_data(c, 0, 100);
	chip_down(c);
}

struct shape {
	uint16_t cmd, len;
	unsigned wire, pad_from;
	bool crc;
};

/* Checks 22-24, table of section 7: padding and CRC by TxPadDis and InhibitCRC. */
static void padding_and_crc(void **state)
{
	static const struct shape shapes[] = {
		{ 0x00C9, 42, 64, 42, true }, { 0x10C9, 42, 60, 42, false },
		{ 0x20C9, 42, 46, 42, true }, { 0x30C9, 42, 42, 42, false },
		{ 0x00C9, 3, 64, 3, true }, { 0x30C9, 8, 8, 8, false },
		{ 0x00C9, 60, 64, 60, true }, { 0x00C9, 1514, 1518, 1514, true },
		{ 0x10C9, 1514, 1514, 1514, false }, { 0x10C9, 1518, 1518, 1518, false },
		{ 0x30C9, 1518, 1518, 1518, false }, { 0x20C9, 1514, 1518, 1514, true },
	};
	struct chip *c = up();

	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];

		chip_send(c, s->cmd, s->len);
		assert_int_equal(c->end.sent, i + 1);
		assert_int_equal(c->end.last.len, s->wire);
		check_data(c, 0, s->len);
		for (unsigned k = s->pad_from; k < s->wire - (s->crc ? 4 : 0); k++)
			assert_int_equal(c->end.last.data[k], 0);
		assert_int_equal(crc_is_right(&c->end.last), s->crc);
		assert_int_equal(rd(c, 0x0128), 0x0108);
	}
	chip_down(c);
}

/* Checks 25-27, table of section 7: which lengths are refused, and which silently. */
static void lengths_refused(void **state)
{
	static const struct {
		uint16_t cmd, len, busst;
	} bids[] = {
		{ 0x00C9, 1514, 0x0118 }, { 0x00C9, 1515, 0x0098 }, { 0x10C9, 1518, 0x0118 },
		{ 0x10C9, 1519, 0x0098 }, { 0x20C9, 1515, 0x0098 }, { 0x30C9, 1519, 0x0098 },
		{ 0x30C9, 1518, 0x0118 }, { 0x00C9, 0xFFFF, 0x0098 }, { 0x00C9, 2, 0x0018 },
		{ 0x00C9, 0, 0x0018 }, { 0x00C9, 3, 0x0118 },
	};
	struct chip *c = up();

	for (unsigned i = 0; i < sizeof(bids) / sizeof(bids[0]); i++) {
		out16(c, 0x4, bids[i].cmd);
		out16(c, 0x6, bids[i].len);
		assert_int_equal(rd(c, 0x0138), bids[i].busst);
	}
	chip_us(c, 10000);
	assert_int_equal(c->end.sent, 0);
	chip_down(c);
}

/* Check 28: 61 bytes are 31 words, the last high byte counts for nothing. */
static void odd_length(void **state)
{
	struct chip *c = up();

	chip_bid(c, 0x30C9, 61);
	chip_fill(c, 0, 60);
	chip_us(c, 500);
	assert_int_equal(c->end.sent, 0);
	out16(c, 0x0, (uint16_t)(0xEE00 | chip_pattern(60)));
	chip_us(c, 500);
	assert_int_equal(c->end.sent, 1);
	assert_int_equal(c->end.last.len, 61);
	check_data(c, 0, 61);
	/* padded: the pad is not that high byte */
	chip_bid(c, 0x00C9, 41);
	chip_fill(c, 0, 40);
	out16(c, 0x0, 0xEE11);
	chip_us(c, 500);
	assert_int_equal(c->end.last.data[40], 0x11);
	assert_int_equal(c->end.last.data[41], 0);
	chip_down(c);
}

/* Check 29: TxStart 00 is 5 bytes (three words), 01 381, 10 1021, 11 the whole frame. */
static void start_thresholds(void **state)
{
	static const struct {
		uint16_t cmd;
		unsigned bytes; /* written when it starts */
	} starts[] = { { 0x0009, 6 }, { 0x0049, 382 }, { 0x0089, 1022 }, { 0x00C9, 1100 } };

	for (unsigned i = 0; i < 4; i++) {
		struct chip *c = up();

		chip_bid(c, starts[i].cmd, 1100);
		chip_fill(c, 0, starts[i].bytes - 2);
		chip_us(c, 1);
		assert_int_equal(rd(c, 0x0134) & 0x4000, 0); /* no carrier yet */
		chip_fill(c, starts[i].bytes - 2, starts[i].bytes);
		chip_us(c, 1);
		assert_int_equal(rd(c, 0x0134) & 0x4000, 0x4000);
		chip_fill(c, starts[i].bytes, 1100);
		chip_us(c, 2000);
		assert_int_equal(c->end.last.len, 1104);
		check_data(c, 0, 1100);
		assert_int_equal(rd(c, 0x0128), 0x0108);
		chip_down(c);
	}
}

/* Check 30: the host stops after 100 of 1000 bytes: TxUnderrun, bad CRC, memory free. */
static void underrun(void **state)
{
	struct chip *c = up();

	chip_bid(c, 0x0009, 1000);
	chip_fill(c, 0, 100);
	chip_us(c, 86); /* 6.4 + 100 * 0.8 = 86.4 us */
	assert_int_equal(c->end.sent, 0);
	chip_us(c, 1);
	assert_int_equal(c->end.sent, 1);
	assert_true(c->end.last.bad_crc);
	assert_int_equal(c->end.last.len, 100);
	assert_int_equal(rd(c, 0x012C), 0x020C);
	assert_int_equal(rd(c, 0x0128) & 0x0100, 0); /* no TxOK */
	assert_int_equal(rd(c, 0x0138), 0x0018);
	chip_send(c, 0x00C9, 60); /* the next one goes */
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_down(c);
}

/* A host that is fast enough never underruns, even byte by byte at wire speed. */
static void no_underrun_at_wire_speed(void **state)
{
	struct chip *c = up();

	chip_bid(c, 0x0009, 1514);
	for (unsigned i = 0; i < 1514; i += 2) {
		chip_fill(c, i, i + 2);
		chip_wait(c, 1600);
	}
	chip_us(c, 100);
	assert_int_equal(rd(c, 0x012C), 0x000C);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	assert_int_equal(c->end.last.len, 1518);
	chip_down(c);
}

/* Section 7: data before the grant is ignored (counted). */
static void data_without_a_bid(void **state)
{
	struct cs8900a_model_stats stats;
	struct chip *c = up();

	chip_fill(c, 0, 10);
	chip_us(c, 500);
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.early_data, 5);
	assert_int_equal(c->end.sent, 0);
	chip_down(c);
}

/* Checks 31, section 7: no memory, the bid waits; it is told when it comes: BufEvent, ISQ 010Ch. */
static void bid_waits_for_memory(void **state)
{
	struct chip *c = up();

	wr(c, 0x010A, 0x0100);
	for (unsigned i = 0; i < 3; i++)
		chip_give(c, chip_mac, 1200);
	out16(c, 0x4, 0x00C9);
	out16(c, 0x6, 1000);
	assert_int_equal(rd(c, 0x0138), 0x0018);
	assert_int_equal(in16(c, 0x8), 0x0000);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_take(c, 1200);
	assert_int_equal(rd(c, 0x0138), 0x0118);
	assert_int_equal(in16(c, 0x8), 0x010C);
	assert_int_equal(in16(c, 0x8), 0x0000);
	chip_fill(c, 0, 1000);
	chip_us(c, 1000);
	assert_int_equal(c->end.sent, 1);
	chip_down(c);
}

/* Section 7: one frame in the transmit buffer; the bid for a second waits until the first is out. */
static void bid_waits_for_the_frame_before(void **state)
{
	struct chip *c = up();

	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	out16(c, 0x4, 0x00C9);
	out16(c, 0x6, 60);
	assert_int_equal(rd(c, 0x0138), 0x0018);
	chip_us(c, 58);
	assert_int_equal(rd(c, 0x0138), 0x0118);
	assert_int_equal(rd(c, 0x012C), 0x010C);
	chip_down(c);
}

/* Section 7, FDX remark: a chip that holds more frames at once grants while one goes out. */
static void several_frames(void **state)
{
	struct cs8900a_model_conf conf = { .tx_frames = 2 };
	struct chip *c = chip_up(&conf);

	chip_open(c, 0x0D00, 0);
	for (unsigned i = 0; i < 2; i++) {
		chip_bid(c, 0x00C9, 60);
		chip_fill(c, 0, 60);
	}
	out16(c, 0x4, 0x00C9);
	out16(c, 0x6, 60);
	assert_int_equal(rd(c, 0x0138), 0x0018);
	chip_us(c, 130);
	assert_int_equal(c->end.sent, 2);
	assert_int_equal(c->end.last_end - c->end.first_end, 67200); /* 57.6 us and the gap of 9.6 */
	chip_down(c);
}

/* Check 32: a new TxCMD and TxLength lose the bid before. */
static void newer_bid_wins(void **state)
{
	struct chip *c = up();

	chip_bid(c, 0x00C9, 100);
	chip_fill(c, 0, 50);
	chip_bid(c, 0x00C9, 70);
	chip_fill(c, 0, 70);
	chip_us(c, 500);
	assert_int_equal(c->end.sent, 1);
	assert_int_equal(c->end.last.len, 74);
	check_data(c, 0, 70);
	chip_down(c);
}

/* Check 33: Force with length 0 drops a frame that waits in the buffer. */
static void force_drops_what_waits(void **state)
{
	struct chip *c = chip_up(NULL);

	wr(c, 0x0112, 0x0000); /* the transmitter is off: the frame waits */
	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	chip_us(c, 500);
	out16(c, 0x4, 0x0100);
	out16(c, 0x6, 0);
	wr(c, 0x0112, 0x00C0);
	chip_us(c, 500);
	assert_int_equal(c->end.sent, 0);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	chip_send(c, 0x00C9, 60);
	assert_int_equal(c->end.sent, 1);
	chip_down(c);
}

/* Section 7, Force: one on the wire ends within 64 bit times with a bad CRC. */
static void force_cuts_what_is_sent(void **state)
{
	struct chip *c = up();

	chip_bid(c, 0x00C9, 1000);
	chip_fill(c, 0, 1000);
	chip_us(c, 100);
	out16(c, 0x4, 0x0100);
	out16(c, 0x6, 0);
	chip_wait(c, 6400);
	assert_int_equal(c->end.sent, 1);
	assert_true(c->end.last.bad_crc);
	assert_true(c->end.last.len < 130);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	chip_send(c, 0x00C9, 60);
	assert_int_equal(c->end.sent, 2);
	chip_down(c);
}

/* Section 3.1: without SerTxON nothing is sent; DisableLT sends without a link, else it waits. */
static void transmitter_off(void **state)
{
	struct chip *c = up();

	wr(c, 0x0112, 0x0040);
	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	chip_us(c, 1000);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	c->end.down = true;
	wr(c, 0x0112, 0x00C0);
	chip_us(c, 1000);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	wr(c, 0x0118, 0x0080);
	chip_us(c, 100);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	assert_int_equal(c->end.sent, 0);
	chip_down(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_frame), cmocka_unit_test(by_memory),
		cmocka_unit_test(padding_and_crc), cmocka_unit_test(lengths_refused),
		cmocka_unit_test(odd_length), cmocka_unit_test(start_thresholds),
		cmocka_unit_test(underrun), cmocka_unit_test(no_underrun_at_wire_speed),
		cmocka_unit_test(data_without_a_bid), cmocka_unit_test(bid_waits_for_memory),
		cmocka_unit_test(bid_waits_for_the_frame_before), cmocka_unit_test(several_frames),
		cmocka_unit_test(newer_bid_wins), cmocka_unit_test(force_drops_what_waits),
		cmocka_unit_test(force_cuts_what_is_sent), cmocka_unit_test(transmitter_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
