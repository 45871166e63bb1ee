/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net_cs8900a when things go wrong: arguments, chips and EEPROMs that are refused with a sentence and
 * nothing left behind, frames that are lost and under which name, cards that are pulled under traffic,
 * transmitters that hang, buffers that run out, threads that meet at the chip.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_malloc.h>

#include "cs8900a/pmd.h"
#include "cs8900a_world.h"
#include "unit.h"

static struct card a, b;
static char dir[80];

static void end(void)
{
	card_down(&a);
	card_down(&b);
}

/* A file in the test's folder; the name is good until the next call. */
static const char *file(const char *name, const char *text)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void refused(const char *args, int err, const char *part)
{
	struct card c;
	int got = card_try(&c, "bad", args);

	if (got != err || strstr(cs8900a_why(), part) == NULL)
		fail_msg("'%s': %d, '%s'", args, got, cs8900a_why());
}

static void bad_devargs(void **state)
{
	static const struct {
		const char *args, *part;
	} of[] = {
		{"", "bus=io|mem|model is needed"},
		{"bus=isa", "bus=isa: must be one of io|mem|model"},
		{"bus=model,colour=red", "known: bus base layout"},
		{"bus=model,bus=model", "gives a key twice"},
		{"bus=mem", "bus=mem needs base=ADDRESS"},
		{"bus=mem,base=here", "base=here: must be an address"},
		{"bus=mem,base=0xd0000h", "must be an address"},
		{"bus=mem,base=-4096", "must be an address"},
		{"bus=mem,base=0xd0001", "is odd"},
		{"bus=io,base=0x301", "multiple of 0x10"},
		{"bus=io,base=0x12340", "multiple of 0x10"},
		{"bus=io,file=/dev/uio0", "goes with window="},
		{"bus=io,layout=ports", "layout= is for bus=mem"},
		{"bus=io,wire=none", "wire= is for bus=model"},
		{"bus=io,window=0xd0800", "multiple of 0x1000 below 1 MB"},
		{"bus=io,window=0x100000", "multiple of 0x1000 below 1 MB"},
		{"bus=mem,base=0xd0000,window=0xe0000", "window= goes with ports"},
		{"bus=model,base=0x300", "base= is for bus=io or mem"},
		{"bus=model,media=fibre", "auto|10baset|aui|10base2"},
		{"bus=model,duplex=both", "half|full"},
		{"bus=model,txstart=100", "5|381|1021|all"},
		{"bus=model,poll=never", "event|isq"},
		{"bus=model,clock=sun", "tsc|virtual"},
		{"bus=model,mac=01:00:5e:00:00:01", "must be a station's address"},
		{"bus=model,mac=xyz", "must be a station's address"},
		{"bus=model,wire=", "needs a value"},
		{"bus=model,wire=rope:x", "rope"},
		{"bus=model,wire=iface:nosuch0", "nosuch0"},
		{"bus=model,wire=pcap:/nonexistent/in:", "/nonexistent/in"},
	};

	for (unsigned i = 0; i < RTE_DIM(of); i++)
		refused(of[i].args, -EINVAL, of[i].part);
}

/* What is given is taken, and what is not has the default that docs/drivers say. */
static void good_devargs(void **state)
{
	static const struct {
		const char *args;
		enum cs_bus_kind kind;
		uint64_t base, window;
		enum cs_media media;
		bool full_duplex;
		uint16_t txstart;
		enum cs_poll poll;
	} of[] = {
		{"bus=io", CS_BUS_IO, 0x300, 0, CS_MEDIA_AUTO, false, 0x00c0, CS_POLL_EVENT},
		{"bus=io,base=0x320,window=0xd0000,media=aui,duplex=full,txstart=5,poll=isq", CS_BUS_IO,
			0x320, 0xd0000, CS_MEDIA_AUI, true, 0x0000, CS_POLL_ISQ},
		{"bus=mem,base=851968,media=10base2,duplex=half,txstart=381,poll=event", CS_BUS_MEM,
			0xd0000, 0, CS_MEDIA_10B2, false, 0x0040, CS_POLL_EVENT},
		{"bus=model,media=10baset,txstart=1021", CS_BUS_MODEL, 0, 0, CS_MEDIA_10BT, false, 0x0080,
			CS_POLL_EVENT},
	};
	struct cs_conf c;
	struct cs_why why;

	for (unsigned i = 0; i < RTE_DIM(of); i++) {
		assert_int_equal(cs_args_read(&c, of[i].args, &why), 0);
		assert_int_equal(c.bus.kind, of[i].kind);
		assert_int_equal(c.bus.base, of[i].base);
		assert_int_equal(c.bus.window, of[i].window);
		assert_int_equal(c.media, of[i].media);
		assert_int_equal(c.has_media, i != 0);
		assert_int_equal(c.full_duplex, of[i].full_duplex);
		assert_int_equal(c.has_duplex, i == 1 || i == 2);
		assert_int_equal(c.txstart, of[i].txstart);
		assert_int_equal(c.poll, of[i].poll);
		assert_false(c.has_mac);
		cs_args_free(&c);
	}
}

