/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net_cs8900a on the chip model in virtual time: life of a device, frames of every length and shape,
 * filters, statistics, registers and EEPROM. What goes wrong is tested in test_cs8900a_bad.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ethdev_driver.h>
#include <rte_dev_info.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_malloc.h>

#include "cs8900a_world.h"
#include "unit.h"

static struct card a, b;

static void end(void)
{
	card_down(&a);
	card_down(&b);
}

static void opens_and_closes(void **state)
{
	struct leak_mark inner;

	for (unsigned i = 0; i < 3; i++) {
		cards_up(&a, &b, "");
		assert_int_equal(rte_eth_dev_stop(a.port), 0);
		assert_int_equal(rte_eth_dev_start(a.port), 0);
		inner = leak_mark();
		card_down(&b);
		card_up(&b, "b", "bus=model,clock=virtual,wire=none", 64, cards_pool);
		assert_int_equal(leak_mark().blocks, inner.blocks);
		end();
	}
	/* never configured; without its queues; configured and never started */
	assert_int_equal(card_try(&a, "a", "bus=model,clock=virtual"), 0);
	card_down(&a);
	assert_int_equal(card_try(&a, "a", "bus=model,clock=virtual"), 0);
	assert_int_equal(rte_eth_dev_configure(a.port, 1, 1, &(struct rte_eth_conf){0}), 0);
	assert_int_equal(rte_eth_dev_start(a.port), -EINVAL);
	card_down(&a);
	card_up(&a, "a", "bus=model,clock=virtual", 512, cards_pool);
	card_down(&a);
}

static void says_what_it_is(void **state)
{
	struct rte_eth_dev_info info;
	char text[32];

	cards_up(&a, &b, "");
	assert_int_equal(rte_eth_dev_info_get(a.port, &info), 0);
	assert_string_equal(info.driver_name, "net_cs8900a");
	assert_int_equal(info.max_rx_queues, 1);
	assert_int_equal(info.max_tx_queues, 1);
	assert_int_equal(info.max_mtu, 1500);
	assert_int_equal(info.max_rx_pktlen, 1518);
	assert_int_equal(rte_eth_dev_fw_version_get(a.port, text, sizeof(text)), 0);
	assert_string_equal(text, "CS8900A rev D");
	assert_int_equal(rte_eth_dev_fw_version_get(a.port, text, 5), 14); /* it needs so many */
	assert_int_equal(rte_eth_dev_set_mtu(a.port, 1500), 0);
	assert_int_equal(rte_eth_dev_set_mtu(a.port, 68), 0);
	assert_true(rte_eth_dev_set_mtu(a.port, 1501) < 0);
	assert_true(rte_eth_dev_set_mtu(a.port, 67) < 0);
	end();
}

/* Every length both ways, byte for byte. */
static void every_length(const char *args)
{
	unsigned seed = 0;

	cards_up(&a, &b, args);
	for (unsigned len = 60; len <= 1514; len++) {
		card_send(&a, &b, frame_make(&a, &b, len, ++seed));
		frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, len, seed);
		card_send(&b, &a, frame_make(&b, &a, len, ++seed));
		frame_expect(card_receive(&a, &b, 20 * MS), &b, &a, len, seed);
	}
	assert_int_equal(card_stats(&a).opackets, 1455);
	assert_int_equal(card_stats(&a).ipackets, 1455);
	assert_int_equal(card_xstat(&a, "bus_garbage"), 0);
	end();
}

static void every_length_by_ports(void **state)
{
	every_length("");
}

static void every_length_by_window(void **state)
{
	every_length("window=0xd0000");
}

static void every_length_by_isq(void **state)
{
	every_length("poll=isq");
}

static void every_length_full_duplex(void **state)
{
	every_length("duplex=full,poll=isq,window=0xd0000");
}

/* The driver pads, with zeros and not with what lay behind the frame. */
static void runts_are_padded(void **state)
{
	struct cs8900a_model_stats ma;

	cards_up(&a, &b, "");
	for (unsigned len = 14; len < 60; len++) {
		card_send(&a, &b, frame_make(&a, &b, 100, 1)); /* what could show through */
		frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 100, 1);
		card_send(&a, &b, frame_make(&a, &b, len, len));
		frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, len, len);
	}
	cs8900a_model_stats(a.model, &ma);
	assert_int_equal(ma.early_data, 0); /* the padding was bid for, too */
	end();
}

