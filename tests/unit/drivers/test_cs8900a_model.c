/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The chip rules against the chip model, in virtual time and without DPDK: each sequence as a whole,
 * by the ports, by the memory window beside them and by the window alone.
 */
#include <errno.h>
#include <string.h>

#include "cs8900a/chip.h"
#include "cs8900a/cs8900a.h"
#include "cs8900a/model.h"
#include "unit.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* One station: bus, chip, address. */
struct station {
	struct cs_bus *bus;
	struct cs_chip c;
	struct cs_filter f;
};

static struct station a, b;
static struct cs_why why;

static void up(struct station *s, const char *name, uint64_t window, enum cs_poll poll)
{
	const struct cs_bus_conf conf = {.kind = CS_BUS_MODEL, .clock = CS_CLOCK_VIRTUAL,
		.wire = "pair:unit", .name = name, .window = window};

	memset(s, 0, sizeof(*s));
	if (cs_bus_model_open(&conf, &s->bus, &why))
		fail_msg("%s", why.text);
	cs_chip_init(&s->c, s->bus);
	s->c.poll = poll;
	assert_int_equal(cs_chip_probe(&s->c, &why), 0);
	assert_int_equal(cs_chip_reset(&s->c, &why), 0);
	assert_int_equal(cs_eeprom_load(&s->c, &why), 0);
	assert_int_equal(cs_eeprom_address(&s->c, s->f.mac, &why), 0);
	cs_line_setup(&s->c, cs_eeprom_media(&s->c), false);
	cs_events_setup(&s->c);
	cs_filter_set(&s->c, &s->f);
	cs_line_on(&s->c, true, true);
}

static void both_up(uint64_t window, enum cs_poll poll)
{
	up(&a, "a", window, poll);
	up(&b, "b", window, poll);
}

static void both_down(void)
{
	cs_bus_close(a.bus);
	cs_bus_close(b.bus);
}

static void fault(struct station *s, const char *action)
{
	char err[128];

	assert_int_equal(cs8900a_model_fault(cs_bus_model_of(s->bus), action, err, sizeof(err)), 0);
}

/* Bid, write, wait. The event that ended it. */
static uint16_t send(struct station *s, const uint8_t *to, unsigned len)
{
	uint16_t words[760] = {0}, ev = 0;
	uint8_t *p = (uint8_t *)words;

	memcpy(p, to, 6);
	memcpy(p + 6, s->f.mac, 6);
	for (unsigned i = 12; i < len; i++)
		p[i] = (uint8_t)(i * 5);
	cs_tx_bid(&s->c, len);
	for (unsigned i = 0; i < 100 && cs_tx_granted(&s->c) == 0; i++)
		cs8900a_clock_advance(20 * US);
	cs_tx_write(&s->c, words, (len + 1) / 2);
	for (unsigned i = 0; i < 30000 && ev == 0; i++) {
		cs8900a_clock_advance(20 * US);
		ev = cs_tx_event(&s->c, i > 1000);
	}
	return ev;
}

/* The frame's length, 0: nothing; its bytes are as sent. */
static unsigned receive(struct station *s, const uint8_t *to)
{
	uint8_t got[1520];
	uint16_t ev = 0;
	int len;

	for (unsigned i = 0; i < 200 && ev == 0; i++) {
		ev = cs_rx_event(&s->c);
		cs8900a_clock_advance(20 * US);
	}
	if (!(ev & 0x100))
		return 0;
	len = cs_rx_begin(&s->c);
	assert_true(len > 0);
	cs_rx_read(&s->c, got, (unsigned)len);
	assert_memory_equal(got, to, 6);
	for (int i = 12; i < len; i++)
		assert_int_equal(got[i], (uint8_t)(i * 5));
	return (unsigned)len;
}

static void frames_pass(uint64_t window, enum cs_poll poll)
{
	both_up(window, poll);
	for (unsigned len = 60; len <= 1514; len += 101) {
		assert_int_equal(send(&a, b.f.mac, len), 0x0108);
		assert_int_equal(receive(&b, b.f.mac), len);
		assert_int_equal(send(&b, a.f.mac, len), 0x0108);
		assert_int_equal(receive(&a, a.f.mac), len);
	}
	assert_int_equal(send(&a, everybody, 60), 0x0108);
	assert_int_equal(receive(&b, everybody), 60);
	assert_int_equal(a.c.count.garbage + b.c.count.garbage, 0);
	both_down();
}

static void by_ports(void **state)
{
	frames_pass(0, CS_POLL_EVENT);
	frames_pass(0, CS_POLL_ISQ);
}

static void by_window(void **state)
{
	frames_pass(0xd0000, CS_POLL_EVENT);
	frames_pass(0xd0000, CS_POLL_ISQ);
}

/* The ports taken away once the window is open, as on a board where only the window is wired. */
static uint16_t lone_peek(struct cs_bus *bus, unsigned addr)
{
	return cs8900a_model_mem_read16(cs_bus_model_of(a.bus), addr);
}

static void lone_poke(struct cs_bus *bus, unsigned addr, uint16_t v)
{
	cs8900a_model_mem_write16(cs_bus_model_of(a.bus), addr, v);
}

