/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of port types and the grammar of `port add NAME DRIVER key value ...`. Pure: reads
 * words, touches neither the system nor the EAL. Called by the command layer; ports_open.c goes on
 * from the spec made here.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports_priv.h"

const struct port_type *const port_types[] = {
	&port_af_packet,
	&port_af_xdp,
	&port_tap,
	&port_virtio,
	&port_vhost,
	&port_memif,
	&port_pci,
	&port_pcap,
	&port_ring,
	&port_null,
	&port_cs8900a,
	NULL,
};

static int say(struct port_why *why, int err, int word, const char *format, ...)
{
	va_list args;

	why->word = word;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return err;
}

int port_fail(const struct port_spec *s, struct port_why *why, int err, int option,
	const char *format, ...)
{
	va_list args;

	/* An option that was not given: the driver's word is where it is missing. */
	why->word = option >= 0 && s->value[option] ? s->word[option] : 1;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return err;
}

const struct port_type *port_type_find(const char *name)
{
	for (unsigned i = 0; port_types[i]; i++)
		if (strcmp(port_types[i]->name, name) == 0)
			return port_types[i];
	return NULL;
}

bool port_yes(const struct port_spec *s, unsigned option)
{
	return s->value[option] && strcmp(s->value[option], "yes") == 0;
}

unsigned long port_number(const struct port_spec *s, unsigned option, unsigned long otherwise)
{
	return s->value[option] ? strtoul(s->value[option], NULL, 0) : otherwise;
}

/* The rules of the kernel for interface names, so that `ip` can say every name. */
static int check_name(const char *name, struct port_why *why)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IFNAMSIZ)
		return say(why, -EINVAL, 0, "a port's name has 1 to %d characters", IFNAMSIZ - 1);
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.", *c))
			return say(why, -EINVAL, 0,
				"'%s': a port's name is made of letters, digits, '_', '-' and '.'",
				name);
	if (strcmp(name, "lo") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return say(why, -EINVAL, 0, "'%s' is not free as a name; choose another", name);
	return 0;
}

static bool is_choice(const char *word, const char *choices)
{
	size_t len = strlen(word);

	while (choices) {
		if (strncmp(choices, word, len) == 0 &&
			(choices[len] == '|' || choices[len] == '\0'))
			return len > 0;
		choices = strchr(choices, '|');
		if (choices)
			choices++;
	}
	return false;
}

static bool is_mac(const char *word)
{
	unsigned b[6];
	char rest;

	return strlen(word) == 17 &&
	       sscanf(word, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		       &rest) == 6 &&
	       !(b[0] & 1);
}

static bool is_pci(const char *word)
{
	unsigned d, b, s, f;
	char rest;

	return (sscanf(word, "%4x:%2x:%2x.%1x%c", &d, &b, &s, &f, &rest) == 4 ||
		       sscanf(word, "%2x:%2x.%1x%c", &b, &s, &f, &rest) == 3) &&
	       s < 32 && f < 8;
}

static int check_number(const struct port_option *o, const char *word, int at, struct port_why *why)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(word, &end, 0);
	if (!isdigit((unsigned char)*word) || *end || errno || v < o->min || v > o->max)
		return say(why, -EINVAL, at, "%s '%s': must be a number from %lu to %lu", o->name,
			word, o->min, o->max);
	return 0;
}

static int check_value(const struct port_option *o, const char *word, int at, struct port_why *why)
{
	switch (o->value) {
	case PORT_IFACE:
		if (*word == '\0' || strlen(word) >= IFNAMSIZ || strpbrk(word, "/, \t="))
			return say(
				why, -EINVAL, at, "%s '%s': not an interface name", o->name, word);
		break;
	case PORT_PATH:
		/* DPDK takes device arguments as a list with commas. */
		if (*word == '\0' || strpbrk(word, ",[]\""))
			return say(why, -EINVAL, at,
				"%s '%s': a path without commas, brackets and quotes is needed",
				o->name, word);
		break;
	case PORT_NUMBER:
		return check_number(o, word, at, why);
	case PORT_YESNO:
		if (!is_choice(word, "yes|no"))
			return say(why, -EINVAL, at, "%s '%s': must be yes or no", o->name, word);
		break;
	case PORT_CHOICE:
		if (!is_choice(word, o->choices))
			return say(why, -EINVAL, at, "%s '%s': must be one of %s", o->name, word,
				o->choices);
		break;
	case PORT_MAC:
		if (!is_mac(word))
			return say(why, -EINVAL, at,
				"%s '%s': must be a unicast address like 02:00:00:00:00:01",
				o->name, word);
		break;
	case PORT_PCI:
		if (!is_pci(word))
			return say(why, -EINVAL, at, "%s '%s': must be like 0000:03:00.0", o->name,
				word);
		break;
	}
	return 0;
}