static void refuses_impossible_lengths(void **state)
{
	struct rte_mbuf *m[4];

	cards_up(&a, &b, "");
	m[0] = frame_make(&a, &b, 1515, 1);
	m[1] = frame_make(&a, &b, 60, 2);
	m[2] = frame_make(&a, &b, 14, 3);
	m[2]->pkt_len = m[2]->data_len = 13;
	m[3] = frame_make(&a, &b, 1514, 4);
	assert_int_equal(rte_eth_tx_prepare(a.port, 0, m, 4), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(rte_eth_tx_prepare(a.port, 0, m + 1, 3), 1);
	m[1]->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM; /* nobody would fill it in */
	assert_int_equal(rte_eth_tx_prepare(a.port, 0, m + 1, 3), 0);
	assert_int_equal(rte_errno, ENOTSUP);
	m[1]->ol_flags = 0;
	assert_int_equal(rte_eth_tx_burst(a.port, 0, m, 4), 4);
	frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 60, 2);
	frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 1514, 4);
	assert_int_equal(card_stats(&a).oerrors, 2);
	assert_int_equal(card_xstat(&a, "tx_too_long"), 1);
	assert_int_equal(card_xstat(&a, "tx_too_short"), 1);
	end();
}

static void freed(void *addr, void *arg)
{
	++*(unsigned *)arg;
	free(addr);
}

/* The transmit contract: cut at every place, cloned, and in foreign memory. */
static void shapes_of_mbufs(void **state)
{
	struct rte_mbuf_ext_shared_info *shared;
	struct rte_mbuf *m, *parts[3];
	unsigned nb_freed = 0;
	uint8_t whole[1514];
	uint16_t size = 2048;
	char *memory;

	cards_up(&a, &b, "");
	frame_fill(whole, &a, &b, sizeof(whole), 9);
	for (unsigned cut = 1; cut < 1513; cut += 61) { /* odd and even */
		for (unsigned i = 0; i < 3; i++)
			parts[i] = rte_pktmbuf_alloc(cards_pool);
		memcpy(rte_pktmbuf_append(parts[0], (uint16_t)cut), whole, cut);
		memcpy(rte_pktmbuf_append(parts[1], 1), whole + cut, 1);
		memcpy(rte_pktmbuf_append(parts[2], (uint16_t)(1513 - cut)), whole + cut + 1,
			1513 - cut);
		rte_pktmbuf_chain(parts[1], parts[2]);
		rte_pktmbuf_chain(parts[0], parts[1]);
		card_send(&a, &b, parts[0]);
		frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 1514, 9);
	}

	m = frame_make(&a, &b, 777, 10);
	parts[0] = rte_pktmbuf_clone(m, cards_pool);
	card_send(&a, &b, parts[0]);
	frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 777, 10);
	card_send(&a, &b, m); /* still whole */
	frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 777, 10);

	memory = malloc(size);
	m = rte_pktmbuf_alloc(cards_pool);
	shared = rte_pktmbuf_ext_shinfo_init_helper(memory, &size, freed, &nb_freed);
	rte_pktmbuf_attach_extbuf(m, memory, RTE_BAD_IOVA, size, shared);
	m->data_off = 3;
	frame_fill((uint8_t *)rte_pktmbuf_append(m, 333), &a, &b, 333, 11);
	card_send(&a, &b, m);
	frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 333, 11);
	assert_int_equal(cards_idle(&a, &b, MS), 0);
	assert_int_equal(nb_freed, 1);
	end();
}

/* Buffers of 100 bytes: a frame arrives as a chain. */
static void receives_into_chains(void **state)
{
	struct rte_mempool *small = rte_pktmbuf_pool_create("small", 255, 0, 0,
		RTE_PKTMBUF_HEADROOM + 101, 0);
	struct rte_eth_rxq_info q;
	struct rte_mbuf *m;

	assert_non_null(small);
	cards_up(&a, &b, "");
	rte_eth_dev_stop(b.port);
	card_start(&b, 64, small);
	assert_int_equal(rte_eth_rx_queue_info_get(b.port, 0, &q), 0);
	assert_int_equal(q.scattered_rx, 1);
	assert_int_equal(rte_eth_devices[b.port].data->scattered_rx, 1);
	for (unsigned len = 60; len <= 1514; len += 7) {
		card_send(&a, &b, frame_make(&a, &b, len, len));
		m = card_receive(&b, &a, 20 * MS);
		assert_non_null(m);
		assert_int_equal(m->nb_segs, (len + 99) / 100);
		frame_expect(m, &a, &b, len, len);
	}
	end();
	assert_int_equal(rte_mempool_in_use_count(small), 0);
	rte_mempool_free(small);
}

