/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linux's own driver for the CS8900A, unmodified, on our chip model: what it takes for granted of
 * the chip must hold. Every frame length both ways, interrupts, EEPROM, media, DMA, errors, close.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "machine.h"

#define MS UINT64_C(1000000)

static const uint8_t own[6] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05 };
static const uint8_t broadcast[6] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
static const uint8_t foreign[6] = { 0x02, 0, 0, 0, 0, 1 };
static const uint8_t group[6] = { 0x01, 0x00, 0x5E, 0, 0, 1 };

static bool logged(const char *text)
{
	return strstr(machine.log, text) != NULL;
}

static void must_log(const char *text)
{
	if (!logged(text))
		fail_msg("the driver did not say \"%s\" but:\n%s", text, machine.log);
}

static int open_dev(void)
{
	int rc = machine.dev->netdev_ops->ndo_open(machine.dev);

	machine.dev->running = !rc;
	return rc;
}

static void load(void)
{
	assert_int_equal(machine_insmod(), 0);
	assert_non_null(machine.dev);
	assert_int_equal(open_dev(), 0);
}

/* The module goes; nothing that it took is left. */
static void unload(void)
{
	machine_rmmod();
	assert_int_equal(machine.regions, 0);
	assert_int_equal(machine.maps, 0);
	assert_int_equal(machine.irqs, 0);
	assert_int_equal(machine.dmas, 0);
	assert_int_equal(machine.pages, 0);
	assert_int_equal(machine.devices, 0);
	assert_int_equal(machine.skbs, 0);
	machine_stop();
}

static struct cs8900a_model_stats stats(void)
{
	struct cs8900a_model_stats s;

	cs8900a_model_stats(machine.model, &s);
	return s;
}

static void fault(const char *action)
{
	char err[200];

	if (cs8900a_model_fault(machine.model, action, err, sizeof(err)))
		fail_msg("%s", err);
}

static uint8_t pattern(unsigned i, unsigned seed)
{
	return (uint8_t)(i * 13 + seed * 7 + i / 256);
}

static int xmit(unsigned len)
{
	struct sk_buff *skb = netdev_alloc_skb(machine.dev, len);
	int rc;

	skb->len = len;
	for (unsigned i = 0; i < len; i++)
		skb->data[i] = pattern(i, len);
	rc = machine.dev->netdev_ops->ndo_start_xmit(skb, machine.dev);
	if (rc)
		dev_consume_skb_any(skb);
	return rc;
}

static bool awake(void)
{
	return !machine.dev->queue_stopped;
}

static void send_checked(unsigned len)
{
	unsigned before = machine.sent;

	assert_int_equal(xmit(len), NETDEV_TX_OK);
	assert_true(machine.dev->queue_stopped);
	assert_true(machine_wait(awake, 10 * MS));
	assert_int_equal(machine.sent, before + 1);
	assert_int_equal(machine.got.len, (len < 60 ? 60 : len) + 4);
	assert_false(machine.got.bad_crc);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(machine.got.data[i], pattern(i, len));
}

static unsigned wanted;

static bool arrived(void)
{
	return machine.nb_received == wanted;
}

static void give(const uint8_t *da, unsigned len)
{
	memset(&machine.give, 0, sizeof(machine.give));
	for (unsigned i = 0; i < len; i++)
		machine.give.data[i] = i < 6 ? da[i] : pattern(i, len);
	machine.give.len = len;
	machine.give.at_ns = machine.now;
}

static void receive_checked(const uint8_t *da, unsigned len)
{
	wanted = machine.nb_received + 1;
	give(da, len);
	assert_true(machine_wait(arrived, 10 * MS));
	assert_int_equal(machine.received.len, len);
	assert_memory_equal(machine.received.data, da, 6);
	for (unsigned i = 6; i < len; i++)
		assert_int_equal(machine.received.data[i], pattern(i, len));
}

static void not_received(const uint8_t *da, unsigned len)
{
	unsigned before = machine.nb_received;

	give(da, len);
	machine_run(10 * MS);
	assert_int_equal(machine.nb_received, before);
}

/* The driver finds the chip, its address, medium and interrupt by the EEPROM. */
static void probe(void **state)
{
	machine_start(NULL);
	load();
	must_log("cs8900 rev J found");
	must_log("[Cirrus EEPROM]");
	must_log("media RJ-45,");
	must_log("IRQ 10");
	must_log("using half-duplex 10Base-T");
	assert_memory_equal(machine.dev->dev_addr, own, 6);
	assert_int_equal(stats().resets, 1);
	unload();
}

