/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The chip model in place of the chip. Its clock is the machine's, so that it takes part in real
 * traffic, or one that tests move (cs8900a_clock_advance()). Its EEPROM comes from a file of
 * hexadecimal words, or is made with an address of the device's name.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "cs8900a.h"
#include "model.h"
#include "model_wire.h"
#include "regs.h"

#define FAULTS_LARGEST 65536

struct model_bus {
	struct cs_bus bus;
	struct cs8900a_model *model;
	struct cs8900a_wire *wire;
};

static _Atomic uint64_t virtual_ns;

uint64_t cs8900a_clock_now(void)
{
	return atomic_load(&virtual_ns);
}

void cs8900a_clock_advance(uint64_t ns)
{
	atomic_fetch_add(&virtual_ns, ns);
}

static uint64_t virtual_clock(void *arg)
{
	(void)arg;
	return cs8900a_clock_now();
}

static uint64_t real_clock(void *arg)
{
	(void)arg;
	return cs_real_now(NULL);
}

static uint64_t virtual_now(struct cs_bus *b)
{
	(void)b;
	return cs8900a_clock_now();
}

static void virtual_sleep(struct cs_bus *b, uint64_t ns)
{
	(void)b;
	cs8900a_clock_advance(ns);
}

static struct cs8900a_model *model(struct cs_bus *b)
{
	return ((struct model_bus *)b)->model;
}

struct cs8900a_model *cs_bus_model_of(struct cs_bus *b)
{
	return model(b);
}

static uint16_t in16(struct cs_bus *b, unsigned port)
{
	return cs8900a_model_io_read16(model(b), port);
}

static void out16(struct cs_bus *b, unsigned port, uint16_t value)
{
	cs8900a_model_io_write16(model(b), port, value);
}

static uint8_t in8(struct cs_bus *b, unsigned port)
{
	return cs8900a_model_io_read8(model(b), port);
}

static void in_words(struct cs_bus *b, unsigned port, uint16_t *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = cs8900a_model_io_read16(model(b), port);
}

static void out_words(struct cs_bus *b, unsigned port, const uint16_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		cs8900a_model_io_write16(model(b), port, from[i]);
}

/* The window answers where the chip was told to, as on a bus. */
static int decode(struct cs_bus *b, unsigned addr)
{
	return cs8900a_model_mem_decode(model(b), b->window_base + addr);
}

static uint16_t peek(struct cs_bus *b, unsigned addr)
{
	int at = decode(b, addr);

	return at < 0 ? 0xffff : cs8900a_model_mem_read16(model(b), (unsigned)at);
}

static void poke(struct cs_bus *b, unsigned addr, uint16_t value)
{
	int at = decode(b, addr);

	if (at >= 0)
		cs8900a_model_mem_write16(model(b), (unsigned)at, value);
}

static void close_bus(struct cs_bus *b)
{
	struct model_bus *m = (struct model_bus *)b;

	if (m->model)
		cs8900a_model_destroy(m->model);
	cs8900a_wire_close(m->wire);
	free(m);
}

#define PORTS .kind = "model", .in16 = in16, .out16 = out16, .in8 = in8, .in_words = in_words,    \
	.out_words = out_words, .close = close_bus

/* By clock and by whether the memory window is used. */
static const struct cs_bus_ops kinds[2][2] = {
	[CS_CLOCK_TSC] = {
		{PORTS, .now = cs_real_now, .sleep = cs_real_sleep},
		{PORTS, .now = cs_real_now, .sleep = cs_real_sleep, .peek = peek, .poke = poke}},
	[CS_CLOCK_VIRTUAL] = {
		{PORTS, .now = virtual_now, .sleep = virtual_sleep},
		{PORTS, .now = virtual_now, .sleep = virtual_sleep, .peek = peek, .poke = poke}},
};

/* A whole small file as text. */
static char *slurp(const char *path, const char *what, struct cs_why *why)
{
	char *text = calloc(1, FAULTS_LARGEST + 1);
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f == NULL || text == NULL) {
		cs_say(why, 0, "%s %s: %s", what, path, strerror(errno));
		goto fail;
	}
	n = fread(text, 1, FAULTS_LARGEST, f);
	if (ferror(f) || n == FAULTS_LARGEST) {
		cs_say(why, 0, "%s %s: %s", what, path,
			ferror(f) ? strerror(errno) : "too large");
		goto fail;
	}
	fclose(f);
	return text;
