/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two chips on one cable: frames arrive as they were sent, collisions are real at half duplex and
 * none at full duplex (sections 3.1 TestCTL, 7).
 */
#include <stdlib.h>

#include "chip.h"

static const uint8_t mac_of[2][6] = { { 0x02, 0, 0, 0, 0, 0xA0 }, { 0x02, 0, 0, 0, 0, 0xB0 } };

struct station {
	struct cs8900a_model *m;
	unsigned sent, received, lost;
	uint32_t next_seq;
	bool busy;
	unsigned len;
};

static uint64_t now_ns;
static struct station st[2];
static struct cs8900a_wire *ends[2];

static uint64_t clock_of(void *arg)
{
	return now_ns;
}

static uint16_t reg(unsigned i, unsigned addr)
{
	cs8900a_model_io_write16(st[i].m, 0xA, (uint16_t)addr);
	return cs8900a_model_io_read16(st[i].m, 0xC);
}

static void set(unsigned i, unsigned addr, uint16_t v)
{
	cs8900a_model_io_write16(st[i].m, 0xA, (uint16_t)addr);
	cs8900a_model_io_write16(st[i].m, 0xC, v);
}

static void up(uint32_t delay, uint16_t testctl_a, uint16_t testctl_b)
{
	char err[100];

	memset(st, 0, sizeof(st));
	now_ns = 1000;
	assert_int_equal(cs8900a_wire_pair(delay, ends), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct cs8900a_model_conf conf = {
			.now_ns = clock_of, .wire = ends[i], .seed = 100 + i,
		};

		st[i].m = cs8900a_model_create(&conf, err, sizeof(err));
		assert_non_null(st[i].m);
	}
	now_ns += 20000000;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 0; k < 3; k++)
			set(i, 0x0158 + 2 * k,
				(uint16_t)(mac_of[i][2 * k] | mac_of[i][2 * k + 1] << 8));
		set(i, 0x0104, 0x0D00);
		set(i, 0x0112, 0x00C0);
		set(i, 0x0118, i ? testctl_b : testctl_a);
		assert_int_equal(reg(i, 0x0134) & 0x0080, 0x0080);
	}
}

static void down(void)
{
	for (unsigned i = 0; i < 2; i++) {
		cs8900a_model_destroy(st[i].m);
		cs8900a_wire_close(ends[i]);
	}
}

static uint8_t byte_of(unsigned i, uint32_t seq, unsigned at)
{
	if (at < 6)
		return mac_of[!i][at];
	if (at < 12)
		return mac_of[i][at - 6];
	if (at < 16)
		return (uint8_t)(seq >> 8 * (at - 12));
	return (uint8_t)(seq * 31 + at * 7 + at / 256);
}

static void put(unsigned i, unsigned len)
{
	uint32_t seq = st[i].sent++;

	cs8900a_model_io_write16(st[i].m, 0x4, 0x00C0);
	cs8900a_model_io_write16(st[i].m, 0x6, (uint16_t)len);
	assert_int_equal(reg(i, 0x0138), 0x0118);
	for (unsigned at = 0; at < len; at += 2)
		cs8900a_model_io_write16(st[i].m, 0x0,
			(uint16_t)(byte_of(i, seq, at) | byte_of(i, seq, at + 1) << 8));
	st[i].busy = true;
}

/* In order, whole, none twice. */
static void take(unsigned i)
{
	uint16_t status = cs8900a_model_io_read16(st[i].m, 0x0);
	unsigned len = cs8900a_model_io_read16(st[i].m, 0x0);
	uint8_t frame[1520] = { 0 };
	uint32_t seq;

	assert_int_equal(status, 0x0504);
	assert_in_range(len, 60, 1514);
	for (unsigned at = 0; at < len; at += 2) {
		uint16_t v = cs8900a_model_io_read16(st[i].m, 0x0);

		frame[at] = (uint8_t)v;
		frame[at + 1] = (uint8_t)(v >> 8);
	}
	memcpy(&seq, frame + 12, 4);
	assert_true(seq >= st[i].next_seq && seq < st[!i].sent);
	st[i].lost += seq - st[i].next_seq;
	st[i].next_seq = seq + 1;
	for (unsigned at = 0; at < len; at++)
		assert_int_equal(frame[at], byte_of(!i, seq, at));
	st[i].received++;
}