static void every_interrupt_pin(void **state)
{
	static const struct {
		unsigned pin;
		const char *says;
	} pins[] = { { 0, "IRQ 10" }, { 1, "IRQ 11" }, { 2, "IRQ 12" }, { 3, "IRQ 5" } };
	uint16_t words[128];
	struct cs8900a_model_conf conf = { .eeprom = words, .eeprom_words = 128 };

	for (unsigned i = 0; i < 4; i++) {
		cs8900a_model_eeprom_image(words, 128, own, pins[i].pin);
		machine_start(&conf);
		load();
		must_log(pins[i].says);
		send_checked(100);
		receive_checked(own, 100);
		unload();
	}
}

static void every_length_out(void **state)
{
	machine_start(NULL);
	load();
	for (unsigned len = 14; len <= 1514; len++)
		send_checked(len);
	assert_int_equal(machine.dev->stats.tx_packets, 1501);
	assert_int_equal(machine.dev->stats.tx_errors, 0);
	assert_int_equal(stats().tx_underruns, 0);
	unload();
}

static void every_length_in(void **state)
{
	machine_start(NULL);
	load();
	for (unsigned len = 60; len <= 1514; len++)
		receive_checked(len & 1 ? own : broadcast, len);
	assert_int_equal(machine.dev->stats.rx_packets, 1455);
	assert_int_equal(machine.dev->stats.rx_errors, 0);
	assert_int_equal(stats().rx_read, 1455);
	assert_int_equal(stats().rx_skipped, 0);
	unload();
}

/* Both directions at once at half duplex: nothing is lost, nothing is mixed up. */
static void both_ways(void **state)
{
	unsigned seed = 1, in = 0, out = 0;

	machine_start(NULL);
	load();
	while (in < 500 || out < 500) {
		seed = seed * 1103515245 + 12345;
		if (in < 500 && !machine.give.len) {
			give(own, 60 + seed / 65536 % 1455);
			in++;
		}
		if (out < 500 && awake()) {
			assert_int_equal(xmit(60 + seed / 4096 % 1455), NETDEV_TX_OK);
			out++;
		}
		machine_run(seed / 1024 % 500000);
	}
	machine_run(20 * MS);
	assert_int_equal(machine.sent, 500);
	assert_int_equal(machine.nb_received + stats().rx_missed, 500);
	assert_int_equal(machine.dev->stats.tx_packets, 500);
	assert_int_equal(machine.dev->stats.rx_packets, machine.nb_received);
	unload();
}

/* The filter: what is not for us stays out, until promiscuous. */
static void filter(void **state)
{
	machine_start(NULL);
	load();
	not_received(foreign, 100);
	not_received(group, 100);
	machine.dev->flags = IFF_PROMISC;
	machine.dev->netdev_ops->ndo_set_rx_mode(machine.dev);
	receive_checked(foreign, 100);
	receive_checked(group, 100);
	machine.dev->flags = 0;
	machine.dev->netdev_ops->ndo_set_rx_mode(machine.dev);
	not_received(foreign, 100);
	receive_checked(own, 100);
	/* The driver never writes the hash filter: all-multicast takes nothing (section 10, trap). */
	machine.dev->flags = IFF_ALLMULTI;
	machine.dev->netdev_ops->ndo_set_rx_mode(machine.dev);
	not_received(group, 100);
	receive_checked(broadcast, 100);
	unload();
}

/* Received errors are counted by their kind where the driver accepts them. */
static void receive_errors(void **state)
{
	const struct net_device_stats *s;

	machine_start(NULL);
	load();
	s = &machine.dev->stats;
	fault("crc-error");
	not_received(own, 100);
	assert_int_equal(s->rx_errors, 1);
	machine.dev->flags = IFF_PROMISC;
	machine.dev->netdev_ops->ndo_set_rx_mode(machine.dev);
	fault("crc-error");
	not_received(own, 100);
	assert_int_equal(s->rx_errors, 2);
	assert_int_equal(s->rx_crc_errors, 1);
	fault("runt 40");
	not_received(own, 100);
	assert_int_equal(s->rx_errors, 3);
	assert_int_equal(s->rx_length_errors, 1);
	fault("extra 1600");
	not_received(own, 100);
	assert_int_equal(s->rx_errors, 4);
	assert_int_equal(s->rx_length_errors, 2);
	fault("crc-error");
	give(own, 100);
	machine.give.dribble = true;
	machine_run(10 * MS);
	assert_int_equal(s->rx_frame_errors, 1);
	receive_checked(own, 100); /* the implied skip that the driver relies on */
	assert_int_equal(stats().rx_skipped, 4);
	machine.no_skb = true;
	not_received(own, 100);
	machine.no_skb = false;
	assert_int_equal(s->rx_dropped, 1);
	receive_checked(own, 1000);
	assert_int_equal(stats().rx_skipped, 5);
	unload();
}

