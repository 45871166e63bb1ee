/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the cable of a CS8900A model ends in: a kernel interface, another model, pcap files, or an
 * end of the caller's own, who embeds struct cs8900a_wire and fills in `ops`.
 *
 * An end does not pace: the model gives and takes one frame at a time at 10 Mb/s. At half duplex
 * the station behind an end is polite, it waits while the model sends; only a pair of models has
 * real collisions (and the fault script invents some).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cs8900a_model;

#define CS8900A_WIRE_MAX 4096 /* bytes of a frame, CRC included; what comes longer is cut */

struct cs8900a_wire;

struct cs8900a_wire_frame {
	uint64_t at_ns; /* received: not before this time, 0: at once; sent: end on the wire */
	uint32_t len;   /* bytes in data */
	bool has_crc;   /* data ends with the frame's own CRC; else the model appends a right one */
	bool bad_crc;   /* the CRC is (received: is made) wrong */
	bool dribble;   /* 1 to 7 bits more than the bytes */
	uint8_t data[CS8900A_WIRE_MAX];
};

struct cs8900a_wire_ops {
	/* The next frame for the model: 1, or 0 when there is none by now. Never blocks. */
	int (*receive)(struct cs8900a_wire *wire, uint64_t now, struct cs8900a_wire_frame *frame);
	/* A frame that the model has sent, CRC included (has_crc) unless the host inhibited it. */
	void (*send)(struct cs8900a_wire *wire, const struct cs8900a_wire_frame *frame);
	/* Is there a partner? NULL: always. */
	bool (*link)(struct cs8900a_wire *wire);
	/* A descriptor that is readable when receive() has something. NULL: none. */
	int (*wait_fd)(struct cs8900a_wire *wire);
	/* Free everything, the wire itself included. NULL: nothing to free. */
	void (*close)(struct cs8900a_wire *wire);
};

struct cs8900a_wire {
	const struct cs8900a_wire_ops *ops;
	uint32_t poll_ns;            /* ask an idle end no more often than this; 0: at each access */
	struct cs8900a_model *model; /* set by the model */
	struct cs8900a_pair *pair;   /* of wire_pair.c; NULL for all others */
	uint64_t lost;               /* frames that the end could not take or deliver */
};

/*
 * Open an end by its description; NULL with a sentence in err.
 *   none               no partner: no link
 *   kernel:IFNAME      a kernel interface, through a raw socket; needs CAP_NET_RAW
 *   pcap:IN:OUT        frames from file IN by its time stamps, frames sent to file OUT; either may be
 *                      empty
 *   pair:NAME          one end of a cable between two models of this process that say the same name;
 *                      the third to ask is refused
 */
struct cs8900a_wire *cs8900a_wire_open(const char *text, char *err, size_t errlen);

struct cs8900a_wire *cs8900a_wire_none(void);
struct cs8900a_wire *cs8900a_wire_kernel(const char *ifname, char *err, size_t errlen);
struct cs8900a_wire *cs8900a_wire_pcap(const char *in, const char *out, char *err, size_t errlen);

/* Both ends of a cable of this delay (0: 500 ns); -ENOMEM. Both models must have one clock. */
int cs8900a_wire_pair(uint32_t delay_ns, struct cs8900a_wire *ends[2]);

/* After the model is destroyed. NULL is allowed. */
void cs8900a_wire_close(struct cs8900a_wire *wire);

/* To sleep on: readable when a frame waits outside. -1: this end has none. */
int cs8900a_wire_wait_fd(struct cs8900a_wire *wire);
