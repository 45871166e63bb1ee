/* SPDX-License-Identifier: BSD-3-Clause */
/* The fault script: what it does and when, and how it refuses a mistake (docs/cs8900a-model.md). */
#include "chip.h"

static struct chip *up(const char *faults)
{
	struct cs8900a_model_conf conf = { .faults = faults };
	struct chip *c = chip_up(&conf);

	chip_open(c, 0x0D00, 0x7100);
	return c;
}

static uint64_t zero(void *arg)
{
	return 0;
}

static void refused(void **state)
{
	static const struct {
		const char *script, *says;
	} bad[] = {
		{ "at tx 1 collisions 3", "fault script, line 1: no colon between when and what" },
		{ "# fine\n\nat tx 1: explode",
			"fault script, line 3: no action is called \"explode\"" },
		{ "at lunch: hang",
			"fault script, line 1: \"lunch\" is not start, time, access, tx or rx" },
		{ "tx 1: hang", "fault script, line 1: a line begins with \"at\" and start, time, access, "
				"tx or rx" },
		{ "at tx: hang", "fault script, line 1: \"at tx\" needs a number from 1" },
		{ "at tx 0: hang", "fault script, line 1: \"at tx\" needs a number from 1" },
		{ "at rx every 0: lose", "fault script, line 1: \"at rx\" needs a number from 1" },
		{ "at rx 1x: lose", "fault script, line 1: \"at rx\" needs a number from 1" },
		{ "at time 5: hang",
			"fault script, line 1: \"at time\" needs a time with its unit, as 20ms" },
		{ "at time 99999999999s: hang",
			"fault script, line 1: \"at time\" needs a time with its unit, as 20ms" },
		{ "at time every 0ms: hang",
			"fault script, line 1: \"at time\" needs a time with its unit, as 20ms" },
		{ "at time every 99us: hang",
			"fault script, line 1: \"at time every\" needs 100us or more" },
		{ "at start 5: hang", "fault script, line 1: \"5\" where a colon should be" },
		{ "at tx 1 2: hang", "fault script, line 1: \"2\" where a colon should be" },
		{ "at start:", "fault script, line 1: an action is missing" },
		{ "at tx 1: collisions", "fault script, line 1: \"collisions\" needs a number of "
					 "collisions, 1 to 16" },
		{ "at tx 1: collisions 17", "fault script, line 1: \"collisions\" needs a number of "
					    "collisions, 1 to 16" },
		{ "at rx 1: runt 64",
			"fault script, line 1: \"runt\" needs a length in bytes with CRC, 5 to 63" },
		{ "at start: link sideways",
			"fault script, line 1: no action is called \"link sideways\"" },
		{ "at start: hang now", "fault script, line 1: \"now\" after \"hang\" says nothing" },
		{ "at start: hang; at start: bang",
			"fault script, line 1: no action is called \"bang\"" },
		{ "at start: a b c d e f g h", "fault script, line 1: no action is called \"a b\"" },
	};
	char err[200];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cs8900a_model_conf conf = { .now_ns = zero, .faults = bad[i].script };

		err[0] = 0;
		assert_null(cs8900a_model_create(&conf, err, sizeof(err)));
		assert_string_equal(err, bad[i].says);
	}
}

static void too_many(void **state)
{
	static char script[20000];
	struct cs8900a_model_conf conf = { .now_ns = zero, .faults = script };
	char err[200];

	for (unsigned i = 0; i < 1001; i++)
		strcat(script, "at start: go;");
	assert_null(cs8900a_model_create(&conf, err, sizeof(err)));
	assert_string_equal(err, "fault script, line 1: a script has at most 1000 actions");
}

/* Every second and every third frame, both ways. */
static void every(void **state)
{
	struct cs8900a_model_stats stats;
	struct chip *c = up("at tx every 2: collisions 1\nat rx every 3: crc-error # and so on");

	for (unsigned i = 1; i <= 6; i++) {
		chip_bid(c, 0x00C9, 60);
		chip_fill(c, 0, 60);
		chip_us(c, 2000);
		assert_int_equal(rd(c, 0x0128), i % 2 ? 0x0108 : 0x0908);
		chip_give(c, chip_mac, 60);
		assert_int_equal(rd(c, 0x0124), i % 3 ? 0x0504 : 0x1004);
	}
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.faults, 5);
	chip_down(c);
}