static void transmit_errors(void **state)
{
	const struct net_device_stats *s;

	machine_start(NULL);
	load();
	s = &machine.dev->stats;
	fault("collisions 3");
	send_checked(100);
	assert_int_equal(s->tx_errors, 0);
	machine.dev->netdev_ops->ndo_get_stats(machine.dev);
	assert_int_equal(s->collisions, 3);
	fault("collisions 16");
	assert_int_equal(xmit(100), NETDEV_TX_OK);
	assert_true(machine_wait(awake, 1000 * MS));
	assert_int_equal(s->tx_errors, 1);
	assert_int_equal(s->tx_aborted_errors, 1);
	fault("late-collision");
	assert_int_equal(xmit(1000), NETDEV_TX_OK);
	assert_true(machine_wait(awake, 10 * MS));
	assert_int_equal(s->tx_errors, 2);
	assert_int_equal(s->tx_window_errors, 1);
	fault("jabber");
	assert_int_equal(xmit(100), NETDEV_TX_OK);
	assert_true(machine_wait(awake, 40 * MS));
	assert_int_equal(s->tx_errors, 3);
	send_checked(1514);
	unload();
}

/* A slow bus underruns, and the driver asks for 381 bytes before the start, then for all. */
static void slow_bus(void **state)
{
	machine_start(NULL);
	load();
	machine.access_ns = 4000; /* two bytes in the time of five */
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(xmit(1514), NETDEV_TX_OK);
		assert_true(machine_wait(awake, 10 * MS));
	}
	assert_int_equal(stats().tx_underruns, 6);
	must_log("transmit underrun");
	send_checked(1514);
	assert_int_equal(stats().tx_underruns, 6);
	unload();
}

/* A host that does not look loses frames, and learns how many. */
static void overrun(void **state)
{
	struct net_device_stats *s;

	machine_start(NULL);
	load();
	for (unsigned i = 0; i < 6; i++) {
		give(own, 1200);
		machine.now += 2 * MS;
		cs8900a_model_advance(machine.model); /* and no interrupt is served */
	}
	machine_run(10 * MS);
	s = machine.dev->netdev_ops->ndo_get_stats(machine.dev);
	assert_int_equal(s->rx_packets, 3);
	assert_int_equal(s->rx_missed_errors, 3);
	assert_int_equal(stats().rx_missed, 3);
	unload();
}

/* 512 misses: the interrupt that says so keeps the sum right. */
static void miss_overflow(void **state)
{
	struct net_device_stats *s;

	machine_start(NULL);
	load();
	for (unsigned i = 0; i < 3; i++) {
		give(own, 1350);
		machine.now += 2 * MS;
		cs8900a_model_advance(machine.model);
	}
	for (unsigned i = 0; i < 600; i++) {
		give(own, 100);
		machine.now += MS;
		cs8900a_model_advance(machine.model);
	}
	machine_run(MS);
	s = &machine.dev->stats;
	assert_int_equal(s->rx_missed_errors, 600); /* by the ISQ alone */
	unload();
}

static void hang_and_watchdog(void **state)
{
	machine_start(NULL);
	load();
	fault("hang");
	assert_int_equal(xmit(100), NETDEV_TX_OK);
	assert_false(machine_wait(awake, 1000 * MS));
	machine.dev->netdev_ops->ndo_tx_timeout(machine.dev, 0);
	must_log("transmit timed out");
	assert_true(awake());
	assert_int_equal(xmit(200), NETDEV_TX_BUSY); /* it does not reset: the chip still hangs */
	must_log("Tx buffer not free!");
	fault("go");
	assert_true(machine_wait(awake, 10 * MS)); /* Rdy4Tx by the ISQ */
	send_checked(300);
	unload();
}

static void set_address(void **state)
{
	struct sockaddr addr = { 0 };

	machine_start(NULL);
	load();
	memcpy(addr.sa_data, foreign, 6);
	assert_int_equal(machine.dev->netdev_ops->ndo_set_mac_address(machine.dev, &addr), -EBUSY);
	assert_int_equal(machine.dev->netdev_ops->ndo_stop(machine.dev), 0);
	machine.dev->running = false;
	assert_int_equal(machine.irqs, 0);
	assert_int_equal(machine.dev->netdev_ops->ndo_set_mac_address(machine.dev, &addr), 0);
	assert_int_equal(open_dev(), 0);
	receive_checked(foreign, 100);
	not_received(own, 100);
	unload();
}

/* Closed, the chip is silent, and open again it works. */
static void close_and_open(void **state)
{
	unsigned before;

	machine_start(NULL);
	load();
	for (unsigned i = 0; i < 20; i++) {
		send_checked(60 + i);
		receive_checked(own, 60 + i);
		assert_int_equal(machine.dev->netdev_ops->ndo_stop(machine.dev), 0);
		machine.dev->running = false;
		assert_int_equal(machine.irqs, 0);
		before = machine.interrupts;
		not_received(own, 100);
		assert_int_equal(machine.interrupts, before);
		assert_int_equal(open_dev(), 0);
		wanted = machine.nb_received + 1;
		assert_true(machine_wait(arrived, 10 * MS)); /* the receiver was left on */
	}
	unload();
}