/* A burst larger than the queue: what is not taken stays the caller's; order is kept. */
static void back_pressure(void **state)
{
	struct rte_mbuf *m[40];
	unsigned sent = 0, got = 0, full = 0;

	cards_up(&a, &b, "");
	rte_eth_dev_stop(a.port);
	card_start(&a, 8, cards_pool);
	for (unsigned i = 0; i < 40; i++)
		m[i] = frame_make(&a, &b, 60 + 13 * i, i);
	while (got < 40) {
		unsigned n = rte_eth_tx_burst(a.port, 0, m + sent, (uint16_t)(40 - sent));

		full += n < 40 - sent;
		sent += n;
		frame_expect(card_receive(&b, NULL, 20 * MS), &a, &b, 60 + 13 * got, got);
		got++;
	}
	assert_int_equal(sent, 40);
	assert_true(full > 10);
	assert_int_equal(cards_idle(&a, &b, MS), 0);
	assert_int_equal(card_stats(&a).opackets + card_stats(&a).oerrors, 40);
	end();
}

/* For who only sends now and then: what waits goes on, and how many went is told. */
static void cleanup_sends_what_waits(void **state)
{
	struct rte_mbuf *m[3];
	unsigned done = 0;

	cards_up(&a, &b, "");
	for (unsigned i = 0; i < 3; i++)
		m[i] = frame_make(&a, &b, 100, i);
	assert_int_equal(rte_eth_tx_burst(a.port, 0, m, 3), 3);
	for (unsigned i = 0; i < 100; i++) {
		done += rte_eth_tx_done_cleanup(a.port, 0, 0);
		cs8900a_clock_advance(20 * US);
	}
	assert_int_equal(done, 3);
	for (unsigned i = 0; i < 3; i++)
		frame_expect(card_receive(&b, NULL, MS), &a, &b, 100, i);
	end();
}

/* What waits survives stop and start, and goes with its queue. */
static void stop_keeps_what_waits(void **state)
{
	struct cs8900a_model_stats ma, mb;
	struct rte_mbuf *m[10];
	uint64_t accepted;

	cards_up(&a, &b, "");
	for (unsigned i = 0; i < 10; i++)
		m[i] = frame_make(&a, &b, 100, i);
	assert_int_equal(rte_eth_tx_burst(a.port, 0, m, 10), 10);
	assert_int_equal(rte_eth_dev_stop(a.port), 0);
	cs8900a_model_stats(a.model, &ma);
	assert_int_equal(ma.tx_frames, 1); /* the one on the wire went out whole */
	assert_int_equal(ma.tx_aborted, 0);
	assert_int_equal(rte_eth_dev_start(a.port), 0);
	for (unsigned i = 0; i < 10; i++)
		frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, 100, i);
	for (unsigned i = 0; i < 10; i++)
		m[i] = frame_make(&a, &b, 100, i);
	assert_int_equal(rte_eth_tx_burst(a.port, 0, m, 10), 10);
	rte_eth_dev_stop(a.port);
	card_start(&a, 16, cards_pool);
	assert_true(cards_idle(&a, &b, 50 * MS) <= 1);
	rte_eth_dev_stop(b.port); /* and is deaf */
	cs8900a_model_stats(b.model, &mb);
	accepted = mb.rx_accepted;
	card_send(&a, NULL, frame_make(&a, &b, 100, 1));
	assert_int_equal(cards_idle(&a, NULL, 50 * MS), 0);
	cs8900a_model_stats(b.model, &mb);
	assert_int_equal(mb.rx_accepted, accepted);
	end();
}

static bool passes(const char *to)
{
	struct rte_mbuf *m = frame_make(&a, &b, 64, 5);
	struct rte_ether_addr dst;

	assert_int_equal(rte_ether_unformat_addr(to, &dst), 0);
	memcpy(rte_pktmbuf_mtod(m, void *), &dst, 6);
	card_send(&a, &b, m);
	return cards_idle(&a, &b, 2 * MS) == 1;
}

