/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A CS8900A in software, exact to the register: what a driver reads and writes at its bus has the
 * effect that the data sheet states. No thread and no clock of its own: the model moves on at each
 * access to the time that now_ns() says, and frames take their time on a 10 Mb/s wire by it.
 *
 * Times are nanoseconds of that clock, which never goes back. A model belongs to one thread at a
 * time; two models at the ends of one pair (model_wire.h) may belong to different threads, for
 * whoever enters one locks the pair. libc only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cs8900a_model;
struct cs8900a_wire;

#define CS8900A_MODEL_EEPROM_WORDS 256 /* the largest */
#define CS8900A_MODEL_TX_FRAMES 4      /* the most that conf.tx_frames may say */

/* Which sockets of the card the wire is plugged into. */
#define CS8900A_MODEL_10BT 1u
#define CS8900A_MODEL_AUI 2u

/* Where the chip leaves a received frame in the host's ring of 16 or 64 KB (slave DMA). */
typedef void (*cs8900a_model_dma_fn)(void *arg, unsigned channel, uint32_t offset,
	const uint8_t *data, uint32_t len);

/* Zero is the default of every field but now_ns. */
struct cs8900a_model_conf {
	uint64_t (*now_ns)(void *arg); /* required */
	void *now_arg;
	struct cs8900a_wire *wire; /* borrowed until cs8900a_model_destroy(); NULL: no cable */
	unsigned media;            /* CS8900A_MODEL_*; 0: 10BASE-T */
	const uint16_t *eeprom;    /* copied; NULL: the card has none */
	unsigned eeprom_words;     /* 64, 128 or 256 */
	const char *faults;        /* script of docs/cs8900a-model.md; NULL: none */
	uint16_t product;          /* what 0002h reads; 0: CS8900A revision D, 0900h */
	unsigned tx_frames;        /* transmit frames held at once, 1..4; 0: one */
	uint32_t reset_ns;         /* from RESET to INITD; 0: 10 ms */
	uint32_t eeprom_ns;        /* for one word; 0: 25 us */
	uint32_t seed;             /* of the back-off */
	cs8900a_model_dma_fn dma;  /* NULL: nobody answers the chip's DMA request */
	void *dma_arg;
};

/* What happened at the chip's two sides since creation, counted outside of its registers. */
struct cs8900a_model_stats {
	uint64_t reads, writes;      /* bus accesses */
	uint64_t reserved;           /* to addresses where nothing is, or writes to read-only ones */
	uint64_t in_reset;           /* between RESET and INITD */
	uint64_t early_data;         /* transmit data written without a granted bid */
	uint64_t out_of_order;       /* received data read neither ascending nor in the first 118 */
	uint64_t resets;
	uint64_t tx_frames, tx_bytes; /* sent whole, bytes with CRC */
	uint64_t tx_aborted;         /* given up: 16 collisions, late, jabber, underrun, Force, reset */
	uint64_t tx_collisions, tx_underruns;
	uint64_t rx_frames, rx_bytes; /* from the wire, bytes with CRC */
	uint64_t rx_filtered;        /* not for this station */
	uint64_t rx_refused;         /* for it, but not of an accepted kind */
	uint64_t rx_accepted;        /* put into the packet memory (or the DMA ring) */
	uint64_t rx_missed;          /* no room, as RxMISS counts */
	uint64_t rx_read;            /* taken by the host whole */
	uint64_t rx_skipped;         /* freed before: Skip_1, implied skip, reset */
	uint64_t rx_fragments;       /* under 8 bytes, or cut off by a collision */
	uint64_t faults;             /* actions of the script that were done */
};

/*
 * NULL with a sentence in err: no clock, a size that no EEPROM has, a script with an error (its
 * line is named), out of memory. The chip powers up at this moment: reset_ns later it has INITD.
 */
struct cs8900a_model *cs8900a_model_create(const struct cs8900a_model_conf *conf, char *err,
	size_t errlen);
void cs8900a_model_destroy(struct cs8900a_model *m);

/* The sixteen I/O ports. off 0..15; a 16-bit access at an odd offset goes to the even one. */
uint16_t cs8900a_model_io_read16(struct cs8900a_model *m, unsigned off);
uint8_t cs8900a_model_io_read8(struct cs8900a_model *m, unsigned off);
void cs8900a_model_io_write16(struct cs8900a_model *m, unsigned off, uint16_t value);
void cs8900a_model_io_write8(struct cs8900a_model *m, unsigned off, uint8_t value);

/* The memory window. off 0..4095. Closed (BusCTL.MemoryE = 0) it reads all ones. */
uint16_t cs8900a_model_mem_read16(struct cs8900a_model *m, unsigned off);
uint8_t cs8900a_model_mem_read8(struct cs8900a_model *m, unsigned off);
void cs8900a_model_mem_write16(struct cs8900a_model *m, unsigned off, uint16_t value);
void cs8900a_model_mem_write8(struct cs8900a_model *m, unsigned off, uint8_t value);

/*
 * Does the chip answer at this I/O port or memory address of the host's bus? The offset for the
 * calls above, or -1.
 */
int cs8900a_model_io_decode(struct cs8900a_model *m, uint32_t port);
int cs8900a_model_mem_decode(struct cs8900a_model *m, uint32_t address);

/* The interrupt pin 0..3 that is high now, or -1. */
int cs8900a_model_irq(struct cs8900a_model *m);

/* Move on to now_ns() without an access. */
void cs8900a_model_advance(struct cs8900a_model *m);

/*
 * When something happens next without an access, UINT64_MAX for never: how far a virtual clock may
 * jump, how long a host may sleep. A wire that cannot know its next frame is asked at this time.
 */
uint64_t cs8900a_model_next_event(struct cs8900a_model *m);

/* One action of the script, now: 0, or -EINVAL with a sentence in err. */
int cs8900a_model_fault(struct cs8900a_model *m, const char *action, char *err, size_t errlen);

void cs8900a_model_stats(struct cs8900a_model *m, struct cs8900a_model_stats *stats);

/* What the EEPROM holds now (the host may have written it): the number of words, 0 for none. */
unsigned cs8900a_model_eeprom(struct cs8900a_model *m, uint16_t words[CS8900A_MODEL_EEPROM_WORDS]);

/*
 * Contents of an EEPROM with both blocks and right checksums: I/O base 0300h, this interrupt pin,
 * this address, 10BASE-T. At least 64 words.
 */
void cs8900a_model_eeprom_image(uint16_t *words, unsigned nb_words, const uint8_t mac[6],
	unsigned pin);
