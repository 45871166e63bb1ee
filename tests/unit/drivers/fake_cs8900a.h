/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A bus with words behind it and no chip: what a test puts there is read, what is written is noted,
 * in order. For what no well-behaved chip does; for the rest there is the model.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cs8900a/bus.h"

#define FAKE_LOG 4096

struct fake_access {
	char what;         /* 'r' and 'w': PacketPage by pointer; 'R', 'W': window; 'i', 'o': port */
	uint16_t at, value;
	uint64_t when;
};

struct fake {
	struct cs_bus bus;
	uint16_t page[0x800]; /* PacketPage by word */
	uint16_t pointer;
	bool pulled;          /* every read is all ones */
	bool floats;          /* no chip: a read gives what was on the bus last */
	bool elsewhere;       /* the window shows other hardware: 00FFh */
	bool ram;             /* no chip: sixteen bytes of memory at the ports */
	uint16_t last, byte_ports[8]; /* of these two */
	uint64_t now;
	uint16_t data[1024];  /* what port 0 gives, in order */
	unsigned nb_data, data_at;
	uint16_t isq[64];     /* what the ISQ port gives, in order, then zeros */
	unsigned nb_isq, isq_at;
	uint16_t stream[64];  /* what one register gives, in order, then its page word */
	unsigned stream_addr, nb_stream, stream_at;
	uint16_t eeprom[256];
	bool writes_eeprom;
	struct fake_access log[FAKE_LOG];
	unsigned n;
};

enum fake_kind { FAKE_PORTS, FAKE_WINDOW, FAKE_BOTH };

/* A healthy CS8900A rev D just after reset, with no EEPROM and a link. */
void fake_init(struct fake *f, enum fake_kind kind);
/* The index of the first such access at or behind `from`, -1: none. */
int fake_find(const struct fake *f, unsigned from, char what, unsigned at);
unsigned fake_count(const struct fake *f, char what, unsigned at);
/* A right driver block with this address. */
void fake_driver_block(struct fake *f, const uint8_t mac[6]);
