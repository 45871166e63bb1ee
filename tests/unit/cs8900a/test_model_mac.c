/* SPDX-License-Identifier: BSD-3-Clause */
/* Collisions, back-off, media errors, loops, jabber: sections 3, 7; checks 34-37. */
#include "chip.h"

static struct chip *up_as(const char *faults, unsigned media, uint16_t linectl)
{
	struct cs8900a_model_conf conf = { .faults = faults, .media = media };
	struct chip *c = chip_up(&conf);

	chip_open(c, 0x0D00, 0);
	wr(c, 0x0112, linectl);
	return c;
}

static struct chip *up(const char *faults)
{
	return up_as(faults, 0, 0x00C0);
}

static void transmit(struct chip *c, uint16_t cmd, uint16_t len)
{
	chip_bid(c, cmd, len);
	chip_fill(c, 0, len);
	chip_us(c, 600000); /* longer than sixteen back-offs of 1024 slots */
}

/* Check 34: three collisions, then success: 1908h; TxCOL rises by three and is cleared by reading. */
static void three_collisions(void **state)
{
	struct chip *c = up("at tx 1: collisions 3");

	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x1908);
	assert_int_equal(rd(c, 0x0132), 0x00D2);
	assert_int_equal(rd(c, 0x0132), 0x0012);
	assert_int_equal(c->end.sent, 1);
	chip_down(c);
}

/* Check 35: sixteen: bit F, no TxOK, the buffer is free. */
static void sixteen_collisions(void **state)
{
	struct chip *c = up("at tx 1: collisions 16");

	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128) & 0x8100, 0x8000);
	assert_int_equal(rd(c, 0x0132), 0x0412);
	assert_int_equal(c->end.sent, 0);
	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_down(c);
}

/* Fifteen are survived. */
static void fifteen_collisions(void **state)
{
	struct chip *c = up("at tx 1: collisions 15");

	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x7908);
	chip_down(c);
}

/* Check 36: Onecoll gives up after the first. */
static void onecoll(void **state)
{
	struct chip *c = up("at tx 1: collisions 1");

	transmit(c, 0x02C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0808);
	assert_int_equal(c->end.sent, 0);
	transmit(c, 0x02C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_down(c);
}

/* Check 37: a late collision: bit 9, no retry, no TxOK, a wrong CRC on the wire. */
static void late_collision(void **state)
{
	struct chip *c = up("at tx 1: late-collision");

	transmit(c, 0x00C9, 1000);
	assert_int_equal(rd(c, 0x0128) & 0x0300, 0x0200);
	assert_int_equal(c->end.sent, 1);
	assert_true(c->end.last.bad_crc);
	assert_true(c->end.last.len < 70);
	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_down(c);
}

/*
 * Section 7: back-off of 0 to 2^k slots of 51.2 us; a collision in the preamble costs it (6.4 us),
 * the jam (3.2 us) and the gap (9.6 us). DisableBackoff: the gap alone. ModBackoffE: k is 3 first.
 */
static uint64_t after_collision(uint32_t seed, uint16_t linectl, uint16_t testctl)
{
	struct cs8900a_model_conf conf = { .faults = "at tx 1: collisions 1", .seed = seed };
	struct chip *c = chip_up(&conf);
	uint64_t start, took;

	wr(c, 0x0112, linectl);
	wr(c, 0x0118, testctl);
	chip_us(c, 100);
	start = c->now;
	transmit(c, 0x00C9, 60);
	took = c->end.last_end - start - 57600; /* less the frame itself */
	chip_down(c);
	return took;
}

static void back_off(void **state)
{
	unsigned seen[9] = { 0 }, more = 0;

	for (uint32_t seed = 1; seed < 200; seed++) {
		uint64_t t = after_collision(seed * 7919, 0x00C0, 0);

		if (t == 6400 + 3200 + 9600) {
			seen[0]++;
			continue;
		}
		assert_int_equal((t - 9600) % 51200, 0);
		assert_in_range((t - 9600) / 51200, 1, 2);
		seen[(t - 9600) / 51200]++;
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	for (uint32_t seed = 1; seed < 100; seed++) {
		assert_int_equal(after_collision(seed * 7919, 0x00C0, 0x0800), 19200);
		more += after_collision(seed * 7919, 0x08C0, 0) > 9600 + 2 * 51200;
	}
	assert_true(more > 30); /* of the nine values of k = 3, six */
}

/* Sections 3.2, 7: on the AUI carrier and heartbeat may fail; neither clears TxOK. TDR tells when. */
static void aui_errors(void **state)
{
	struct chip *c = up_as("at tx 1: carrier-loss; at tx 2: sqe-error; at tx 3: collisions 1",
		CS8900A_MODEL_AUI, 0x01C0);

	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0148);
	assert_true(rd(c, 0x013C) > 0x001C);
	assert_int_equal(rd(c, 0x013C), 0x001C);
	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0188);
	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x013C), 64 << 6 | 0x1C); /* 6.4 us in ticks of 100 ns */
	rd(c, 0x0128);
	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	c->end.down = true; /* nobody at the AUI */
	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x01C8);
	chip_down(c);
}