static void filters(void **state)
{
	struct rte_ether_addr groups[2], mac;
	char own[32];

	cards_up(&a, &b, "");
	rte_eth_macaddr_get(b.port, &mac);
	rte_ether_format_addr(own, sizeof(own), &mac);
	assert_true(passes(own));
	assert_true(passes("ff:ff:ff:ff:ff:ff"));
	assert_false(passes("02:00:00:00:00:77"));
	assert_false(passes("01:00:5e:00:00:01"));

	rte_ether_unformat_addr("01:00:5e:00:00:01", &groups[0]);
	rte_ether_unformat_addr("33:33:00:00:00:01", &groups[1]);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(b.port, groups, 2), 0);
	assert_true(passes("01:00:5e:00:00:01"));
	assert_true(passes("33:33:00:00:00:01"));
	assert_false(passes("01:00:5e:00:00:fb"));
	assert_false(passes("02:00:00:00:00:01")); /* no group */
	assert_int_equal(rte_eth_dev_set_mc_addr_list(b.port, NULL, 0), 0);
	assert_false(passes("01:00:5e:00:00:01"));

	assert_int_equal(rte_eth_allmulticast_enable(b.port), 0);
	assert_true(passes("01:00:5e:00:00:fb"));
	assert_true(passes("01:80:c2:00:00:00"));
	assert_false(passes("02:00:00:00:00:77"));
	assert_int_equal(rte_eth_allmulticast_disable(b.port), 0);
	assert_false(passes("01:00:5e:00:00:fb"));

	assert_int_equal(rte_eth_promiscuous_enable(b.port), 0);
	assert_true(passes("02:00:00:00:00:77"));
	assert_true(passes("01:00:5e:00:00:fb"));
	rte_eth_dev_stop(b.port);
	assert_int_equal(rte_eth_dev_start(b.port), 0); /* and keeps it */
	assert_true(passes("02:00:00:00:00:77"));
	assert_int_equal(rte_eth_promiscuous_disable(b.port), 0);
	assert_false(passes("02:00:00:00:00:77"));

	rte_ether_unformat_addr("02:00:00:00:00:77", &mac);
	assert_int_equal(rte_eth_dev_default_mac_addr_set(b.port, &mac), 0);
	assert_true(passes("02:00:00:00:00:77"));
	assert_false(passes(own));
	end();
}

/* The driver's numbers against the model's and the test's own. */
static void statistics(void **state)
{
	struct cs8900a_model_stats ma, mb;
	struct rte_eth_stats s;
	uint64_t bytes = 0, early;

	cards_up(&a, &b, "");
	cs8900a_model_stats(a.model, &ma); /* the probe met chips that had just got their power */
	early = ma.in_reset;
	rte_eth_dev_stop(a.port);
	assert_int_equal(rte_eth_dev_start(a.port), 0);
	for (unsigned i = 0; i < 200; i++) {
		unsigned len = 60 + i * 7;

		card_send(&a, &b, frame_make(&a, &b, len, i));
		frame_expect(card_receive(&b, &a, 20 * MS), &a, &b, len, i);
		bytes += len;
	}
	assert_int_equal(cards_idle(&a, &b, MS), 0);
	cs8900a_model_stats(a.model, &ma);
	cs8900a_model_stats(b.model, &mb);
	s = card_stats(&a);
	assert_int_equal(s.opackets, 200);
	assert_int_equal(s.obytes, bytes);
	assert_int_equal(s.q_opackets[0], 200);
	assert_int_equal(s.oerrors, 0);
	assert_int_equal(ma.tx_frames, 200);
	s = card_stats(&b);
	assert_int_equal(s.ipackets, 200);
	assert_int_equal(s.ibytes, bytes);
	assert_int_equal(s.imissed + s.ierrors + s.rx_nombuf, 0);
	assert_int_equal(mb.rx_read, 200);
	/* the model counts what a driver should not do */
	assert_int_equal(ma.early_data + mb.early_data, 0);
	assert_int_equal(mb.out_of_order, 0);
	assert_int_equal(ma.in_reset, early);
	assert_int_equal(ma.reserved + mb.reserved, 0);
	assert_int_equal(rte_eth_stats_reset(b.port), 0);
	assert_int_equal(rte_eth_xstats_reset(b.port), 0);
	s = card_stats(&b);
	assert_int_equal(s.ipackets + s.ibytes, 0);
	end();
}

