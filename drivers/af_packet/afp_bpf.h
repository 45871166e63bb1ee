/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The short way in for plain frames: a filter at the packet socket that writes them into a ring of
 * its own, a mapped BPF array, and keeps them from the socket. What its program (afp_filter.c) and
 * the ring's reader (afp_ring.c) share.
 *
 * Which way a frame goes. The reader asks for the ring by an epoch in `want`, 0: everything goes
 * by the socket, as it must while the worker sleeps, whom only the socket wakes. The program
 * serves one CPU, `owner`; what arrives on others goes by the socket. On the owner:
 *  - The epoch's first frame goes by the socket all the same, and opens the ring: its slot comes 1
 *    to 8 bytes short, which says so, and which epoch; the bytes are in `cut`. What the owner gave
 *    to the socket before is ahead of it there.
 *  - From then on, frames go into the ring, until one does not fit it: that one closes it for this
 *    epoch, and all goes by the socket until the reader asks for another.
 *  - One that was written while the reader took back its wish may have been overlooked: a slot of
 *    one byte, no frame, wakes it.
 * So what was written into the ring before a slot was filled comes before what is in the slot,
 * and the other way round only slots up to the epoch's first frame come before its records. Both
 * are seen as they are, as one CPU does all of it in order, so that no wait for a lost frame can
 * arise.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_UNITS 4096u   /* of a cache line each; a power of two */
#define RING_UNIT_SHIFT 6
#define RING_UNIT (1u << RING_UNIT_SHIFT)
#define RING_LONGEST 1522u /* an Ethernet frame with a VLAN tag in it */
#define RING_SHORTEST 24u  /* so that an epoch's first frame is one when it was cut */
#define RING_EPOCHS 8u     /* that the cut tells apart; a power of two */
#define RING_CLOSED (1u << 31)

/*
 * A record: this word, then the frame, in as many units as it takes. One that begins near the end
 * runs over it; the units that it would have taken at the beginning are left out. So a record is
 * always in one piece.
 */
#define RING_HEADER 4u
#define RING_LEN(h) ((h) & 0xffff)
#define RING_EPOCH(h) ((h) >> 16 & 0xff)
#define RING_SUMMED(h) ((h) >> 24) /* the byte of sk_buff with ip_summed, the other bits clear */

/* Positions are twice the number of units, and run on past the end. */
struct ring_shared {
	/* The reader's line. */
	_Alignas(64) _Atomic uint32_t want;
	_Atomic uint32_t owner;
	_Atomic uint32_t tail; /* read as far as this */
	/* The program's. */
	_Alignas(64) _Atomic uint32_t head; /* written as far as this; bit 0: somebody writes */
	uint32_t tail_seen;
	_Atomic uint32_t last_cpu; /* where a frame arrived that was not the owner's */
	_Atomic uint32_t state[RING_EPOCHS]; /* by epoch: itself: open; with RING_CLOSED: closed */
	_Alignas(64) uint64_t cut[RING_EPOCHS]; /* by epoch: its first frame's last 8 bytes */
	/* Whole pages are mapped; the records' units begin with a line. */
	_Alignas(64) uint8_t unit[RING_UNITS * RING_UNIT + 2 * 1024];
};

struct afp_bpf {
	struct ring_shared *shared;
	uint32_t pos;     /* read as far as this */
	uint32_t asked;   /* the last epoch that was asked for */
	uint32_t open;    /* the last one whose first frame was read, or is known to be lost */
	uint32_t longest; /* frame that the program takes */
	uint32_t until;   /* a slot waits for the records up to here, if held is set */
	bool wanted, held;
	uint16_t elsewhere; /* bursts by the socket in a row while the ring was open */
	uint8_t good;       /* RING_SUMMED of a frame whose checksum the kernel vouches for */
	uint64_t slots;     /* of the socket that were read */
	uint64_t search;    /* `slots` where the search for an epoch's first frame ends, 0: none */
	int map, prog;
};

/* afp_btf.c: what the kernel says of itself. */
struct afp_btf {
	int cast;      /* the number of bpf_cast_to_kern_ctx() */
	int ip_summed; /* its bit in struct sk_buff */
};
int afp_btf_read(struct afp_btf *out);