/* Section 3.2: 10BASE-T never sets them. */
static void tp_has_no_aui_errors(void **state)
{
	struct chip *c = up("at tx 1: carrier-loss; at tx 1: sqe-error");

	transmit(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_down(c);
}

/* Section 3.2: Jabber after 26 ms; the transmitter is idle until a new TxCMD. */
static void jabber(void **state)
{
	struct cs8900a_model_conf conf = { .faults = "at tx 1: jabber", .tx_frames = 2 };
	struct chip *c = chip_up(&conf);

	chip_open(c, 0x0D00, 0);
	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	chip_bid(c, 0x00C9, 100);
	chip_fill(c, 0, 100);
	chip_us(c, 25999);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	chip_us(c, 2);
	assert_int_equal(rd(c, 0x0128), 0x0408);
	chip_us(c, 100000);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	out16(c, 0x4, 0x00C9);
	chip_us(c, 1000);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	assert_int_equal(c->end.last.len, 104);
	chip_down(c);
}

/* Section 3.1: ENDECloop with FDX: the frame comes back, not out. Without FDX: 16 collisions. */
static void endec_loop(void **state)
{
	struct chip *c = up(NULL);

	wr(c, 0x0104, 0x0D80);
	wr(c, 0x0118, 0x4200);
	transmit(c, 0x00C9, 200);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	assert_int_equal(rd(c, 0x0124), 0x0104);
	assert_int_equal(chip_take(c, 200), 0x0104);
	assert_int_equal(c->end.sent, 0);
	wr(c, 0x0118, 0x0200);
	transmit(c, 0x00C9, 200);
	assert_int_equal(rd(c, 0x0128) & 0x8100, 0x8000);
	assert_int_equal(c->end.sent, 0);
	chip_down(c);
}

/* Half duplex: who has the wire is not disturbed; the gap is 9.6 us. Full duplex: both at once. */
static void duplex(void **state)
{
	struct chip *c = up(NULL);
	uint64_t start;

	chip_us(c, 100);
	start = c->now;
	chip_frame(c, chip_mac, 1000); /* 6.4 + 1004 * 0.8 = 809.6 us */
	chip_us(c, 10);
	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	chip_us(c, 2000);
	assert_int_equal(c->end.last_end - start, 809600 + 9600 + 57600);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_take(c, 1000);
	wr(c, 0x0118, 0x4000);
	start = c->now;
	chip_frame(c, chip_mac, 1000);
	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	chip_us(c, 100);
	assert_int_equal(c->end.last_end - start, 57600);
	chip_us(c, 2000);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_down(c);
}

/* 10BASE-T without a link: transmission waits for it (no blind transmission). */
static void link_down(void **state)
{
	struct chip *c = up("at time 100ms: link down; at time 2s: link up");

	chip_us(c, 90000);
	assert_int_equal(rd(c, 0x0134) & 0x0080, 0);
	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	chip_us(c, 1000000);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	chip_us(c, 1000000);
	assert_int_equal(rd(c, 0x0134) & 0x0080, 0x0080);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	assert_int_equal(c->end.sent, 1);
	chip_down(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_collisions), cmocka_unit_test(sixteen_collisions),
		cmocka_unit_test(fifteen_collisions), cmocka_unit_test(onecoll),
		cmocka_unit_test(late_collision), cmocka_unit_test(back_off),
		cmocka_unit_test(aui_errors), cmocka_unit_test(tp_has_no_aui_errors),
		cmocka_unit_test(jabber), cmocka_unit_test(endec_loop), cmocka_unit_test(duplex),
		cmocka_unit_test(link_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