static void link_follows_the_wire(void **state)
{
	struct rte_eth_link l;

	cards_up(&a, &b, "duplex=full");
	assert_int_equal(rte_eth_link_get_nowait(a.port, &l), 0);
	assert_int_equal(l.link_status, RTE_ETH_LINK_UP);
	assert_int_equal(l.link_speed, 10);
	assert_int_equal(l.link_duplex, RTE_ETH_LINK_FULL_DUPLEX);
	card_fault(&a, "link down");
	rte_eth_link_get_nowait(a.port, &l);
	assert_int_equal(l.link_status, RTE_ETH_LINK_DOWN);
	card_fault(&a, "link up");
	rte_eth_link_get_nowait(a.port, &l);
	assert_int_equal(l.link_status, RTE_ETH_LINK_UP);
	rte_eth_dev_stop(a.port);
	rte_eth_link_get_nowait(a.port, &l);
	assert_int_equal(l.link_status, RTE_ETH_LINK_DOWN);
	end();
}

/* By rte_eth_dev_set_link_down(): silent both ways and reported, whatever else is done to the port. */
static void link_is_switched(void **state)
{
	struct rte_eth_link l;

	cards_up(&a, &b, "");
	assert_int_equal(rte_eth_dev_set_link_down(b.port), 0);
	assert_int_equal(rte_eth_link_get_nowait(b.port, &l), 0);
	assert_int_equal(l.link_status, RTE_ETH_LINK_DOWN);
	assert_int_equal(l.link_duplex, RTE_ETH_LINK_HALF_DUPLEX);
	assert_int_equal(rte_eth_promiscuous_enable(b.port), 0);
	assert_false(passes("ff:ff:ff:ff:ff:ff"));
	/* what is to be sent waits, for as long as it takes: that is no hang to be cured */
	card_send(&b, NULL, frame_make(&b, &a, 100, 7));
	assert_int_equal(cards_idle(&a, &b, 5000 * MS), 0);
	assert_int_equal(card_xstat(&b, "recoveries"), 0);
	card_fault(&b, "reset"); /* a glitch is cured, and the line stays off */
	for (unsigned i = 0; i < 500000 && card_xstat(&b, "recoveries") == 0; i++) {
		assert_int_equal(cards_idle(&a, &b, MS), 0);
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	assert_int_equal(card_xstat(&b, "recoveries"), 1);
	assert_int_equal(cards_idle(&a, &b, 50 * MS), 0);
	assert_int_equal(rte_eth_dev_set_link_up(b.port), 0);
	rte_eth_link_get_nowait(b.port, &l);
	assert_int_equal(l.link_status, RTE_ETH_LINK_UP);
	frame_expect(card_receive(&a, &b, 20 * MS), &b, &a, 100, 7);
	assert_true(passes("ff:ff:ff:ff:ff:ff"));
	/* stopped with the link off: the frame that waits stays, and a start brings the link back */
	rte_eth_dev_set_link_down(b.port);
	card_send(&b, NULL, frame_make(&b, &a, 100, 8));
	assert_int_equal(cards_idle(&a, &b, 10 * MS), 0);
	rte_eth_dev_stop(b.port);
	assert_int_equal(cards_idle(&a, NULL, 50 * MS), 0);
	assert_int_equal(rte_eth_dev_set_link_up(b.port), 0);
	assert_int_equal(cards_idle(&a, NULL, 10 * MS), 0);
	assert_int_equal(rte_eth_dev_start(b.port), 0);
	frame_expect(card_receive(&a, &b, 50 * MS), &b, &a, 100, 8);
	rte_eth_dev_set_link_down(b.port); /* also where nobody said so */
	rte_eth_dev_stop(b.port);
	assert_int_equal(rte_eth_dev_start(b.port), 0);
	cards_idle(&a, &b, 100 * MS); /* the wire's pulses */
	rte_eth_link_get_nowait(b.port, &l);
	assert_int_equal(l.link_status, RTE_ETH_LINK_UP);
	assert_true(passes("ff:ff:ff:ff:ff:ff"));
	end();
}

static void registers_and_eeprom(void **state)
{
	struct rte_dev_reg_info info = {0};
	struct rte_dev_eeprom_info ee = {0};
	uint16_t words[256];
	uint8_t bytes[128];
	struct rte_ether_addr mac;
	char *text = NULL;
	size_t len;
	FILE *out;

	cards_up(&a, &b, "");
	assert_int_equal(rte_eth_dev_get_reg_info(a.port, &info), 0);
	assert_int_equal(info.width, 2);
	assert_true(info.length <= 256);
	info.data = words;
	assert_int_equal(rte_eth_dev_get_reg_info(a.port, &info), 0);
	assert_int_equal(info.version, 0x0900);
	info.offset = 1; /* all of them or none */
	assert_int_equal(rte_eth_dev_get_reg_info(a.port, &info), -ENOTSUP);
	info.offset = 0;
	info.length--;
	assert_int_equal(rte_eth_dev_get_reg_info(a.port, &info), -ENOTSUP);
	assert_int_equal(words[0], 0x630e);
	assert_int_equal(words[1], 0x0900);
	assert_int_equal(words[0x104 / 2], 0x0d05);
	assert_int_equal(words[0x112 / 2] & 0xc0, 0xc0);
	rte_eth_macaddr_get(a.port, &mac);
	assert_memory_equal(&words[0x158 / 2], &mac, 6);

	assert_int_equal(rte_eth_dev_get_eeprom_length(a.port), 128);
	ee.data = bytes;
	ee.length = 128;
	assert_int_equal(rte_eth_dev_get_eeprom(a.port, &ee), 0);
	assert_memory_equal(bytes + 2 * 0x1c, &mac, 6);
	assert_int_equal(bytes[1] >> 4, 0xa);
	ee.offset = 3;
	ee.length = 2;
	uint8_t middle[2] = {bytes[3], bytes[4]};
	assert_int_equal(rte_eth_dev_get_eeprom(a.port, &ee), 0);
	assert_memory_equal(bytes, middle, 2);
	ee.offset = 127;
	assert_int_equal(rte_eth_dev_get_eeprom(a.port, &ee), -EINVAL);

	ee = (struct rte_dev_eeprom_info){.data = bytes, .offset = 2 * 0x3e, .length = 2,
		.magic = 0x1234};
	memcpy(bytes, "\xef\xbe", 2);
	assert_int_equal(rte_eth_dev_set_eeprom(a.port, &ee), -EINVAL);
	ee.magic = 0x630e;
	ee.offset++; /* words only */
	assert_int_equal(rte_eth_dev_set_eeprom(a.port, &ee), -EINVAL);
	ee.offset--;
	ee.length = 1;
	assert_int_equal(rte_eth_dev_set_eeprom(a.port, &ee), -EINVAL);
	ee.length = 2;
	assert_int_equal(rte_eth_dev_set_eeprom(a.port, &ee), 0);
	assert_int_equal(cs8900a_model_eeprom(a.model, words), 64);
	assert_int_equal(words[0x3e], 0xbeef);

	out = open_memstream(&text, &len);
	assert_int_equal(rte_eth_dev_priv_dump(a.port, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "CS8900A revision D at the model"));
	assert_non_null(strstr(text, "0104h  0D05h  RxCTL"));
	free(text);
	end();
}

static void address_by_devargs(void **state)
{
	struct rte_ether_addr mac, is;

	rte_ether_unformat_addr("02:00:00:00:12:34", &mac);
	card_up(&a, "a", "bus=model,clock=virtual,eeprom=none,mac=02:00:00:00:12:34", 64, cards_pool);
	rte_eth_macaddr_get(a.port, &is);
	assert_true(rte_is_same_ether_addr(&mac, &is));
	assert_int_equal(rte_eth_dev_get_eeprom_length(a.port), 0);
	card_down(&a);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, leak_setup, leak_teardown)
	const struct CMUnitTest tests[] = {
		T(opens_and_closes), T(says_what_it_is), T(every_length_by_ports),
		T(every_length_by_window), T(every_length_by_isq), T(every_length_full_duplex),
		T(runts_are_padded), T(refuses_impossible_lengths), T(shapes_of_mbufs),
		T(receives_into_chains), T(back_pressure), T(cleanup_sends_what_waits), T(stop_keeps_what_waits), T(filters),
		T(statistics), T(link_follows_the_wire), T(link_is_switched), T(registers_and_eeprom),
		T(address_by_devargs),
	};

	cards_eal(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
