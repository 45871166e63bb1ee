/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `show proc`, which libskiff asks for when a program opens one of Linux's files of counters. The
 * keys and their order are proc_net.def's, Linux's own; programs find values by key.
 */
#include "proc_net.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum kind { KEY_COUNTED, KEY_NEVER, KEY_FIXED, KEY_FORWARDING, KEY_DEFAULT_TTL, KEY_TRANSMITS, KEY_LINE,
	KEY_END };

struct key {
	uint8_t kind; /* enum kind */
	uint16_t mib; /* enum ip4_mib of KEY_COUNTED */
	int32_t fixed;
	const char *name, *file; /* file: of KEY_LINE, whose name is the group */
};

static const struct key keys[] = {
#define LINE(f, g) {.kind = KEY_LINE, .name = #g, .file = #f},
#define COUNTED(g, n) {.kind = KEY_COUNTED, .mib = MIB_##g##n, .name = #n},
#define NEVER(g, n) {.kind = KEY_NEVER, .name = #n},
#define FIXED(g, n, v) {.kind = KEY_FIXED, .fixed = (v), .name = #n},
#define ASKED(g, n, what) {.kind = KEY_##what, .name = #n},
#define END(f, g) {.kind = KEY_END},
#include "proc_net.def"
};

bool proc_net_has(const char *name)
{
	return strcmp(name, "snmp") == 0 || strcmp(name, "netstat") == 0 ||
	       strcmp(name, "sockstat") == 0 || strcmp(name, "sockstat6") == 0;
}

void proc_net_add(struct ip4_counters *sum, const struct ip4_counters *c)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)c;

	static_assert(sizeof(*sum) % sizeof(*to) == 0, "nothing but counters");
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static int64_t value(const struct key *k, const struct ip4_counters *sum,
	const struct proc_net_conf *conf)
{
	switch ((enum kind)k->kind) {
	case KEY_COUNTED:
		return (int64_t)sum->mib[k->mib];
	case KEY_FIXED:
		return k->fixed;
	case KEY_FORWARDING:
		return conf->forwarding ? 1 : 2;
	case KEY_DEFAULT_TTL:
		return conf->default_ttl;
	case KEY_TRANSMITS:
		return (int64_t)sum->transmits;
	default:
		return 0;
	}
}

/* Types of messages that were seen; no line where there are none. */
static void print_icmp_types(FILE *f, const struct ip4_counters *sum)
{
	const uint64_t *const way[] = {sum->icmp_in_type, sum->icmp_out_type};
	static const char *const names[] = {"InType", "OutType"};
	unsigned int seen = 0;

	for (unsigned int line = 0; line < 2; line++) {
		for (unsigned int i = 0; i < 512; i++) {
			uint64_t n = way[i / 256][i % 256];

			if (n == 0)
				continue;
			if (seen++ == 0)
				fputs("IcmpMsg:", f);
			if (line == 0)
				fprintf(f, " %s%u", names[i / 256], i % 256);
			else
				fprintf(f, " %" PRIu64, n);
		}
		if (seen != 0)
			fputc('\n', f);
		seen = 0;
	}
}

/* From KEY_LINE on; returns KEY_END. */
static const struct key *print_line(FILE *f, const struct key *line, const struct ip4_counters *sum,
	const struct proc_net_conf *conf)
{
	const struct key *k;

	fprintf(f, "%s:", line->name);
	for (k = line + 1; k->kind != KEY_END; k++)
		fprintf(f, " %s", k->name);
	fprintf(f, "\n%s:", line->name);
	for (k = line + 1; k->kind != KEY_END; k++)
		fprintf(f, " %" PRId64, value(k, sum, conf));
	fputc('\n', f);
	if (strcmp(line->name, "Icmp") == 0)
		print_icmp_types(f, sum);
	return k;
}

static void print_sockstat(FILE *f, bool v6, const struct ip4_counters *sum)
{
	if (v6)
		fputs("TCP6: inuse 0\nUDP6: inuse 0\nUDPLITE6: inuse 0\nRAW6: inuse 0\n"
		      "FRAG6: inuse 0 memory 0\n", f);
	else
		fprintf(f, "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\n"
			"UDP: inuse 0 mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\n"
			"FRAG: inuse %" PRIu64 " memory %" PRIu64 "\n", sum->frag_queues,
			sum->frag_bytes);
}

void proc_net_print(FILE *f, const char *name, const struct ip4_counters *sum,
	const struct proc_net_conf *conf)
{
	const struct key *end = keys + sizeof(keys) / sizeof(keys[0]);

	if (strncmp(name, "sockstat", 8) == 0)
		print_sockstat(f, name[8] == '6', sum);
	for (const struct key *k = keys; k < end; k++)
		if (k->kind == KEY_LINE && strcmp(k->file, name) == 0)
			k = print_line(f, k, sum, conf);
}
