/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast net_cs8900a is, in the time of the chip: the line's rate for long frames and 95 % of it
 * for short ones, one way at half duplex and both ways at full, with nothing lost and in order. Time
 * advances by the same amount at each poll, as if a worker came by every so often.
 */
#include <stdio.h>
#include <string.h>

#include "cs8900a_world.h"
#include "unit.h"

#define POLL (2 * US)
#define SPAN (500 * MS)

struct flow {
	struct card *from, *to;
	uint32_t sent, got, wrong;
};

static struct card a, b;

static void offer(struct flow *f, unsigned len)
{
	struct rte_mbuf *m[8];
	uint16_t n;

	for (unsigned i = 0; i < 8; i++) {
		const uint32_t number = f->sent + i;

		m[i] = frame_make(f->from, f->to, len, 0);
		memcpy(rte_pktmbuf_mtod_offset(m[i], void *, 14), &number, 4);
	}
	n = rte_eth_tx_burst(f->from->port, 0, m, 8);
	rte_pktmbuf_free_bulk(m + n, 8 - n);
	f->sent += n;
}

static void take(struct flow *f)
{
	struct rte_mbuf *m[8];
	uint16_t n = rte_eth_rx_burst(f->to->port, 0, m, 8);

	for (uint16_t i = 0; i < n; i++) {
		uint32_t number;

		memcpy(&number, rte_pktmbuf_mtod_offset(m[i], void *, 14), 4);
		f->wrong += number != f->got++;
		rte_pktmbuf_free(m[i]);
	}
}

/* Frames a second from a to b, and back where both are to send. */
static void run(const char *args, unsigned len, bool both, double per_second[2])
{
	struct flow f[2] = {{.from = &a, .to = &b}, {.from = &b, .to = &a}};
	uint64_t start, now = 0;
	uint32_t first[2];

	cards_up(&a, &b, args);
	for (uint64_t t = 0; t < 10 * MS; t += POLL) { /* until it flows */
		for (unsigned i = 0; i < 2; i++) {
			if (i == 0 || both)
				offer(&f[i], len);
			take(&f[i]);
		}
		cs8900a_clock_advance(POLL);
	}
	first[0] = f[0].got;
	first[1] = f[1].got;
	start = cs8900a_clock_now();
	for (unsigned k = 0; (now = cs8900a_clock_now()) - start < SPAN; k++) {
		for (unsigned i = 0; i < 2; i++) {
			if (k % 64 == 0 && (i == 0 || both))
				offer(&f[i], len); /* the queue holds 64 */
			take(&f[i]);
		}
		cs8900a_clock_advance(POLL);
	}
	for (unsigned i = 0; i < 2; i++) {
		per_second[i] = (f[i].got - first[i]) * 1e9 / (double)(now - start);
		assert_int_equal(f[i].wrong, 0);
		assert_int_equal(card_stats(f[i].from).oerrors, 0);
		assert_int_equal(card_stats(f[i].to).imissed, 0);
	}
	card_down(&a);
	card_down(&b);
}

static void at_least(const char *what, double got, double want)
{
	print_message("%-44s %8.1f frames/s, wanted %8.1f\n", what, got, want);
	assert_true(got >= want);
}

/* 1518 bytes, preamble of 8, gap of 9.6 us: 812.7 frames a second. A frame is 1230.4 us. */
#define LONG_LINE (1e9 / 1230400)
/* 64 bytes: 67.2 us, 14880.9 a second */
#define SHORT_LINE (1e9 / 67200)

static void one_way_half_duplex(void **state)
{
	double r[2];

	run("", 1514, false, r);
	at_least("1514 bytes, one way", r[0], 0.99 * LONG_LINE);
	run("", 60, false, r);
	at_least("64 bytes, one way", r[0], 0.95 * SHORT_LINE);
	run("poll=isq", 60, false, r);
	at_least("64 bytes, one way, by the ISQ", r[0], 0.95 * SHORT_LINE);
	run("window=0xd0000", 60, false, r);
	at_least("64 bytes, one way, by the memory window", r[0], 0.95 * SHORT_LINE);
}

static void both_ways_full_duplex(void **state)
{
	double r[2];

	run("duplex=full", 1514, true, r);
	at_least("1514 bytes, both ways, there", r[0], 0.99 * LONG_LINE);
	at_least("1514 bytes, both ways, back", r[1], 0.99 * LONG_LINE);
	run("duplex=full", 60, true, r);
	at_least("64 bytes, both ways, there", r[0], 0.95 * SHORT_LINE);
	at_least("64 bytes, both ways, back", r[1], 0.95 * SHORT_LINE);
}

/* Both at once on a half duplex line share it: collisions, but hardly a frame lost for them. */
static void both_ways_half_duplex(void **state)
{
	struct flow f[2] = {{.from = &a, .to = &b}, {.from = &b, .to = &a}};
	uint64_t lost;

	cards_up(&a, &b, "");
	for (uint64_t t = 0; t < SPAN; t += 10 * US) {
		for (unsigned i = 0; i < 2; i++) {
			if (f[i].sent < 400)
				offer(&f[i], 500);
			take(&f[i]);
		}
		cs8900a_clock_advance(10 * US);
	}
	lost = card_xstat(&a, "tx_16_collisions_errors") + card_xstat(&b, "tx_16_collisions_errors");
	print_message("both ways at half duplex: %u and %u of %u and %u, %lu given up, %lu collisions\n",
		f[0].got, f[1].got, f[0].sent, f[1].sent, lost,
		card_xstat(&a, "tx_collisions_txcol"));
	assert_true(f[0].sent >= 400 && f[1].sent >= 400);
	assert_true(card_xstat(&a, "tx_collisions_txcol") > 0);
	assert_int_equal(f[0].got + f[1].got + lost, f[0].sent + f[1].sent);
	card_down(&a);
	card_down(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_way_half_duplex),
		cmocka_unit_test(both_ways_full_duplex),
		cmocka_unit_test(both_ways_half_duplex),
	};

	cards_eal(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
