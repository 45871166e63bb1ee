/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A chip model on a virtual clock, whose wire ends in the test. The numbers in these tests are the
 * data sheet's, written out; sections and checks are those of docs/cs8900a-facts.md, which says where
 * each fact comes from (scripts/check_facts sees to it). Never a name of regs.h: it is under test as well.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "cs8900a/model.h"
#include "cs8900a/model_wire.h"

#define CHIP_FRAMES 2048

struct chip_end {
	struct cs8900a_wire wire;
	bool down;
	unsigned queued, given; /* for the chip */
	unsigned sent;          /* by the chip */
	struct cs8900a_wire_frame in[CHIP_FRAMES];
	struct cs8900a_wire_frame last; /* the newest sent */
	uint64_t sent_bytes, first_end, last_end;
};

struct chip {
	uint64_t now;
	struct cs8900a_model *m;
	struct chip_end end;
};

extern const uint8_t chip_mac[6];      /* 00-11-22-33-44-55 */
extern const uint8_t chip_everybody[6];

/* Power up and wait for INITD. conf may be NULL; the clock and (unless set) the wire are filled in. */
struct chip *chip_up(const struct cs8900a_model_conf *conf);
struct chip *chip_power(const struct cs8900a_model_conf *conf); /* without the wait */
void chip_down(struct chip *c);

/* Time passes. */
void chip_wait(struct chip *c, uint64_t ns);
void chip_us(struct chip *c, uint64_t us);

/* Registers through the pointer port, ports directly. */
uint16_t rd(struct chip *c, unsigned addr);
void wr(struct chip *c, unsigned addr, uint16_t value);
uint16_t in16(struct chip *c, unsigned port);
void out16(struct chip *c, unsigned port, uint16_t value);

/* Own address in 0158h, RxCTL, RxCFG, receiver and transmitter on. */
void chip_open(struct chip *c, uint16_t rxctl, uint16_t rxcfg);

/* A frame for the chip: 14 bytes of header and a pattern, no CRC (the wire appends one). */
struct cs8900a_wire_frame *chip_frame(struct chip *c, const uint8_t *da, unsigned len);
void chip_give(struct chip *c, const uint8_t *da, unsigned len); /* and time for it to arrive */
uint8_t chip_pattern(unsigned i);

/* A transmission: the bid must be granted. Then the data. */
void chip_bid(struct chip *c, uint16_t cmd, uint16_t len);
void chip_fill(struct chip *c, unsigned from, unsigned to); /* bytes, by words to port 0 */
void chip_send(struct chip *c, uint16_t cmd, uint16_t len); /* and time for it to leave */

/* Take the frame of the last RxEvent from port 0; it must be this pattern. Returns RxStatus. */
uint16_t chip_take(struct chip *c, unsigned len);
uint32_t chip_crc(const uint8_t *data, unsigned len);