static bool service(unsigned i)
{
	bool work = false;

	if (st[i].busy && (reg(i, 0x0128) & 0xFFC0)) {
		st[i].busy = false;
		work = true;
	}
	while (reg(i, 0x0124) & 0x0100) {
		take(i);
		work = true;
	}
	return work;
}

static void step(void)
{
	uint64_t t = cs8900a_model_next_event(st[0].m);

	assert_int_equal(t, cs8900a_model_next_event(st[1].m));
	assert_true(t != UINT64_MAX);
	now_ns = t > now_ns ? t : now_ns + 1;
}

static void run(uint64_t ns)
{
	uint64_t end = now_ns + ns;

	while (now_ns < end) {
		uint64_t t = cs8900a_model_next_event(st[0].m);

		now_ns = t < end ? (t > now_ns ? t : now_ns + 1) : end;
		service(0);
		service(1);
	}
}

static void one_way(void **state)
{
	up(0, 0, 0);
	for (unsigned len = 60; len <= 1514; len++) {
		put(len & 1, len);
		run(3000000);
	}
	assert_int_equal(st[0].received + st[1].received, 1455);
	assert_int_equal(st[0].lost + st[1].lost, 0);
	down();
}

/* Both start in the same moment: both collide, both get through in the end. */
static void collision(void **state)
{
	struct cs8900a_model_stats s[2];

	up(0, 0, 0);
	for (unsigned i = 0; i < 50; i++) {
		put(0, 100);
		put(1, 100);
		run(20000000);
	}
	for (unsigned i = 0; i < 2; i++) {
		cs8900a_model_stats(st[i].m, &s[i]);
		assert_int_equal(st[i].received, 50);
		assert_true(s[i].tx_collisions >= 50);
		assert_int_equal(s[i].tx_aborted, 0);
		assert_int_equal(reg(i, 0x0132) >> 6, s[i].tx_collisions % 1024);
	}
	assert_int_equal(s[0].tx_collisions, s[1].tx_collisions);
	down();
}

/* Saturated both ways: every frame that TxOK was said of arrives, in order. */
static void saturated(uint16_t testctl, unsigned frames)
{
	struct cs8900a_model_stats s[2];
	unsigned seed = 7;

	up(0, testctl, testctl);
	while (st[0].sent < frames || st[1].sent < frames || st[0].busy || st[1].busy) {
		bool work = false;

		for (unsigned i = 0; i < 2; i++) {
			work |= service(i);
			if (st[i].busy || st[i].sent >= frames)
				continue;
			seed = seed * 1103515245 + 12345;
			put(i, 60 + seed / 65536 % 1455);
			work = true;
		}
		if (!work)
			step();
	}
	run(5000000);
	for (unsigned i = 0; i < 2; i++)
		cs8900a_model_stats(st[i].m, &s[i]);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(s[i].tx_frames + s[i].tx_aborted, frames);
		assert_int_equal(s[i].tx_frames, s[!i].rx_accepted + s[!i].rx_missed);
		assert_int_equal(st[i].received, s[i].rx_accepted);
		assert_int_equal(s[i].rx_missed, 0);
		if (testctl) {
			assert_int_equal(s[i].tx_collisions, 0);
			assert_int_equal(s[i].tx_aborted, 0);
		} else {
			assert_true(s[i].tx_collisions > 0);
		}
	}
	down();
}

static void saturated_half(void **state)
{
	saturated(0, 1000);
}

