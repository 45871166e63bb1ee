/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words behind --vdev=net_cs8900a0,... into a struct cs_conf. What is wrong, and what does not go
 * together, is refused with a sentence. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_kvargs.h>

#include "pmd.h"

enum key {
	BUS, BASE, LAYOUT, WINDOW, FILE_, MEDIA, DUPLEX, MAC, TXSTART, POLL, WIRE, EEPROM, FAULTS,
	CLOCK, NB_KEYS
};

static const char *const keys[NB_KEYS + 1] = {
	[BUS] = "bus", [BASE] = "base", [LAYOUT] = "layout", [WINDOW] = "window", [FILE_] = "file",
	[MEDIA] = "media", [DUPLEX] = "duplex", [MAC] = "mac", [TXSTART] = "txstart",
	[POLL] = "poll", [WIRE] = "wire", [EEPROM] = "eeprom", [FAULTS] = "faults",
	[CLOCK] = "clock",
};

struct words {
	const char *value[NB_KEYS];
	bool twice;
};

static int take(const char *key, const char *value, void *arg)
{
	struct words *w = arg;

	for (unsigned i = 0; i < NB_KEYS; i++)
		if (strcmp(keys[i], key) == 0) {
			w->twice |= w->value[i] != NULL;
			w->value[i] = value ? value : "";
		}
	return 0;
}

/* The index of a word in a list, *to unchanged where the key is not given. */
static int choose(const struct words *w, enum key k, const char *const list[], int *to,
	struct cs_why *why)
{
	const char *v = w->value[k];
	char known[64] = "";

	if (v == NULL)
		return 0;
	for (int i = 0; list[i]; i++) {
		if (strcmp(list[i], v) == 0) {
			*to = i;
			return 0;
		}
		strlcat(known, i ? "|" : "", sizeof(known));
		strlcat(known, list[i], sizeof(known));
	}
	return cs_say(why, -EINVAL, "%s=%s: must be one of %s", keys[k], v, known);
}

static int number(const struct words *w, enum key k, uint64_t *to, struct cs_why *why)
{
	const char *v = w->value[k];
	char *end;

	if (v == NULL)
		return 0;
	errno = 0;
	*to = strtoull(v, &end, 0);
	if (errno || *end || v[0] < '0' || v[0] > '9')
		return cs_say(why, -EINVAL, "%s=%s: must be an address like 0x300", keys[k], v);
	return 0;
}

static int text(const struct words *w, enum key k, const char **to, struct cs_why *why)
{
	if (w->value[k] == NULL)
		return 0;
	if (w->value[k][0] == '\0')
		return cs_say(why, -EINVAL, "%s= needs a value", keys[k]);
	*to = strdup(w->value[k]);
	return *to ? 0 : cs_say(why, -ENOMEM, "no memory");
}

/* A key that says nothing on this bus is a misunderstanding, not to be passed over. */
static int only_with(const struct words *w, const enum key *list, unsigned n, const char *bus,
	struct cs_why *why)
{
	for (unsigned i = 0; i < n; i++)
		if (w->value[list[i]])
			return cs_say(why, -EINVAL, "%s= is for bus=%s", keys[list[i]], bus);
	return 0;
}

static int check_bus(struct cs_conf *c, const struct words *w, struct cs_why *why)
{
	static const enum key model[] = {WIRE, EEPROM, FAULTS, CLOCK};
	static const enum key memory[] = {LAYOUT};
	static const enum key real[] = {BASE, FILE_};
	int err = 0;

	if (c->bus.kind != CS_BUS_MODEL)
		err = only_with(w, model, RTE_DIM(model), "model", why);
	else
		err = only_with(w, real, RTE_DIM(real), "io or mem", why);
	if (err == 0 && c->bus.kind != CS_BUS_MEM)
		err = only_with(w, memory, RTE_DIM(memory), "mem", why);
	if (err < 0)
		return err;
	if (c->bus.kind == CS_BUS_MEM && w->value[BASE] == NULL)
		return cs_say(why, -EINVAL, "bus=mem needs base=ADDRESS");
	if (c->bus.kind == CS_BUS_IO && w->value[BASE] == NULL)
		c->bus.base = CS_IO_DEFAULT_BASE;
	if (c->bus.kind == CS_BUS_IO && w->value[FILE_] && w->value[WINDOW] == NULL)
		return cs_say(why, -EINVAL, "file= is for bus=mem, or goes with window=");
	if (w->value[WINDOW] && c->bus.kind == CS_BUS_MEM && !c->bus.mapped_ports)
		return cs_say(why, -EINVAL,
			"window= goes with ports; bus=mem,base= is the window itself "
			"unless layout=ports");
	if (w->value[WINDOW] && (c->bus.window == 0 || c->bus.window % CS_MEM_SIZE ||
					c->bus.window >> 20))
		return cs_say(why, -EINVAL,
			"window=%s: must be a multiple of 0x1000 below 1 MB, as the chip's 20 address "
			"lines have it", w->value[WINDOW]);
	return 0;
}

