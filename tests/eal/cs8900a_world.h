/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Cards of the chip model on EAL, by their driver, in virtual time: a test makes them, joins two by
 * a wire, lets time pass and looks at both sides, the driver's and the model's.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "cs8900a/cs8900a.h"
#include "cs8900a/model.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

struct card {
	uint16_t port;
	char name[32];
	struct cs8900a_model *model;
};

extern struct rte_mempool *cards_pool;

/* Once per program. */
void cards_eal(const char *program);

/* 0, or the driver's error; cs8900a_why() has its sentence. */
int card_try(struct card *c, const char *name, const char *args);
/* Opened, with queues of `tx_desc` and buffers of `pool`, started. Fails the test if that fails. */
void card_up(struct card *c, const char *name, const char *args, unsigned tx_desc,
	struct rte_mempool *pool);
void card_start(struct card *c, unsigned tx_desc, struct rte_mempool *pool);
void card_down(struct card *c);

/* Two cards at one wire, both with these further arguments. */
void cards_up(struct card *a, struct card *b, const char *args);

/* A fault of the model's script, now. */
void card_fault(struct card *c, const char *action);
uint64_t card_xstat(const struct card *c, const char *name);
struct rte_eth_stats card_stats(const struct card *c);

/* What must be the same before and after: ports, buffers, descriptors, EAL's memory. */
struct leak_mark {
	unsigned ports, buffers, fds, blocks;
};
struct leak_mark leak_mark(void);
void leak_check(const struct leak_mark *before);
/* The same around a test, as its fixture; leak_teardown() may be called within it, too. */
int leak_setup(void **state);
int leak_teardown(void **state);

/* A frame of this length between the two, every byte known by `seed`. */
struct rte_mbuf *frame_make(const struct card *from, const struct card *to, unsigned len,
	unsigned seed);
void frame_fill(uint8_t *data, const struct card *from, const struct card *to, unsigned len,
	unsigned seed);
/* Byte for byte, over all segments; frees it. Shorter than 60 bytes: padded with zeros. */
void frame_expect(struct rte_mbuf *m, const struct card *from, const struct card *to, unsigned len,
	unsigned seed);

/* Polls `c` for one frame while time passes, at most `ns`; `other` is polled too. NULL: none. */
struct rte_mbuf *card_receive(struct card *c, struct card *other, uint64_t ns);
/* Sends m from a (the queue has room, or time passes until it has). */
void card_send(struct card *from, struct card *to, struct rte_mbuf *m);
/* Polls both until `ns` have passed; what arrives is freed and counted. */
unsigned cards_idle(struct card *a, struct card *b, uint64_t ns);