static void saturated_full(void **state)
{
	saturated(0x4000, 1000);
}

/* A cable too long (section 7: later than 512 bit times): late collisions, no retry. */
static void cable_too_long(void **state)
{
	up(40000, 0, 0);
	put(0, 1000);
	now_ns += 30000; /* the other has not heard it yet */
	put(1, 1000);
	now_ns += 500000;
	assert_int_equal(reg(0, 0x0128) & 0x0300, 0x0200); /* 30 + 40 us after its start */
	assert_int_equal(reg(1, 0x0128) & 0x0200, 0);      /* 10 us after its own */
	down();
}

/* One end at full duplex, the other not: only the half one sees collisions. */
static void duplex_mismatch(void **state)
{
	struct cs8900a_model_stats s[2];

	up(0, 0x4000, 0);
	for (unsigned i = 0; i < 30; i++) {
		put(0, 300);
		put(1, 300);
		run(20000000);
	}
	for (unsigned i = 0; i < 2; i++)
		cs8900a_model_stats(st[i].m, &s[i]);
	assert_int_equal(s[0].tx_collisions, 0);
	assert_true(s[1].tx_collisions > 0);
	assert_int_equal(st[0].received, 30);
	assert_true(st[1].received < 30);
	down();
}

/* The other end gone: no link; back again: link. Early transmission reaches the peer as it is sent. */
static void peer_goes(void **state)
{
	char err[100];
	struct cs8900a_model_conf conf = { .now_ns = clock_of };

	up(0, 0, 0);
	put(1, 1000);
	now_ns += 200000;
	cs8900a_model_destroy(st[1].m);
	assert_int_equal(reg(0, 0x0134) & 0x0080, 0);
	now_ns += 5000000;
	assert_int_equal(reg(0, 0x0124), 0x0004);
	conf.wire = ends[1];
	st[1].m = cs8900a_model_create(&conf, err, sizeof(err));
	assert_int_equal(reg(0, 0x0134) & 0x0080, 0x0080);
	down();
}

static void early_across(void **state)
{
	up(0, 0, 0);
	set(1, 0x010A, 0x0800);
	cs8900a_model_io_write16(st[0].m, 0x4, 0x0000);
	cs8900a_model_io_write16(st[0].m, 0x6, 600);
	for (unsigned at = 0; at < 600; at += 2) {
		cs8900a_model_io_write16(st[0].m, 0x0,
			(uint16_t)(byte_of(0, 0, at) | byte_of(0, 0, at + 1) << 8));
		now_ns += 1000; /* two bytes a microsecond, the wire takes 1.25 */
		if (at == 200)
			assert_int_equal(cs8900a_model_io_read16(st[1].m, 0x8), 0x0000);
		if (at == 300)
			assert_int_equal(cs8900a_model_io_read16(st[1].m, 0x8), 0x080C);
	}
	st[0].sent++;
	assert_int_equal(cs8900a_model_io_read16(st[1].m, 0x0) & 0x3F, 4);
	cs8900a_model_io_read16(st[1].m, 0x0);
	for (unsigned at = 0; at < 120; at += 2)
		assert_int_equal(cs8900a_model_io_read16(st[1].m, 0x0),
			byte_of(0, 0, at) | byte_of(0, 0, at + 1) << 8);
	now_ns += 1000000;
	assert_int_equal(reg(1, 0x0124), 0x0504);
	for (unsigned at = 120; at < 600; at += 2)
		assert_int_equal(cs8900a_model_io_read16(st[1].m, 0x0),
			byte_of(0, 0, at) | byte_of(0, 0, at + 1) << 8);
	down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_way), cmocka_unit_test(collision),
		cmocka_unit_test(saturated_half), cmocka_unit_test(saturated_full),
		cmocka_unit_test(cable_too_long), cmocka_unit_test(duplex_mismatch),
		cmocka_unit_test(peer_goes), cmocka_unit_test(early_across),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
