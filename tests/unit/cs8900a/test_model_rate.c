/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 10 Mb/s in virtual time: a byte lasts 800 ns, a frame has 6.4 us of preamble before and 9.6 us of
 * silence after it (IEEE 802.3; 14,880 frames/s of 64 bytes). A host of no delay reaches it exactly.
 */
#include "chip.h"

#define FRAMES 1000

static uint64_t line_ns(unsigned len)
{
	return 6400 + (len + 4) * 800ull + 9600;
}

/* To the chip's next event, so that nothing is missed and nothing is late. */
static void next(struct chip *c)
{
	uint64_t t = cs8900a_model_next_event(c->m);

	assert_true(t != UINT64_MAX && t > c->now);
	c->now = t;
	cs8900a_model_advance(c->m);
}

static void transmit_rate(unsigned len)
{
	struct chip *c = chip_up(NULL);
	uint64_t took;

	chip_open(c, 0x0D00, 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		chip_bid(c, 0x00C9, (uint16_t)len);
		chip_fill(c, 0, len);
		while (!(rd(c, 0x0128) & 0x0100))
			next(c);
	}
	assert_int_equal(c->end.sent, FRAMES);
	took = c->end.last_end - c->end.first_end;
	assert_int_equal(took, (FRAMES - 1) * line_ns(len));
	chip_down(c);
}

static void transmit_at_line_rate(void **state)
{
	transmit_rate(60);
	transmit_rate(500);
	transmit_rate(1514);
}

static uint64_t receive_rate(unsigned len, uint16_t testctl, unsigned frames)
{
	struct chip *c = chip_up(NULL);
	uint64_t start;

	chip_open(c, 0x0D00, 0);
	wr(c, 0x0118, testctl);
	for (unsigned i = 0; i < frames; i++)
		chip_frame(c, chip_mac, len);
	start = c->now;
	for (unsigned i = 0; i < frames;) {
		if (rd(c, 0x0124) & 0x0100) {
			chip_take(c, len);
			i++;
		} else {
			next(c);
		}
	}
	assert_int_equal(rd(c, 0x0130), 0x0010);
	start = c->now - start;
	chip_down(c);
	return start;
}

static void receive_at_line_rate(void **state)
{
	static const unsigned lens[] = { 60, 500, 1514 };

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(receive_rate(lens[i], 0, FRAMES), FRAMES * line_ns(lens[i]) - 9600);
		assert_int_equal(receive_rate(lens[i], 0x4000, FRAMES),
			FRAMES * line_ns(lens[i]) - 9600);
	}
}

/* Both ways: full duplex each at line rate; half duplex they share it frame by frame. */
static void both_ways(uint16_t testctl, uint64_t *tx_ns, uint64_t *rx_ns, unsigned len)
{
	struct chip *c = chip_up(NULL);
	unsigned in = 0, out = 0;
	bool busy = false;
	uint64_t start;

	chip_open(c, 0x0D00, 0);
	wr(c, 0x0118, testctl);
	for (unsigned i = 0; i < FRAMES; i++)
		chip_frame(c, chip_mac, len);
	start = c->now;
	*rx_ns = *tx_ns = 0;
	while (in < FRAMES || out < FRAMES) {
		bool idle = true;

		if (rd(c, 0x0124) & 0x0100) {
			chip_take(c, len);
			in++;
			idle = false;
			*rx_ns = c->now - start;
		}
		if (busy && (rd(c, 0x0128) & 0x0100)) {
			busy = false;
			out++;
			idle = false;
			*tx_ns = c->now - start;
		}
		if (!busy && out < FRAMES) {
			chip_bid(c, 0x00C9, (uint16_t)len);
			chip_fill(c, 0, len);
			busy = true;
			idle = false;
		}
		if (idle)
			next(c);
	}
	assert_int_equal(rd(c, 0x0130), 0x0010);
	assert_int_equal(c->end.sent, FRAMES);
	chip_down(c);
}

static void both_at_once(void **state)
{
	static const unsigned lens[] = { 60, 1514 };
	uint64_t tx, rx;

	for (unsigned i = 0; i < 2; i++) {
		both_ways(0x4000, &tx, &rx, lens[i]);
		assert_int_equal(tx, FRAMES * line_ns(lens[i]) - 9600);
		assert_int_equal(rx, FRAMES * line_ns(lens[i]) - 9600);
		both_ways(0, &tx, &rx, lens[i]);
		assert_true((tx > rx ? tx : rx) == 2 * FRAMES * line_ns(lens[i]) - 9600);
		assert_true((tx < rx ? tx : rx) > (2 * FRAMES - 4) * line_ns(lens[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transmit_at_line_rate), cmocka_unit_test(receive_at_line_rate),
		cmocka_unit_test(both_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