static void bad_files(void **state)
{
	char args[256];

	refused("bus=model,eeprom=/nonexistent", -EINVAL, "/nonexistent: No such file");
	refused("bus=model,faults=/nonexistent", -EINVAL, "/nonexistent: No such file");
	snprintf(args, sizeof(args), "bus=model,eeprom=%s", file("short", "A120 2020 # few\n"));
	refused(args, -EINVAL, "has 2 words");
	snprintf(args, sizeof(args), "bus=model,eeprom=%s", file("words", "A120 oops\n"));
	refused(args, -EINVAL, "'oops' is no word");
	snprintf(args, sizeof(args), "bus=model,faults=%s", file("script", "at noon: hang\n"));
	refused(args, -EINVAL, "noon");
	refused("bus=mem,base=0xd0000,file=/nonexistent", -ENOENT, "/nonexistent: No such file");
	snprintf(args, sizeof(args), "bus=mem,base=0xd0000,file=%s", file("map", ""));
	refused(args, -EINVAL, "has 0 bytes");
}

/* What the issue lists under "Bad input", each by a chip that is so from the start. */
static void bad_chips(void **state)
{
	static const struct {
		const char *script;
		int err;
		const char *part;
	} of[] = {
		{"at start: bus pulled", -ENODEV, "no CS8900A at the model"},
		{"at start: product 0x4700", -ENODEV, "is a CS8920"},
		{"at start: product 0x0912", -ENODEV, "product number is 0912h"},
		{"at start: eeprom missing", -ENOENT, "has no EEPROM"},
		{"at start: init stuck", -ETIMEDOUT, "INITD stays 0"},
		{"at start: sibusy stuck", -ETIMEDOUT, "SIBUSY stays set"},
		{"at access 16: bus pulled", -ENODEV, "does not answer"},
		{"at access 24: bus pulled", -ENODEV, "cannot be read: the chip does not answer"},
	};
	char args[256], zeros[64 * 5 + 1] = "";

	for (unsigned i = 0; i < RTE_DIM(of); i++) {
		snprintf(args, sizeof(args), "bus=model,clock=virtual,faults=%s",
			file("faults", of[i].script));
		refused(args, of[i].err, of[i].part);
	}
	refused("bus=model,clock=virtual,eeprom=none", -ENOENT, "give mac=");
	for (unsigned i = 0; i < 64; i++)
		strcat(zeros, i == 0x1c ? "1234 " : "0000 ");
	snprintf(args, sizeof(args), "bus=model,clock=virtual,eeprom=%s", file("sum", zeros));
	refused(args, -ENOENT, "wrong checksum");
	strcat(args, ",mac=02:00:00:00:00:09"); /* with an address the card is of use all the same */
	assert_int_equal(card_try(&a, "a", args), 0);
	card_down(&a);
}

/* A file of zeros or of ones is no chip. */
static void no_chip_in_memory(void **state)
{
	static char text[0x2000];
	char args[256];
	const char *path = file("page", "");
	FILE *f = fopen(path, "w");

	fwrite(text, 1, sizeof(text), f);
	fclose(f);
	snprintf(args, sizeof(args), "bus=mem,base=0x1000,file=%s", path);
	refused(args, -ENODEV, "no CS8900A at address 0x1000: its id should be 630Eh and is 0000h");
	strcat(args, ",layout=ports");
	refused(args, -ENODEV, "its pointer port should read 3xxxh and reads 0000h");
	memset(text, 0xff, sizeof(text));
	f = fopen(path, "w");
	fwrite(text, 1, sizeof(text), f);
	fclose(f);
	refused(args, -ENODEV, "nothing answers there");
}

static unsigned events[RTE_ETH_EVENT_MAX];

