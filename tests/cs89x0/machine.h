/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The machine that the Linux driver runs in: a chip model at I/O 0300h, a virtual clock that each
 * bus access moves on, interrupts between the driver's calls, and a wire that the test holds.
 */

#include "kernel_api.h"
#include "cs8900a/model.h"
#include "cs8900a/model_wire.h"

struct machine {
	uint64_t now;
	uint64_t access_ns; /* what a bus access takes */
	struct cs8900a_model *model;
	struct cs8900a_wire wire;
	bool unplugged;

	/* the wire's outer end */
	struct cs8900a_wire_frame give; /* to the chip; len 0: nothing */
	struct cs8900a_wire_frame got;  /* from the chip, the newest */
	unsigned sent;

	/* the kernel */
	struct net_device *dev;
	struct sk_buff received; /* the newest that went up */
	unsigned nb_received;
	bool no_skb;             /* netdev_alloc_skb fails */
	unsigned interrupts;
	char log[65536];

	/* what is held: all zero when the module is gone */
	int regions, maps, irqs, dmas, pages, devices, skbs;
};

extern struct machine machine;

/* A new chip; NULL: 10BASE-T, an EEPROM with both blocks, no faults. */
void machine_start(const struct cs8900a_model_conf *conf);
void machine_stop(void);

int machine_insmod(void); /* the module's parameters as they were set; io is 0x300 */
void machine_rmmod(void);
void machine_param(const char *name, long value);
void machine_param_text(const char *name, const char *text);

/* Run until the condition holds or so much time has passed; true: it holds. */
bool machine_wait(bool (*done)(void), uint64_t ns);
void machine_run(uint64_t ns);