/* "a, b or c" of the table's names. */
static void list_types(char *buf, size_t len)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = 0; port_types[i] && at < len; i++)
		at += snprintf(buf + at, len - at, "%s%s", i ? " " : "", port_types[i]->name);
}

static void list_options(const struct port_type *t, char *buf, size_t len)
{
	size_t at = 0;

	buf[0] = '\0';
	for (const struct port_option *o = t->options; o->name && at < len; o++)
		at += snprintf(buf + at, len - at, "%s%s", o == t->options ? "" : " ", o->name);
}

static int parse_option(
	int argc, char *const argv[], int at, struct port_spec *s, struct port_why *why)
{
	const struct port_option *o = s->type->options;
	char known[160];
	int err;

	while (o->name && strcmp(o->name, argv[at]) != 0)
		o++;
	if (o->name == NULL) {
		list_options(s->type, known, sizeof(known));
		return say(why, -EINVAL, at, "%s has no option '%s'; it has: %s", s->type->name,
			argv[at], *known ? known : "none");
	}
	if (s->value[o - s->type->options])
		return say(why, -EINVAL, at, "option %s is given twice", o->name);
	if (at + 1 >= argc)
		return say(why, -EINVAL, at, "option %s needs a value: %s", o->name, o->help);
	err = check_value(o, argv[at + 1], at + 1, why);
	if (err < 0)
		return err;
	s->word[o - s->type->options] = at + 1;
	s->value[o - s->type->options] = strdup(argv[at + 1]);
	return s->value[o - s->type->options] ? 0 : say(why, -ENOMEM, at, "no memory");
}

static int parse_type(int argc, char *const argv[], struct port_spec *s, struct port_why *why)
{
	char known[160];

	list_types(known, sizeof(known));
	if (argc < 1)
		return say(why, -EINVAL, -1, "port add needs NAME DRIVER; drivers: %s", known);
	if (check_name(argv[0], why) < 0)
		return -EINVAL;
	if (argc < 2)
		return say(why, -EINVAL, 0, "port %s needs a driver: %s", argv[0], known);
	s->type = port_type_find(argv[1]);
	if (s->type == NULL)
		return say(why, -EINVAL, 1, "no driver '%s'; there are: %s", argv[1], known);
	snprintf(s->name, sizeof(s->name), "%s", argv[0]);
	return 0;
}

int port_parse(int argc, char *const argv[], struct port_spec *spec, struct port_why *why)
{
	int err;

	memset(spec, 0, sizeof(*spec));
	err = parse_type(argc, argv, spec, why);
	for (int at = 2; err == 0 && at < argc; at += 2)
		err = parse_option(argc, argv, at, spec, why);
	for (unsigned i = 0; err == 0 && spec->type->options[i].name; i++) {
		const struct port_option *o = &spec->type->options[i];
		if (o->required && spec->value[i] == NULL)
			err = say(why, -EINVAL, 1, "%s needs '%s': %s", spec->type->name, o->name,
				o->help);
	}
	if (err < 0)
		port_spec_free(spec);
	return err;
}

void port_spec_free(struct port_spec *spec)
{
	for (unsigned i = 0; i < PORT_MAX_OPTIONS; i++)
		free(spec->value[i]);
	memset(spec, 0, sizeof(*spec));
}

int port_spec_format(const struct port_spec *spec, char *buf, size_t len)
{
	int at = snprintf(buf, len, "%s %s", spec->name, spec->type->name);

	for (unsigned i = 0; spec->type->options[i].name; i++) {
		size_t used = (size_t)at < len ? (size_t)at : len;
		if (spec->value[i])
			at += snprintf(buf + used, len - used, " %s %s",
				spec->type->options[i].name, spec->value[i]);
	}
	return at;
}