static int on_event(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
{
	__atomic_add_fetch(&events[type], 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void listen_to(const struct card *c, enum rte_eth_event_type type)
{
	events[type] = 0;
	assert_int_equal(rte_eth_dev_callback_register(c->port, type, on_event, NULL), 0);
}

static void deaf_to(const struct card *c, enum rte_eth_event_type type)
{
	rte_eth_dev_callback_unregister(c->port, type, on_event, NULL);
}

/* EAL's interrupt thread takes real time. */
static bool comes(const unsigned *what, unsigned n)
{
	for (unsigned i = 0; i < 60000 && __atomic_load_n(what, __ATOMIC_SEQ_CST) < n; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return __atomic_load_n(what, __ATOMIC_SEQ_CST) >= n;
}

static void link_is_news(void **state)
{
	struct rte_eth_link l;

	cards_up(&a, &b, "");
	listen_to(&a, RTE_ETH_EVENT_INTR_LSC);
	cards_idle(&a, &b, 250 * MS); /* its partner came after it */
	assert_true(comes(&events[RTE_ETH_EVENT_INTR_LSC], 1));
	events[RTE_ETH_EVENT_INTR_LSC] = 0;
	card_fault(&a, "link down");
	cards_idle(&a, &b, 250 * MS);
	assert_true(comes(&events[RTE_ETH_EVENT_INTR_LSC], 1));
	rte_eth_link_get_nowait(a.port, &l);
	assert_int_equal(l.link_status, RTE_ETH_LINK_DOWN);
	card_fault(&a, "link up");
	cards_idle(&a, &b, 250 * MS);
	assert_true(comes(&events[RTE_ETH_EVENT_INTR_LSC], 2));
	assert_int_equal(events[RTE_ETH_EVENT_INTR_LSC], 2);
	deaf_to(&a, RTE_ETH_EVENT_INTR_LSC);
	end();
}

/* Frames in both queues when the card goes: the bursts end, an event comes, all buffers come home. */
static void pulled(const char *args)
{
	struct rte_mbuf *m[32];
	struct rte_eth_stats s;
	struct rte_eth_link l;

	cards_up(&a, &b, args);
	listen_to(&a, RTE_ETH_EVENT_INTR_RMV);
	for (unsigned i = 0; i < 32; i++)
		m[i] = frame_make(&a, &b, 1000, i);
	assert_int_equal(rte_eth_tx_burst(a.port, 0, m, 32), 32);
	card_send(&b, NULL, frame_make(&b, &a, 500, 1));
	cards_idle(&a, &b, 2 * MS);
	card_fault(&a, "bus pulled");
	cards_idle(&a, &b, 5 * MS);
	assert_true(comes(&events[RTE_ETH_EVENT_INTR_RMV], 1));
	assert_int_equal(rte_eth_rx_burst(a.port, 0, m, 32), 0);
	m[0] = frame_make(&a, &b, 60, 0);
	assert_int_equal(rte_eth_tx_burst(a.port, 0, m, 1), 1);
	assert_int_equal(card_xstat(&a, "tx_card_pulled"), 1);
	assert_int_equal(rte_eth_link_get_nowait(a.port, &l), 0);
	assert_int_equal(l.link_status, RTE_ETH_LINK_DOWN);
	s = card_stats(&a);
	assert_true(s.imissed < 10); /* all ones is no count */
	assert_int_equal(rte_eth_promiscuous_enable(a.port), 0);
	assert_true(rte_eth_dev_get_reg_info(a.port,
		&(struct rte_dev_reg_info){.data = m}) < 0);
	cards_idle(&a, &b, 300 * MS);
	assert_int_equal(events[RTE_ETH_EVENT_INTR_RMV], 1);
	rte_eth_dev_stop(a.port);
	assert_int_equal(rte_eth_dev_start(a.port), -ENODEV);
	deaf_to(&a, RTE_ETH_EVENT_INTR_RMV);
	end();
}

static void pulled_under_traffic(void **state)
{
	pulled("");
	leak_teardown(state);
	pulled("poll=isq,duplex=full");
	leak_teardown(state);
	pulled("window=0xd0000");
}

/* Once after another of the first hundreds of accesses, so at every place of the driver. */
static void pulled_at_any_access(void **state)
{
	char args[256];

	for (unsigned n = 400; n < 900; n += 7) {
		char script[64];
		struct rte_mbuf *m;

		snprintf(script, sizeof(script), "at access %u: bus pulled\n", n);
		snprintf(args, sizeof(args), "bus=model,clock=virtual,wire=pair:any,faults=%s",
			file("faults", script));
		if (card_try(&a, "a", args) < 0)
			continue;
		assert_int_equal(card_try(&b, "b", "bus=model,clock=virtual,wire=pair:any"), 0);
		card_start(&b, 64, cards_pool);
		assert_int_equal(rte_eth_dev_configure(a.port, 1, 1, &(struct rte_eth_conf){0}), 0);
		assert_int_equal(rte_eth_rx_queue_setup(a.port, 0, 64, 0, NULL, cards_pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(a.port, 0, 64, 0, NULL), 0);
		if (rte_eth_dev_start(a.port) == 0) {
			m = frame_make(&a, &b, 200, 1);
			if (rte_eth_tx_burst(a.port, 0, &m, 1) == 0)
				rte_pktmbuf_free(m);
			card_send(&b, NULL, frame_make(&b, &a, 200, 1));
			cards_idle(&a, &b, 3 * MS);
		}
		end();
		leak_teardown(state);
	}
}

/* A life of a card in steps, each of which touches the chip. False: the card is gone. */
enum step { STEP_OPEN, STEP_START, STEP_SEND, STEP_RECEIVE, STEP_EEPROM, STEP_DUMP, STEP_STOP, STEPS };

static bool live(enum step step)
{
	static uint8_t eeprom[128];
	static uint16_t words[1024];
	struct rte_mbuf *m;

	switch (step) {
	case STEP_START:
		assert_int_equal(rte_eth_rx_queue_setup(a.port, 0, 64, 0, NULL, cards_pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(a.port, 0, 64, 0, NULL), 0);
		return rte_eth_dev_start(a.port) == 0;
	case STEP_SEND:
		m = frame_make(&a, &b, 700, 1);
		assert_int_equal(rte_eth_tx_burst(a.port, 0, &m, 1), 1);
		m = card_receive(&b, &a, 5 * MS);
		rte_pktmbuf_free(m);
		return m != NULL;
	case STEP_RECEIVE:
		card_send(&b, NULL, frame_make(&b, &a, 700, 2));
		m = card_receive(&a, &b, 5 * MS);
		if (m)
			frame_expect(m, &b, &a, 700, 2);
		return m != NULL;
	case STEP_EEPROM:
		return rte_eth_dev_get_eeprom(a.port, &(struct rte_dev_eeprom_info){
			.data = eeprom, .length = sizeof(eeprom)}) == 0;
	case STEP_DUMP:
		return rte_eth_dev_get_reg_info(a.port,
			&(struct rte_dev_reg_info){.data = words}) == 0;
	case STEP_STOP:
		rte_eth_dev_stop(a.port);
		return false;
	default:
		return true;
	}
}

static uint64_t touched(void)
{
	struct cs8900a_model_stats s;

	cs8900a_model_stats(a.model, &s);
	return s.reads + s.writes;
}

/* Lives until the card is gone; began[]: how often the chip had been touched at each step. */
static void live_all(const char *how, const char *script, uint64_t began[STEPS + 1])
{
	char args[256];
	unsigned step = STEP_OPEN;

	snprintf(args, sizeof(args), "bus=model,clock=virtual,wire=pair:m%s%s,faults=%s", *how ? "," : "",
		how, file("faults", script));
	if (card_try(&a, "a", args) < 0)
		return;
	card_up(&b, "b", "bus=model,clock=virtual,wire=pair:m", 64, cards_pool);
	assert_int_equal(rte_eth_dev_configure(a.port, 1, 1, &(struct rte_eth_conf){0}), 0);
	listen_to(&a, RTE_ETH_EVENT_INTR_RMV);
	began[0] = 0;
	do {
		began[step + 1] = touched();
	} while (++step < STEPS && live(step));
	if (step < STEP_STOP) {
		if (step > STEP_START) { /* somebody polls, and so it is told */
			cards_idle(&a, &b, 150 * MS);
			assert_true(comes(&events[RTE_ETH_EVENT_INTR_RMV], 1));
			assert_int_equal(cards_idle(&a, &b, 50 * MS), 0);
		}
		assert_in_range(events[RTE_ETH_EVENT_INTR_RMV], 0, 1);
	}
	deaf_to(&a, RTE_ETH_EVENT_INTR_RMV);
	end();
}

/* In the middle of each step, at several places, by each way of access. Then it is put back in. */
static void pulled_in_the_middle(void **state)
{
	static const char *const ways[] = {"", "poll=isq", "window=0xd0000"};
	uint64_t began[STEPS + 1], none[STEPS + 1];
	char script[64];

	for (unsigned w = 0; w < RTE_DIM(ways); w++) {
		live_all(ways[w], "at access 1000000000: bus pulled\n", began);
		leak_teardown(state);
		for (unsigned s = STEP_OPEN; s < STEP_STOP; s++) {
			const uint64_t n = began[s + 1] - began[s];

			assert_true(n > 8);
			for (unsigned k = 1; k < 8; k++) {
				snprintf(script, sizeof(script), "at access %" PRIu64 ": bus pulled\n",
					began[s] + n * k / 8);
				live_all(ways[w], script, none);
				leak_teardown(state);
			}
		}
		cards_up(&a, &b, ways[w]);
		card_send(&a, &b, frame_make(&a, &b, 100, w));
		frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 100, w);
		end();
	}
}

/* The transmitter hangs: the driver sets the chip up anew, and nothing is lost nor out of order. */
static void hang_is_cured(void **state)
{
	struct rte_mbuf *m[5];

	for (unsigned isq = 0; isq < 2; isq++) {
		cards_up(&a, &b, isq ? "poll=isq" : "");
		card_send(&a, &b, frame_make(&a, &b, 100, 99));
		frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 100, 99);
		card_fault(&a, "hang");
		for (unsigned i = 0; i < 5; i++)
			m[i] = frame_make(&a, &b, 100, i);
		assert_int_equal(rte_eth_tx_burst(a.port, 0, m, 5), 5);
		assert_int_equal(cards_idle(&a, &b, 1900 * MS), 0);
		assert_int_equal(card_xstat(&a, "recoveries"), 0);
		for (unsigned i = 0; i < 10; i++) {
			assert_int_equal(rte_eth_rx_burst(a.port, 0, m, 1), 0);
			cs8900a_clock_advance(20 * MS);
		}
		for (unsigned i = 0; i < 60000 && card_xstat(&a, "recoveries") == 0; i++)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		for (unsigned i = 0; i < 5; i++)
			frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 100, i);
		assert_int_equal(card_xstat(&a, "recoveries"), 1);
		assert_int_equal(card_xstat(&a, "chip_resets"), 3); /* opened, started, cured */
		assert_int_equal(cards_idle(&a, &b, 10 * MS), 0);
		assert_int_equal(rte_eth_xstats_reset(a.port), 0);
		assert_int_equal(card_xstat(&a, "recoveries"), 0);
		end();
	}
}

/* A chip that hangs and does not come out of its reset either is given up, by an event. */
static void hang_without_cure(void **state)
{
	cards_up(&a, &b, "");
	listen_to(&a, RTE_ETH_EVENT_INTR_RMV);
	card_fault(&a, "hang");
	card_fault(&a, "init stuck");
	card_send(&a, NULL, frame_make(&a, &b, 100, 1));
	cards_idle(&a, &b, 2100 * MS);
	assert_true(comes(&events[RTE_ETH_EVENT_INTR_RMV], 1));
	assert_int_equal(cards_idle(&a, &b, 10 * MS), 0);
	assert_int_equal(rte_eth_dev_stop(a.port), 0);
	assert_int_equal(rte_eth_dev_start(a.port), -ENODEV);
	deaf_to(&a, RTE_ETH_EVENT_INTR_RMV);
	end();
}

/* Without link nothing leaves, and that is no hang. */
static void no_link_is_no_hang(void **state)
{
	cards_up(&a, &b, "");
	card_fault(&a, "link down");
	card_send(&a, NULL, frame_make(&a, &b, 100, 1));
	assert_int_equal(cards_idle(&a, &b, 5000 * MS), 0);
	assert_int_equal(card_xstat(&a, "recoveries"), 0);
	card_fault(&a, "link up");
	frame_expect(card_receive(&b, &a, 500 * MS), &a, &b, 100, 1);
	end();
}

/* A reset that nobody asked for takes all settings with it. */
static void glitch_is_cured(void **state)
{
	cards_up(&a, &b, "");
	card_fault(&b, "reset");
	cards_idle(&a, &b, 200 * MS);
	for (unsigned i = 0; i < 60000 && card_xstat(&b, "recoveries") == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	card_send(&a, &b, frame_make(&a, &b, 100, 1));
	frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 100, 1);
	end();
}

/* Of all the names for how a frame of this direction can end, no other one has counted. */
static void only_counted(const struct card *c, const char *name)
{
	static const char *const all[] = {"tx_collided_frames", "tx_16_collisions_errors",
		"tx_out_of_window_errors", "tx_jabber_errors", "tx_loss_of_crs", "tx_sqe_errors",
		"tx_underruns", "tx_bid_errors", "tx_unknown_errors", "rx_crc_errors",
		"rx_runt_errors", "rx_extradata_errors", "rx_missed_rxmiss", "rx_dribble_bits",
		"rx_skipped", "tx_made_room", "tx_too_long", "tx_too_short", "bus_garbage"};
	bool known = false;

	for (unsigned i = 0; i < RTE_DIM(all); i++) {
		if (strcmp(all[i], name) == 0)
			known = true;
		else if (card_xstat(c, all[i]))
			fail_msg("%s counted for what is %s", all[i], name);
	}
	assert_true(known);
}

/* How a frame ends, and the name it is counted by. arrives: at the other end. */
static void transmit_errors(void **state)
{
	static const struct {
		const char *action, *xstat;
		bool arrives, sent;
		unsigned txcol;
		const char *args;
	} of[] = {
		{"collisions 3", "tx_collided_frames", true, true, 3},
		{"collisions 1", "tx_collided_frames", true, true, 1, "media=aui"},
		{"carrier-loss", "tx_loss_of_crs", true, true, 0, "media=aui"},
		{"sqe-error", "tx_sqe_errors", true, true, 0, "media=aui"},
		{"carrier-loss", "tx_loss_of_crs", true, true, 0, "media=10base2"},
		{"collisions 16", "tx_16_collisions_errors", false, false, 16},
		{"late-collision", "tx_out_of_window_errors", false, false, 1},
		{"jabber", "tx_jabber_errors", false, false},
		{"underrun", "tx_underruns", true, true}, /* sent again */
	};

	for (unsigned i = 0; i < 2 * RTE_DIM(of); i++) {
		unsigned k = i / 2;

		char args[64];

		snprintf(args, sizeof(args), "%s%s%s", i & 1 ? "poll=isq" : "",
			i & 1 && of[k].args ? "," : "", of[k].args ? of[k].args : "");
		cards_up(&a, &b, args);
		card_fault(&a, of[k].action);
		card_send(&a, &b, frame_make(&a, &b, 600, i));
		unsigned got = cards_idle(&a, &b, 1500 * MS);

		if (got != of[k].arrives || card_xstat(&a, of[k].xstat) != 1)
			fail_msg("%s: %u arrived, %s %lu", of[k].action, got, of[k].xstat,
				card_xstat(&a, of[k].xstat));
		only_counted(&a, of[k].xstat);
		assert_int_equal(card_xstat(&a, "tx_collisions_txcol"), of[k].txcol);
		assert_int_equal(card_stats(&a).opackets, of[k].sent);
		assert_int_equal(card_stats(&a).oerrors, !of[k].sent);
		card_send(&a, &b, frame_make(&a, &b, 60, i)); /* and the next one passes */
		frame_expect(card_receive(&b, &a, 50 * MS), &a, &b, 60, i);
		end();
	}
}

static void receive_errors(void **state)
{
	static const struct {
		const char *action, *xstat, *also, *also_xstat;
	} of[] = {
		{"crc-error", "rx_crc_errors"},
		{"runt 40", "rx_runt_errors"},
		{"extra 1600", "rx_extradata_errors"},
		{"extra 1519", "rx_extradata_errors"},
		{"runt 63", "rx_runt_errors"},
		{"crc-error", "rx_crc_errors", "dribble", "rx_dribble_bits"}, /* misaligned */
	};
	struct rte_mbuf *m[2];

	for (unsigned i = 0; i < 2 * RTE_DIM(of); i++) {
		unsigned k = i / 2;

		cards_up(&a, &b, i & 1 ? "poll=isq" : "");
		card_fault(&b, of[k].action);
		if (of[k].also)
			card_fault(&b, of[k].also);
		card_send(&a, &b, frame_make(&a, &b, 600, i));
		assert_int_equal(cards_idle(&a, &b, 10 * MS), 0);
		if (of[k].also)
			assert_int_equal(card_xstat(&b, of[k].also_xstat), 1);
		else
			only_counted(&b, of[k].xstat);
		if (card_xstat(&b, of[k].xstat) != 1)
			fail_msg("%s: %s %lu", of[k].action, of[k].xstat, card_xstat(&b, of[k].xstat));
		assert_int_equal(card_stats(&b).ierrors, 1);
		assert_int_equal(card_stats(&b).ipackets, 0);
		/* one more, and a good one behind it: the burst goes on to that */
		card_fault(&b, of[k].action);
		card_send(&a, NULL, frame_make(&a, &b, 600, i));
		card_send(&a, NULL, frame_make(&a, &b, 60, i));
		cards_idle(&a, NULL, 10 * MS);
		assert_int_equal(rte_eth_rx_burst(b.port, 0, m, 2), 1);
		frame_expect(m[0], &a, &b, 60, i);
		end();
	}
}

/* What is none: some bits behind the last byte; a fragment or a frame lost on the way is nothing at all. */
static void no_receive_errors(void **state)
{
	static const char *const of[] = {"dribble", "runt 7", "lose"};

	for (unsigned i = 0; i < 2 * RTE_DIM(of); i++) {
		const unsigned k = i / 2;

		cards_up(&a, &b, i & 1 ? "poll=isq" : "");
		card_fault(&b, of[k]);
		card_send(&a, &b, frame_make(&a, &b, 600, i));
		assert_int_equal(cards_idle(&a, &b, 10 * MS), k == 0);
		assert_int_equal(card_stats(&b).ipackets, k == 0);
		assert_int_equal(card_stats(&b).ierrors, 0);
		assert_int_equal(card_stats(&b).imissed, 0);
		assert_int_equal(card_xstat(&b, "rx_dribble_bits"), k == 0);
		end();
	}
}

/* The chip of b is full of a's frames of 1000 bytes: six were sent, as many stay as it has room for. */
static void fill_b(void)
{
	struct rte_mbuf *m;

	for (unsigned i = 0; i < 6; i++) {
		card_send(&a, NULL, frame_make(&a, &b, 1000, i));
		for (unsigned t = 0; t < 100; t++) {
			assert_int_equal(rte_eth_rx_burst(a.port, 0, &m, 1), 0);
			cs8900a_clock_advance(20 * US);
		}
	}
}

/* Nobody reads: the chip's memory fills, what it loses is what the driver says it lost. */
static void missed_frames_are_counted(void **state)
{
	struct cs8900a_model_stats mb;
	struct rte_mbuf *m, *all[8];
	unsigned got = 0;

	cards_up(&a, &b, "");
	for (unsigned i = 0; i < 30; i++) {
		card_send(&a, NULL, frame_make(&a, &b, 1000, i));
		for (unsigned t = 0; t < 100; t++) {
			assert_int_equal(rte_eth_rx_burst(a.port, 0, &m, 1), 0);
			cs8900a_clock_advance(20 * US);
		}
	}
	cs8900a_model_stats(b.model, &mb);
	assert_int_equal(card_xstat(&b, "rx_missed_rxmiss"), mb.rx_missed); /* nobody polls */
	got = rte_eth_rx_burst(b.port, 0, all, RTE_DIM(all)); /* the first ones, in order */
	for (unsigned i = 0; i < got; i++)
		frame_expect(all[i], &a, &b, 1000, i);
	assert_true(got >= 2 && got <= 4);
	cs8900a_model_stats(b.model, &mb);
	assert_int_equal(mb.rx_missed, 30 - got);
	assert_int_equal(card_stats(&b).imissed, 30 - got);
	assert_int_equal(card_xstat(&b, "rx_missed_rxmiss"), 30 - got);
	fill_b();
	cs8900a_model_stats(b.model, &mb);
	assert_int_equal(card_stats(&b).imissed, mb.rx_missed);
	fill_b(); /* and what nobody asked for before a stop, whose start resets the chip */
	cs8900a_model_stats(b.model, &mb);
	assert_true(mb.rx_missed > 36 - got);
	rte_eth_dev_stop(b.port);
	assert_int_equal(rte_eth_dev_start(b.port), 0);
	assert_int_equal(card_stats(&b).imissed, mb.rx_missed);
	cards_idle(&a, &b, 50 * MS); /* the wire's pulses */
	fill_b(); /* nor does it count after a reset of the counters */
	fill_b();
	assert_int_equal(rte_eth_stats_reset(b.port), 0);
	assert_int_equal(card_stats(&b).imissed, 0);
	end();
}

/*
 * A bid waits as the memory is full of received frames. A program that was away for long and comes back
 * gets them all, whatever it begins with; only of one that sends again and again, or asks for frames
 * and has no room for one, and never receives, is one given up.
 */
static void only_the_deaf_lose_frames(void **state)
{
	static const struct {
		unsigned sends, sends_late, asks; /* before it is away; after; for no frame at all */
		bool loses;
	} of[] = {{20, 0, 0, false}, {0, 3, 0, false}, {20, 1, 0, true}, {64, 0, 0, true}, {0, 0, 64, true}};
	struct rte_mbuf *m;

	for (unsigned k = 0; k < RTE_DIM(of); k++) {
		unsigned got = 0;

		if (k != 1) /* on the same cards: how patient the last frame's sender was is forgotten */
			cards_up(&a, &b, "");
		fill_b();
		card_send(&b, NULL, frame_make(&b, &a, 1500, 50));
		for (unsigned i = 0; i < of[k].sends; i++) {
			rte_eth_tx_burst(b.port, 0, &m, 0);
			cs8900a_clock_advance(MS);
		}
		cs8900a_clock_advance(of[k].sends < 50 ? 300 * MS : 0); /* others have the processor */
		for (unsigned i = 0; i < of[k].sends_late; i++)
			rte_eth_tx_burst(b.port, 0, &m, 0);
		for (unsigned i = 0; i < of[k].asks; i++) {
			rte_eth_rx_burst(b.port, 0, &m, 0);
			cs8900a_clock_advance(MS);
		}
		while (rte_eth_rx_burst(b.port, 0, &m, 1)) {
			if (of[k].loses)
				rte_pktmbuf_free(m);
			else
				frame_expect(m, &a, &b, 1000, got);
			got++;
		}
		assert_int_equal(card_xstat(&b, "tx_made_room") > 0, of[k].loses);
		assert_int_equal(card_xstat(&b, "rx_skipped"), card_xstat(&b, "tx_made_room"));
		assert_true(got >= 2);
		assert_int_equal(got + card_stats(&b).imissed + card_xstat(&b, "rx_skipped"), 6);
		frame_expect(card_receive(&a, &b, 20 * MS), &b, &a, 1500, 50);
		rte_eth_stats_reset(b.port);
		if (k != 0)
			end();
	}
}

static struct rte_mempool *few;
static struct rte_mbuf *held[3];

/* Both cards up, and no buffer left for b to receive into. */
static void few_buffers(void)
{
	few = rte_pktmbuf_pool_create("few", RTE_DIM(held), 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	assert_non_null(few);
	cards_up(&a, &b, "");
	rte_eth_dev_stop(b.port);
	card_start(&b, 64, few);
	assert_int_equal(rte_pktmbuf_alloc_bulk(few, held, RTE_DIM(held)), 0);
}

static void few_buffers_end(void)
{
	end();
	assert_int_equal(rte_mempool_in_use_count(few), 0);
	rte_mempool_free(few);
}

/* Without buffers the frames stay in the chip; with them they come. */
static void no_buffers(void **state)
{
	struct rte_mbuf *m;

	few_buffers();
	card_send(&a, NULL, frame_make(&a, &b, 500, 1));
	card_send(&a, NULL, frame_make(&a, &b, 500, 2));
	assert_int_equal(cards_idle(&a, &b, 10 * MS), 0);
	assert_true(card_stats(&b).rx_nombuf > 0);
	assert_int_equal(card_stats(&b).imissed, 0);
	rte_pktmbuf_free_bulk(held, RTE_DIM(held));
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(rte_eth_rx_burst(b.port, 0, &m, 1), 1);
		frame_expect(m, &a, &b, 500, i);
	}
	few_buffers_end();
}

/* The chip is full of frames for which there are no buffers, and a frame waits to be sent: it is sent,
 * or a program whose buffers all wait so would stand still for good. */
static void no_buffers_is_no_deadlock(void **state)
{
	few_buffers();
	fill_b();
	card_send(&b, NULL, frame_make(&b, &a, 1500, 50));
	frame_expect(card_receive(&a, &b, 500 * MS), &b, &a, 1500, 50);
	assert_in_range(card_xstat(&b, "tx_made_room"), 1, 4);
	rte_pktmbuf_free_bulk(held, RTE_DIM(held));
	few_buffers_end();
}

/* Section 3.4: RxMISS has ten bits. Who polls has all that it counted, also beyond them. */
static void misses_beyond_the_counter(void **state)
{
	struct cs8900a_model_stats mb;
	struct rte_mbuf *m;
	unsigned got = 0;

	few_buffers();
	for (unsigned i = 0; i < 1200; i++) {
		card_send(&a, NULL, frame_make(&a, &b, 60, 0));
		assert_int_equal(rte_eth_rx_burst(b.port, 0, &m, 1), 0);
		cs8900a_clock_advance(20 * US);
	}
	cards_idle(&a, NULL, 10 * MS); /* those that wait in a */
	rte_pktmbuf_free_bulk(held, RTE_DIM(held));
	for (; rte_eth_rx_burst(b.port, 0, &m, 1); got++)
		frame_expect(m, &a, &b, 60, 0);
	cs8900a_model_stats(b.model, &mb);
	assert_in_range(mb.rx_missed, 1024, 1200);
	assert_int_equal(card_stats(&b).imissed, mb.rx_missed);
	assert_int_equal(got + card_stats(&b).imissed, 1200);
	few_buffers_end();
}

static int no_permission(struct cs_bus *bus)
{
	(void)bus;
	return -EPERM;
}

/* A thread that may not touch the ports, and the chip in good order: the port ends, by an event. */
static void thread_without_permission(void **state)
{
	struct cs_bus_ops ops;
	const struct cs_bus_ops *good;
	struct cs_dev *d;
	struct rte_mbuf *m;

	for (unsigned by_tx = 0; by_tx < 2; by_tx++) {
		cards_up(&a, &b, "");
		listen_to(&a, RTE_ETH_EVENT_INTR_RMV);
		d = rte_eth_devices[a.port].data->dev_private;
		good = d->bus->ops;
		ops = *good;
		ops.enter = no_permission;
		d->bus->ops = &ops;
		if (by_tx)
			card_send(&a, NULL, frame_make(&a, &b, 60, 1));
		else
			assert_int_equal(rte_eth_rx_burst(a.port, 0, &m, 1), 0);
		assert_true(comes(&events[RTE_ETH_EVENT_INTR_RMV], 1));
		d->bus->ops = good;
		assert_int_equal(cards_idle(&a, &b, 10 * MS), 0);
		deaf_to(&a, RTE_ETH_EVENT_INTR_RMV);
		end();
	}
}

static struct {
	atomic_bool stop;
	atomic_uint next; /* the number expected next, both by order and by count */
	unsigned wrong;
} heard;

static void *listener(void *arg)
{
	struct rte_mbuf *m[8];

	while (!atomic_load(&heard.stop)) {
		uint16_t n = rte_eth_rx_burst(b.port, 0, m, 8);

		for (uint16_t i = 0; i < n; i++) {
			uint32_t number;

			memcpy(&number, rte_pktmbuf_mtod_offset(m[i], void *, 14), 4);
			heard.wrong += number != atomic_fetch_add(&heard.next, 1);
			rte_pktmbuf_free(m[i]);
		}
	}
	return NULL;
}

static void *pumper(void *arg)
{
	struct rte_mbuf *m;

	while (!atomic_load(&heard.stop))
		if (rte_eth_rx_burst(a.port, 0, &m, 1))
			rte_pktmbuf_free(m);
	return NULL;
}

/* On the machine's clock: one thread sends, one polls the same card, one the other, one controls. */
static void threads_meet(void **state)
{
	pthread_t t[2];
	const unsigned n = 2000;
	const unsigned patience = 25; /* s, for each part */
	struct timespec nap = {.tv_nsec = 200000};
	time_t until = time(NULL) + patience;
	unsigned sent = 0;

	memset(&heard, 0, sizeof(heard));
	card_up(&a, "a", "bus=model,wire=pair:t", 16, cards_pool);
	card_up(&b, "b", "bus=model,wire=pair:t,poll=isq", 16, cards_pool);
	pthread_create(&t[0], NULL, listener, NULL);
	pthread_create(&t[1], NULL, pumper, NULL);
	for (uint32_t i = 0; i < n && time(NULL) < until; sent = i) {
		struct rte_mbuf *m = frame_make(&a, &b, 60, 0);

		memcpy(rte_pktmbuf_mtod_offset(m, void *, 14), &i, 4);
		if (rte_eth_tx_burst(a.port, 0, &m, 1)) {
			i++;
		} else {
			rte_pktmbuf_free(m);
			nanosleep(&nap, NULL);
		}
		if (i % 50 == 0) {
			card_stats(&a);
			rte_eth_promiscuous_enable(a.port);
			rte_eth_promiscuous_disable(a.port);
		}
	}
	until = time(NULL) + patience;
	while (card_stats(&a).opackets < sent && time(NULL) < until)
		nanosleep(&nap, NULL);
	until = time(NULL) + patience;
	while (atomic_load(&heard.next) + card_stats(&b).imissed < sent && time(NULL) < until)
		nanosleep(&nap, NULL);
	atomic_store(&heard.stop, true);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	if (sent < n)
		fail_msg("the driver took %u frames of %u in %u s", sent, n, patience);
	if (card_stats(&a).opackets != n)
		fail_msg("the card sent %u frames of %u in %u s", (unsigned)card_stats(&a).opackets, n, patience);
	/* a listener that is kept from its processor for long loses frames as the chip does */
	if (heard.next + card_stats(&b).imissed != n)
		fail_msg("of %u frames %u were heard and %u missed, after %u s", n, (unsigned)heard.next,
			(unsigned)card_stats(&b).imissed, patience);
	if (card_stats(&b).imissed == 0)
		assert_int_equal(heard.wrong, 0);
	end();
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, leak_setup, leak_teardown)
	const struct CMUnitTest tests[] = {
		T(bad_devargs), T(good_devargs), T(bad_files), T(bad_chips), T(no_chip_in_memory), T(link_is_news),
		T(pulled_under_traffic), T(pulled_at_any_access), T(pulled_in_the_middle), T(hang_is_cured), T(hang_without_cure),
		T(no_link_is_no_hang), T(glitch_is_cured), T(transmit_errors), T(receive_errors), T(no_receive_errors),
		T(missed_frames_are_counted), T(misses_beyond_the_counter), T(only_the_deaf_lose_frames), T(no_buffers),
		T(no_buffers_is_no_deadlock), T(thread_without_permission), T(threads_meet),
	};
	char command[96];
	int failed;

	cards_eal(argv[0]);
	snprintf(dir, sizeof(dir), "%s/skiff-test-cs8900a-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) ? 1 : failed;
}
