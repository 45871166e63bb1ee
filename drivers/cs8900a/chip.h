/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The rules of the CS8900A: in which order and with what timing its registers want to be touched.
 * Neither DPDK nor a kind of bus is known here. One thread at a time; the caller has entered the
 * bus in this thread.
 *
 * Nothing loops without a bound and only functions that take a struct cs_why sleep. A chip that
 * does not answer any more (all ones: the card was pulled) sets `gone`, after which every call
 * fails at once with -ENODEV or says that nothing is there.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "regs.h"

enum cs_media { CS_MEDIA_AUTO, CS_MEDIA_10BT, CS_MEDIA_AUI, CS_MEDIA_10B2 };
enum cs_poll { CS_POLL_EVENT, CS_POLL_ISQ };

/* What the chip and the driver have counted. Frames lost by the chip are here and nowhere else. */
struct cs_counts {
	uint64_t rx_missed;     /* RxMISS */
	uint64_t tx_collisions; /* TxCOL */
	uint64_t rx_bad; /* frames that were refused, by one or more of the next */
	uint64_t rx_crc, rx_runt, rx_extra, rx_dribble;
	uint64_t tx_ok, tx_out_of_window, tx_jabber, tx_16coll, tx_loss_of_crs, tx_sqe;
	uint64_t tx_collided; /* frames sent after one collision or more */
	uint64_t tx_underrun, tx_bid_error, tx_unknown;
	uint64_t rx_skipped;  /* given back unread */
	uint64_t garbage;     /* words that no CS8900A says */
	uint64_t resets;
};

/* What the EEPROM told. */
struct cs_eeprom {
	bool present, config_ok; /* SelfST */
	bool driver_ok, driver_blank;
	unsigned words;
	uint16_t driver[CS_EEPROM_DRIVER_WORDS];
};

struct cs_chip {
	struct cs_bus *bus;
	bool window; /* the memory window is open and used */
	bool gone;
	int pointer; /* what the pointer port was told last; -1: nothing yet */
	enum cs_poll poll;
	uint16_t product;
	uint16_t rxcfg, rxctl, linectl, testctl;
	uint16_t txstart;
	uint16_t rx_event, tx_event; /* taken from the ISQ and not consumed; 0: none */
	uint16_t last_rx_event, last_tx_event, last_buf_event; /* for the dump */
	unsigned garbage_run;
	unsigned underruns;
	uint16_t rx_last; /* word of the frame */
	uint16_t rx_at; /* bytes of the frame read so far (memory window) */
	struct cs_eeprom eeprom;
	struct cs_counts count;
};

/* chip_probe.c */
void cs_chip_init(struct cs_chip *c, struct cs_bus *bus);
/* Is a CS8900A there? Writes nothing before the pointer register looks like one. -ENODEV. */
int cs_chip_probe(struct cs_chip *c, struct cs_why *why);
char cs_chip_revision(const struct cs_chip *c); /* the letter of the data sheet, '?' */
/* Reset and self-init; everything is at its default afterwards. Takes 20 to 320 ms. */
int cs_chip_reset(struct cs_chip *c, struct cs_why *why);

/* chip_page.c: PacketPage registers. */
uint16_t cs_page_read(struct cs_chip *c, unsigned addr);
void cs_page_write(struct cs_chip *c, unsigned addr, uint16_t value);
/* A status register; false: what came is not of that register, and was counted. */
bool cs_status_read(struct cs_chip *c, unsigned addr, uint16_t *value);
/* Is the chip still there? Sets `gone`. */
bool cs_chip_present(struct cs_chip *c);
/* Opens the memory window where the bus has one. */
int cs_window_open(struct cs_chip *c, struct cs_why *why);

/* chip_eeprom.c */
int cs_eeprom_read(struct cs_chip *c, unsigned word, uint16_t *value);
int cs_eeprom_write(struct cs_chip *c, unsigned word, uint16_t value);
/* After a reset: flags, size, driver block. */
int cs_eeprom_load(struct cs_chip *c, struct cs_why *why);
/* The station's address by the EEPROM; -ENOENT with a sentence that says what is wrong with it. */
int cs_eeprom_address(struct cs_chip *c, uint8_t mac[6], struct cs_why *why);
enum cs_media cs_eeprom_media(const struct cs_chip *c);
bool cs_eeprom_full_duplex(const struct cs_chip *c);

/* chip_line.c: media, link, receiver and transmitter. */
void cs_line_setup(struct cs_chip *c, enum cs_media media, bool full_duplex);
void cs_line_on(struct cs_chip *c, bool rx, bool tx);
enum cs_link { CS_LINK_DOWN, CS_LINK_10BT, CS_LINK_AUI };
enum cs_link cs_line_link(struct cs_chip *c);

/* chip_filter.c */
unsigned cs_hash(const uint8_t addr[6]); /* bit of the logical address filter */
struct cs_filter {
	bool promiscuous, all_multicast;
	uint64_t hash; /* of the group addresses wanted */
	uint8_t mac[6];
};
void cs_filter_set(struct cs_chip *c, const struct cs_filter *f);
/* Does the chip still have what it was told? Not after a reset that nobody asked for. */
bool cs_filter_kept(struct cs_chip *c);

/* chip_events.c */
void cs_events_setup(struct cs_chip *c);
/* The next RxEvent, counted if it is of a bad frame; 0: nothing arrived. */
uint16_t cs_rx_event(struct cs_chip *c);
/*
 * How the frame in the chip ended, counted: its TxEvent, or the BufEvent (by its number) of an
 * underrun; 0: not yet. `late`: it lasts longer than it should, look for an underrun in any case.
 */
uint16_t cs_tx_event(struct cs_chip *c, bool late);
static inline bool cs_tx_is_ok(uint16_t event)
{
	return (event & CS_REGNO_MASK) == CS_REGNO_TXEVENT && event & CS_TXEVENT_TXOK;
}
static inline bool cs_tx_is_underrun(uint16_t event)
{
	return (event & CS_REGNO_MASK) == CS_REGNO_BUFEVENT;
}
/* Fetches RxMISS and TxCOL, which wrap: at least every 69 ms. */
void cs_counters(struct cs_chip *c);

/* chip_rx.c: after an RxEvent with RxOK. */
/* The frame's length, or -EIO: what came cannot be; skip it. */
int cs_rx_begin(struct cs_chip *c);
/* The next bytes of it; `len` is even in all calls but the last. */
void cs_rx_read(struct cs_chip *c, void *to, unsigned len);
/* After the last of it. False: the card went meanwhile, it is no frame. */
bool cs_rx_whole(struct cs_chip *c);
void cs_rx_skip(struct cs_chip *c);

/* chip_tx.c */
#define CS_TX_PAD 60u
/* Asks for memory for a frame of this length, 60 to 1514. */
void cs_tx_bid(struct cs_chip *c, unsigned len);
/* 1: granted; 0: not yet; -EMSGSIZE: never; -EIO: garbage. */
int cs_tx_granted(struct cs_chip *c);
/* The whole frame, in words. */
void cs_tx_write(struct cs_chip *c, const uint16_t *words, unsigned n);
/* Drops what waits in the transmit memory. */
void cs_tx_force(struct cs_chip *c);

/* chip_dump.c: PacketPage 0000h-015Fh by word. Registers that reading would change are as last
 * seen by the driver, holes and write-only ones 0. */
#define CS_DUMP_WORDS (0x160 / 2)
void cs_dump(struct cs_chip *c, uint16_t words[CS_DUMP_WORDS]);
const char *cs_dump_name(unsigned addr); /* NULL: no register */