fail:
	if (f)
		fclose(f);
	free(text);
	return NULL;
}

/* Hexadecimal words; the rest of a line behind a # is for people. */
static int read_words(const char *path, uint16_t *words, struct cs_why *why)
{
	char *text = slurp(path, "the EEPROM's file", why), *line, *lines, *word, *rest, *end;
	int n = 0;

	if (text == NULL)
		return -EINVAL;
	for (line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		line[strcspn(line, "#")] = '\0';
		for (word = strtok_r(line, " \t\r", &rest); word;
			word = strtok_r(NULL, " \t\r", &rest)) {
			unsigned long v = strtoul(word, &end, 16);

			if (*end || v > 0xffff || n == CS8900A_MODEL_EEPROM_WORDS) {
				n = cs_say(why, -EINVAL,
					"the EEPROM's file %s: '%s' is no word of four hexadecimal "
					"digits, or one too many", path, word);
				goto out;
			}
			words[n++] = (uint16_t)v;
		}
	}
	if (n != 64 && n != 128 && n != 256)
		n = cs_say(why, -EINVAL,
			"the EEPROM's file %s has %d words; an EEPROM has 64, 128 or 256", path, n);
out:
	free(text);
	return n;
}

/* Two devices have two addresses and back off differently, the same way each time. */
static uint32_t number_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (; name && *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

static int make_eeprom(const struct cs_bus_conf *conf, uint16_t *words, struct cs_why *why)
{
	const uint32_t h = number_of(conf->name);
	const uint8_t mac[6] = {2, 0x89, h >> 24, h >> 16, h >> 8, h};

	if (conf->eeprom && strcmp(conf->eeprom, "none") == 0)
		return 0;
	if (conf->eeprom)
		return read_words(conf->eeprom, words, why);
	cs8900a_model_eeprom_image(words, 64, mac, 0);
	return 64;
}

static int open_wire(struct model_bus *m, const char *text, struct cs_why *why)
{
	char name[128];

	if (text == NULL)
		return 0;
	if (strncmp(text, "iface:", 6) == 0) {
		snprintf(name, sizeof(name), "kernel:%s", text + 6);
		text = name;
	}
	m->wire = cs8900a_wire_open(text, why->text, sizeof(why->text));
	return m->wire ? 0 : -EINVAL;
}

static int make_model(struct model_bus *m, const struct cs_bus_conf *conf, struct cs_why *why)
{
	uint16_t words[CS8900A_MODEL_EEPROM_WORDS];
	struct cs8900a_model_conf c = {.wire = m->wire, .eeprom = words,
		.seed = number_of(conf->name),
		.media = conf->aui ? CS8900A_MODEL_AUI : CS8900A_MODEL_10BT,
		.now_ns = conf->clock == CS_CLOCK_TSC ? real_clock : virtual_clock};
	char *faults = NULL;
	int n = make_eeprom(conf, words, why);

	if (n < 0)
		return n;
	c.eeprom_words = (unsigned)n;
	if (n == 0)
		c.eeprom = NULL;
	if (conf->faults) {
		faults = slurp(conf->faults, "the script of faults", why);
		if (faults == NULL)
			return -EINVAL;
		c.faults = faults;
	}
	m->model = cs8900a_model_create(&c, why->text, sizeof(why->text));
	free(faults);
	return m->model ? 0 : -EINVAL;
}

int cs_bus_model_open(const struct cs_bus_conf *conf, struct cs_bus **bus, struct cs_why *why)
{
	struct model_bus *m = calloc(1, sizeof(*m));
	int err;

	if (m == NULL)
		return cs_say(why, -ENOMEM, "no memory");
	m->bus.ops = &kinds[conf->clock][conf->window != 0];
	m->bus.window_base = (uint32_t)conf->window;
	snprintf(m->bus.name, sizeof(m->bus.name), "the model");
	err = open_wire(m, conf->wire, why);
	if (err == 0)
		err = make_model(m, conf, why);
	if (err < 0) {
		close_bus(&m->bus);
		return err;
	}
	*bus = &m->bus;
	return 0;
}