static void no_eeprom(void **state)
{
	struct cs8900a_model_conf conf = { 0 };
	struct sockaddr addr = { 0 };

	machine_start(&conf);
	machine_param("irq", 11);
	assert_int_equal(machine_insmod(), 0);
	must_log("No EEPROM, relying on command line");
	memcpy(addr.sa_data, own, 6);
	machine.dev->netdev_ops->ndo_set_mac_address(machine.dev, &addr);
	assert_int_equal(open_dev(), 0);
	send_checked(500);
	receive_checked(own, 500);
	unload();
}

static void bad_checksum(void **state)
{
	uint16_t words[64];
	struct cs8900a_model_conf conf = {
		.eeprom = words, .eeprom_words = 64, .faults = "at start: eeprom spoiled",
	};

	cs8900a_model_eeprom_image(words, 64, own, 0);
	machine_start(&conf);
	assert_int_equal(machine_insmod(), 0);
	must_log("Extended EEPROM checksum bad and no Cirrus EEPROM");
	assert_false(logged("[Cirrus EEPROM]"));
	unload();
}

static void stuck_eeprom(void **state)
{
	uint16_t words[64];
	struct cs8900a_model_conf conf = {
		.eeprom = words, .eeprom_words = 64, .faults = "at start: sibusy stuck",
	};

	cs8900a_model_eeprom_image(words, 64, own, 0);
	machine_start(&conf);
	assert_int_equal(machine_insmod(), 0);
	must_log("EEPROM read failed");
	unload();
}

static void no_chip(const char *faults, const struct cs8900a_model_conf *base)
{
	struct cs8900a_model_conf conf = *base;

	conf.faults = faults;
	machine_start(&conf);
	assert_int_equal(machine_insmod(), -ENODEV);
	assert_int_equal(machine.regions + machine.maps + machine.devices, 0);
	machine_stop();
}

static void nobody_there(void **state)
{
	struct cs8900a_model_conf conf = { 0 };

	no_chip("at start: bus pulled", &conf);
	machine_start(&conf);
	machine_param("io", 0x320);
	assert_int_equal(machine_insmod(), -ENODEV);
	must_log("incorrect signature");
	machine_param("io", 0x301); /* odd: it looks at the pointer port first (section 5) */
	assert_int_equal(machine_insmod(), 0);
	unload();
}

static void media(void **state)
{
	struct cs8900a_model_conf conf = { .media = CS8900A_MODEL_AUI };

	machine_start(&conf);
	machine_param("irq", 10);
	machine_param_text("media", "aui");
	load();
	must_log("using 10Base-5 (AUI)");
	send_checked(700);
	unload();
	machine_start(&conf);
	machine_param("irq", 10);
	machine_param_text("media", "aui");
	machine.unplugged = true;
	assert_int_equal(machine_insmod(), 0);
	assert_int_equal(open_dev(), -EAGAIN);
	must_log("10Base-5 (AUI) has no cable");
	machine.dmas = 0; /* the driver gives back a channel that it has not taken */
	unload();
	machine_start(&conf);
	machine_param("irq", 10);
	machine_param_text("media", "rj45");
	assert_int_equal(machine_insmod(), 0);
	assert_int_equal(open_dev(), -EAGAIN);
	must_log("10Base-T (RJ-45) has no cable");
	machine.dmas = 0;
	unload();
}

/* Slave DMA: every length, the ring of 16 KB wraps a hundred times. */
static void dma(void **state)
{
	machine_start(NULL);
	machine_param("use_dma", 1);
	machine_param("dma", 6);
	machine_param("dmasize", 16);
	load();
	must_log("DMA 6");
	for (unsigned len = 60; len <= 1514; len++)
		receive_checked(own, len);
	send_checked(1000);
	assert_int_equal(stats().rx_missed, 0);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe), cmocka_unit_test(every_interrupt_pin),
		cmocka_unit_test(every_length_out), cmocka_unit_test(every_length_in),
		cmocka_unit_test(both_ways), cmocka_unit_test(filter),
		cmocka_unit_test(receive_errors), cmocka_unit_test(transmit_errors),
		cmocka_unit_test(slow_bus), cmocka_unit_test(overrun),
		cmocka_unit_test(miss_overflow), cmocka_unit_test(hang_and_watchdog),
		cmocka_unit_test(set_address), cmocka_unit_test(close_and_open),
		cmocka_unit_test(no_eeprom), cmocka_unit_test(bad_checksum),
		cmocka_unit_test(stuck_eeprom), cmocka_unit_test(nobody_there),
		cmocka_unit_test(media), cmocka_unit_test(dma),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
