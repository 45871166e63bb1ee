/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A cable between two models of one process. Its two models run as one simulation, event by event
 * (model.c), so this end gives and takes no frames: it only knows who is opposite, how long the
 * cable is, and whose turn it is, for the models may belong to two threads.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "model_priv.h"

#define DEFAULT_DELAY_NS 500
#define NAME_LEN 32
#define MAX_NAMED 16
#define SPINS 1000

struct cs8900a_pair {
	atomic_flag lock;
	atomic_uint refs;
	uint32_t delay_ns;
	struct cs8900a_wire end[2];
};

/* Those that were opened by name; the first end is taken, the second perhaps. */
static struct {
	char name[NAME_LEN];
	struct cs8900a_pair *pair;
	unsigned taken; /* bits: end 0, end 1 */
} named[MAX_NAMED];
static atomic_flag named_lock = ATOMIC_FLAG_INIT;

static void lock(atomic_flag *flag)
{
	unsigned spins = 0;

	while (atomic_flag_test_and_set_explicit(flag, memory_order_acquire))
		if (++spins % SPINS == 0)
			sched_yield(); /* the holder may share our core */
}

static void unlock(atomic_flag *flag)
{
	atomic_flag_clear_explicit(flag, memory_order_release);
}

void csm_pair_lock(struct cs8900a_wire *wire)
{
	if (wire->pair)
		lock(&wire->pair->lock);
}

void csm_pair_unlock(struct cs8900a_wire *wire)
{
	if (wire->pair)
		unlock(&wire->pair->lock);
}

struct cs8900a_wire *csm_pair_other(const struct cs8900a_wire *wire)
{
	struct cs8900a_pair *pair = wire->pair;

	if (!pair)
		return NULL;
	return wire == &pair->end[0] ? &pair->end[1] : &pair->end[0];
}

uint32_t csm_pair_delay(const struct cs8900a_wire *wire)
{
	return wire->pair->delay_ns;
}

static bool pair_link(struct cs8900a_wire *wire)
{
	const struct cs8900a_model *other = csm_pair_other(wire)->model;

	return other && !other->pulled && !other->link_down;
}

/* The name is free again with the last end; an end that was given back may be asked for again. */
static void forget(struct cs8900a_wire *wire)
{
	for (unsigned i = 0; i < MAX_NAMED; i++) {
		if (named[i].pair != wire->pair)
			continue;
		named[i].taken &= wire == &wire->pair->end[0] ? ~1u : ~2u;
		if (!named[i].taken)
			named[i].pair = NULL;
	}
}

static void pair_close(struct cs8900a_wire *wire)
{
	struct cs8900a_pair *pair = wire->pair;

	lock(&named_lock);
	forget(wire);
	if (atomic_fetch_sub(&pair->refs, 1) == 1)
		free(pair);
	unlock(&named_lock);
}

static const struct cs8900a_wire_ops pair_ops = { .link = pair_link, .close = pair_close };

static struct cs8900a_pair *pair_new(uint32_t delay_ns, unsigned refs)
{
	struct cs8900a_pair *pair = calloc(1, sizeof(*pair));

	if (!pair)
		return NULL;
	atomic_flag_clear(&pair->lock);
	atomic_init(&pair->refs, refs);
	pair->delay_ns = delay_ns ? delay_ns : DEFAULT_DELAY_NS;
	for (unsigned i = 0; i < 2; i++) {
		pair->end[i].ops = &pair_ops;
		pair->end[i].pair = pair;
	}
	return pair;
}

int cs8900a_wire_pair(uint32_t delay_ns, struct cs8900a_wire *ends[2])
{
	struct cs8900a_pair *pair = pair_new(delay_ns, 2);

	if (!pair)
		return -ENOMEM;
	ends[0] = &pair->end[0];
	ends[1] = &pair->end[1];
	return 0;
}

static struct cs8900a_wire *join(unsigned i, const char *name, char *err, size_t errlen)
{
	unsigned end = named[i].taken & 1 ? 1 : 0;

	if (named[i].taken == 3) {
		snprintf(err, errlen, "both ends of the pair \"%s\" are taken", name);
		return NULL;
	}
	named[i].taken |= 1u << end;
	atomic_fetch_add(&named[i].pair->refs, 1);
	return &named[i].pair->end[end];
}

static struct cs8900a_wire *found(const char *name, char *err, size_t errlen)
{
	unsigned spare = MAX_NAMED;

	for (unsigned i = 0; i < MAX_NAMED; i++) {
		if (!named[i].pair)
			spare = i;
		else if (!strcmp(named[i].name, name))
			return join(i, name, err, errlen);
	}
	if (spare == MAX_NAMED) {
		snprintf(err, errlen, "a process has at most %d pairs", MAX_NAMED);
		return NULL;
	}
	named[spare].pair = pair_new(0, 1);
	if (!named[spare].pair) {
		snprintf(err, errlen, "no memory for a wire");
		return NULL;
	}
	strcpy(named[spare].name, name);
	named[spare].taken = 1;
	return &named[spare].pair->end[0];
}

struct cs8900a_wire *csm_pair_named(const char *name, char *err, size_t errlen)
{
	struct cs8900a_wire *wire;

	if (!name[0] || strlen(name) >= NAME_LEN) {
		snprintf(err, errlen, "a pair's name has 1 to %d letters", NAME_LEN - 1);
		return NULL;
	}
	lock(&named_lock);
	wire = found(name, err, errlen);
	unlock(&named_lock);
	return wire;
}