static int read_bus(struct cs_conf *c, const struct words *w, struct cs_why *why)
{
	static const char *const buses[] = {"io", "mem", "model", NULL};
	static const char *const layouts[] = {"window", "ports", NULL};
	static const char *const clocks[] = {"tsc", "virtual", NULL};
	int kind = -1, layout = 0, clock = 0;
	int err = choose(w, BUS, buses, &kind, why);

	if (err == 0 && kind < 0)
		err = cs_say(why, -EINVAL, "bus=io|mem|model is needed");
	if (err == 0)
		err = choose(w, LAYOUT, layouts, &layout, why);
	if (err == 0)
		err = choose(w, CLOCK, clocks, &clock, why);
	if (err == 0)
		err = number(w, BASE, &c->bus.base, why);
	if (err == 0)
		err = number(w, WINDOW, &c->bus.window, why);
	if (err < 0)
		return err;
	c->bus.kind = kind;
	c->bus.mapped_ports = layout == 1;
	c->bus.clock = clock;
	err = check_bus(c, w, why);
	if (err == 0)
		err = text(w, FILE_, &c->bus.file, why);
	if (err == 0)
		err = text(w, WIRE, &c->bus.wire, why);
	if (err == 0)
		err = text(w, EEPROM, &c->bus.eeprom, why);
	if (err == 0)
		err = text(w, FAULTS, &c->bus.faults, why);
	return err;
}

static int read_line(struct cs_conf *c, const struct words *w, struct cs_why *why)
{
	static const char *const media[] = {"auto", "10baset", "aui", "10base2", NULL};
	static const char *const duplex[] = {"half", "full", NULL};
	static const char *const starts[] = {"5", "381", "1021", "all", NULL};
	static const char *const polls[] = {"event", "isq", NULL};
	int m = CS_MEDIA_AUTO, d = 0, start = 3, poll = CS_POLL_EVENT;
	int err = choose(w, MEDIA, media, &m, why);

	if (err == 0)
		err = choose(w, DUPLEX, duplex, &d, why);
	if (err == 0)
		err = choose(w, TXSTART, starts, &start, why);
	if (err == 0)
		err = choose(w, POLL, polls, &poll, why);
	if (err == 0 && w->value[MAC] && (rte_ether_unformat_addr(w->value[MAC], &c->mac) < 0 ||
					!rte_is_valid_assigned_ether_addr(&c->mac)))
		err = cs_say(why, -EINVAL, "mac=%s: must be a station's address, as 02:00:00:00:00:01",
			w->value[MAC]);
	c->media = m;
	c->bus.aui = m == CS_MEDIA_AUI || m == CS_MEDIA_10B2; /* where a model's wire goes */
	c->full_duplex = d;
	c->txstart = (uint16_t)(start * CS_TXCMD_TXSTART_381);
	c->poll = poll;
	c->has_media = w->value[MEDIA];
	c->has_duplex = w->value[DUPLEX];
	c->has_mac = w->value[MAC];
	return err;
}

int cs_args_read(struct cs_conf *conf, const char *args, struct cs_why *why)
{
	struct rte_kvargs *kv = rte_kvargs_parse(args, keys);
	struct words w = {0};
	int err;

	memset(conf, 0, sizeof(*conf));
	if (kv == NULL)
		return cs_say(why, -EINVAL,
			"cannot read '%s'; known: bus base layout window file media duplex mac txstart "
			"poll wire eeprom faults clock, as key=value", args);
	rte_kvargs_process(kv, NULL, take, &w);
	err = w.twice ? cs_say(why, -EINVAL, "'%s' gives a key twice", args) : 0;
	if (err == 0)
		err = read_bus(conf, &w, why);
	if (err == 0)
		err = read_line(conf, &w, why);
	rte_kvargs_free(kv);
	if (err < 0)
		cs_args_free(conf);
	return err;
}

void cs_args_free(struct cs_conf *conf)
{
	const char **texts[] = {&conf->bus.file, &conf->bus.wire, &conf->bus.eeprom,
		&conf->bus.faults};

	for (unsigned i = 0; i < RTE_DIM(texts); i++) {
		free((void *)(uintptr_t)*texts[i]);
		*texts[i] = NULL;
	}
}