static void by_window_alone(void **state)
{
	struct cs_bus_ops ops;
	struct cs_bus lone;

	both_up(0xd0000, CS_POLL_EVENT);
	ops = (struct cs_bus_ops){.kind = "lone", .peek = lone_peek, .poke = lone_poke,
		.now = a.bus->ops->now, .sleep = a.bus->ops->sleep};
	lone = (struct cs_bus){.ops = &ops, .name = "the window"};
	cs_chip_init(&a.c, &lone);
	assert_int_equal(cs_chip_probe(&a.c, &why), 0);
	assert_int_equal(send(&b, a.f.mac, 100), 0x0108); /* lies in the chip and must be gone */
	assert_int_equal(cs_chip_reset(&a.c, &why), 0);
	cs_line_setup(&a.c, CS_MEDIA_10BT, false);
	cs_events_setup(&a.c);
	cs_filter_set(&a.c, &a.f);
	cs_line_on(&a.c, true, true);
	assert_int_equal(receive(&a, a.f.mac), 0);
	for (unsigned len = 60; len <= 1514; len += 307) {
		assert_int_equal(send(&a, b.f.mac, len), 0x0108);
		assert_int_equal(receive(&b, b.f.mac), len);
		assert_int_equal(send(&b, a.f.mac, len), 0x0108);
		assert_int_equal(receive(&a, a.f.mac), len);
	}
	both_down();
}

/* The second reset takes its time again, and all is as after the first. */
static void reset_forgets(void **state)
{
	struct cs8900a_model_stats before, after;
	uint64_t start;

	both_up(0, CS_POLL_EVENT);
	cs8900a_model_stats(cs_bus_model_of(a.bus), &before);
	start = cs8900a_clock_now();
	assert_int_equal(cs_chip_reset(&a.c, &why), 0);
	assert_true(cs8900a_clock_now() - start >= 10 * MS);
	cs8900a_model_stats(cs_bus_model_of(a.bus), &after);
	assert_int_equal(after.resets, before.resets + 1);
	assert_int_equal(after.in_reset, before.in_reset);
	assert_int_equal(cs_page_read(&a.c, 0x104), 0x0005);
	both_down();
}

static void errors_have_names(void **state)
{
	both_up(0, CS_POLL_EVENT);
	fault(&a, "collisions 3");
	assert_int_equal(send(&a, b.f.mac, 100), 0x1908);
	assert_int_equal(receive(&b, b.f.mac), 100);
	fault(&a, "collisions 16");
	assert_int_equal(send(&a, b.f.mac, 100) & 0x8100, 0x8000);
	fault(&a, "late-collision");
	assert_int_equal(send(&a, b.f.mac, 100) & 0x0300, 0x0200);
	fault(&a, "jabber");
	assert_int_equal(send(&a, b.f.mac, 100) & 0x0500, 0x0400);
	fault(&a, "underrun");
	assert_true(cs_tx_is_underrun(send(&a, b.f.mac, 100)));
	assert_int_equal(send(&a, b.f.mac, 100), 0x0108);
	assert_int_equal(a.c.count.tx_collided, 1);
	assert_int_equal(a.c.count.tx_16coll, 1);
	assert_int_equal(a.c.count.tx_out_of_window, 1);
	assert_int_equal(a.c.count.tx_jabber, 1);
	assert_int_equal(a.c.count.tx_underrun, 1);
	both_down();
}

/* Two frames wait; the first is skipped, the second comes whole. */
static void skip_takes_one(void **state)
{
	both_up(0, CS_POLL_EVENT);
	assert_int_equal(send(&a, b.f.mac, 200), 0x0108);
	assert_int_equal(send(&a, b.f.mac, 300), 0x0108);
	assert_int_equal(cs_rx_event(&b.c) & 0x100, 0x100);
	cs_rx_skip(&b.c);
	assert_int_equal(receive(&b, b.f.mac), 300);
	assert_int_equal(receive(&b, b.f.mac), 0);
	both_down();
}

static void groups_by_hash(void **state)
{
	const uint8_t group[6] = {1, 0, 0x5e, 0, 0, 1}, other[6] = {1, 0, 0x5e, 0, 0, 0xfb};

	both_up(0, CS_POLL_EVENT);
	send(&a, group, 60);
	assert_int_equal(receive(&b, group), 0);
	b.f.hash = UINT64_C(1) << 54;
	cs_filter_set(&b.c, &b.f);
	send(&a, group, 60);
	assert_int_equal(receive(&b, group), 60);
	send(&a, other, 60);
	assert_int_equal(receive(&b, other), 0);
	b.f.all_multicast = true;
	cs_filter_set(&b.c, &b.f);
	send(&a, other, 60);
	assert_int_equal(receive(&b, other), 60);
	both_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_ports),
		cmocka_unit_test(by_window),
		cmocka_unit_test(by_window_alone),
		cmocka_unit_test(reset_forgets),
		cmocka_unit_test(errors_have_names),
		cmocka_unit_test(skip_takes_one),
		cmocka_unit_test(groups_by_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