static void received_frames(void **state)
{
	struct cs8900a_model_stats stats;
	struct chip *c = up("at rx 1: runt 40; at rx 2: extra 1600; at rx 3: lose; at rx 4: dribble;"
			    "at rx 5: runt 6");

	wr(c, 0x0104, 0x7D00);
	chip_give(c, chip_mac, 100);
	assert_int_equal(rd(c, 0x0124), 0x2004);
	assert_int_equal(chip_take(c, 36), 0x2004);
	chip_give(c, chip_mac, 100);
	chip_us(c, 2000);
	assert_int_equal(rd(c, 0x0124), 0x4004);
	in16(c, 0x0);
	assert_int_equal(in16(c, 0x0), 1518);
	wr(c, 0x0102, 0x7140);
	chip_give(c, chip_mac, 100);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_give(c, chip_mac, 100);
	assert_int_equal(rd(c, 0x0124), 0x0584);
	chip_give(c, chip_mac, 100);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.rx_fragments, 1);
	chip_down(c);
}

/* By count of accesses: the card is pulled, all ones, no interrupt; back, it has powered up. */
static void pulled(void **state)
{
	char err[100];
	struct chip *c = up(NULL);

	wr(c, 0x0022, 0);
	wr(c, 0x010A, 0x0040);
	wr(c, 0x0116, 0x8400);
	assert_int_equal(cs8900a_model_irq(c->m), 0);
	assert_int_equal(cs8900a_model_fault(c->m, "bus pulled", err, sizeof(err)), 0);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	for (unsigned port = 0; port < 16; port++) {
		assert_int_equal(in16(c, port), 0xFFFF);
		assert_int_equal(cs8900a_model_io_read8(c->m, port), 0xFF);
	}
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0), 0xFFFF);
	chip_us(c, 100000);
	assert_int_equal(cs8900a_model_fault(c->m, "bus back", err, sizeof(err)), 0);
	assert_int_equal(in16(c, 0xA), 0x3000);
	assert_int_equal(rd(c, 0x0136) & 0x0080, 0);
	chip_us(c, 10100);
	assert_int_equal(rd(c, 0x0136) & 0x0080, 0x0080);
	assert_int_equal(rd(c, 0x0102), 0x0003);
	chip_down(c);
}

static void by_access(void **state)
{
	struct cs8900a_model_conf conf = { .faults = "at access 5: bus pulled" };
	struct chip *c = chip_power(&conf);

	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(in16(c, 0xA), 0x3000);
	assert_int_equal(in16(c, 0xA), 0xFFFF);
	chip_down(c);
}

static void by_time(void **state)
{
	struct cs8900a_model_conf conf = {
		.faults = "at time 30ms: product 0x4900\nat time every 1s: reset",
	};
	struct chip *c = chip_up(&conf);

	assert_int_equal(rd(c, 0x0002), 0x0900);
	assert_int_equal(cs8900a_model_next_event(c->m), 1000 + 30000000);
	chip_us(c, 10000);
	assert_int_equal(rd(c, 0x0002), 0x4900);
	for (unsigned i = 0; i < 3; i++) {
		wr(c, 0x0102, 0x0100);
		chip_us(c, 1000000);
		assert_int_equal(rd(c, 0x0102), 0x0003);
	}
	chip_down(c);
}

/* A hang ends with "go" or a reset; INITD may never come. */
static void hangs(void **state)
{
	char err[100];
	struct chip *c = up("at tx 2: hang");

	chip_send(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_send(c, 0x00C9, 60);
	chip_us(c, 10000000);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	assert_int_equal(cs8900a_model_fault(c->m, "init stuck", err, sizeof(err)), 0);
	wr(c, 0x0114, 0x0040);
	chip_us(c, 10000000);
	assert_int_equal(rd(c, 0x0136) & 0x0080, 0);
	assert_int_equal(cs8900a_model_fault(c->m, "init free", err, sizeof(err)), 0);
	assert_int_equal(rd(c, 0x0136) & 0x0080, 0x0080);
	chip_open(c, 0x0D00, 0);
	chip_send(c, 0x00C9, 60);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_down(c);
}

static void underrun_by_script(void **state)
{
	struct chip *c = up("at tx 1: underrun");

	chip_send(c, 0x00C9, 500);
	assert_int_equal(rd(c, 0x012C), 0x020C);
	assert_true(c->end.last.bad_crc);
	chip_send(c, 0x00C9, 500);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_down(c);
}

static void bad_action_at_run_time(void **state)
{
	char err[100] = "";
	struct chip *c = up(NULL);

	assert_int_equal(cs8900a_model_fault(c->m, "boom", err, sizeof(err)), -22);
	assert_string_equal(err, "no action is called \"boom\"");
	chip_down(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused), cmocka_unit_test(too_many), cmocka_unit_test(every),
		cmocka_unit_test(received_frames), cmocka_unit_test(pulled),
		cmocka_unit_test(by_access), cmocka_unit_test(by_time), cmocka_unit_test(hangs),
		cmocka_unit_test(underrun_by_script), cmocka_unit_test(bad_action_at_run_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
