/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The `system` lines. skiffd reads them before it starts the engine (preread.c); a later `load`
 * may repeat them but not change them.
 */
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skiff/abi.h>

static const char *const huge_names[] = {
	[HUGE_AUTO] = "auto", [HUGE_YES] = "yes", [HUGE_NO] = "no"};

const char *settings_huge_name(enum settings_huge h)
{
	return huge_names[h];
}

void settings_default(struct settings *s)
{
	*s = (struct settings){.mbufs = SETTINGS_MBUFS, .huge = HUGE_AUTO, .spread = true};
}

/* A whole decimal number in [min, max]. */
static int number(const char *word, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long v;

	if (word[0] < '0' || word[0] > '9')
		return -EINVAL;
	errno = 0;
	v = strtoul(word, &end, 10);
	if (errno != 0 || *end != '\0' || v < min || v > max)
		return -EINVAL;
	*out = (uint32_t)v;
	return 0;
}

static int add_core(struct settings *s, unsigned long cpu)
{
	if (s->n_cores == SETTINGS_WORKERS_MAX || cpu >= CPU_SETSIZE)
		return -EINVAL;
	for (uint32_t i = 0; i < s->n_cores; i++)
		if (s->cores[i] == cpu)
			return -EINVAL;
	s->cores[s->n_cores++] = (uint16_t)cpu;
	return 0;
}

static int cores(struct settings *s, const char *list)
{
	const char *p = list;

	s->cores_given = true;
	s->n_cores = 0;
	for (;;) {
		char *end;
		unsigned long first, last;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		first = last = strtoul(p, &end, 10);
		if (*end == '-') {
			p = end + 1;
			if (*p < '0' || *p > '9')
				return -EINVAL;
			last = strtoul(p, &end, 10);
		}
		if (last < first || last >= CPU_SETSIZE)
			return -EINVAL;
		for (unsigned long c = first; c <= last; c++)
			if (add_core(s, c) < 0)
				return -EINVAL;
		if (*end == '\0')
			return 0;
		if (*end != ',')
			return -EINVAL;
		p = end + 1;
	}
}

static int hugepages(struct settings *s, const char *word)
{
	for (unsigned int i = 0; i < sizeof(huge_names) / sizeof(huge_names[0]); i++) {
		if (strcmp(word, huge_names[i]) == 0) {
			s->huge = (enum settings_huge)i;
			return 0;
		}
	}
	return -EINVAL;
}

int settings_set(struct settings *s, enum verb_id id, unsigned int argc, char *const *argv,
	struct verb_error *e)
{
	const char *v;

	if (argc < 3)
		return verb_wrong(e, SKIFF_NO_WORD, "a value is missing; write: %s %s",
			verb_by_id(id)->words, verb_by_id(id)->args);
	if (argc > 3)
		return verb_wrong(e, 3, "'%s' is one word too many; write: %s %s", argv[3],
			verb_by_id(id)->words, verb_by_id(id)->args);
	v = argv[2];
	switch (id) {
	case VERB_SYSTEM_WORKERS:
		if (number(v, 1, SETTINGS_WORKERS_MAX, &s->workers) < 0)
			return verb_wrong(e, 2, "'%s' is not a number of workers; 1 to %d", v,
				SETTINGS_WORKERS_MAX);
		return 0;
	case VERB_SYSTEM_CORES:
		if (cores(s, v) < 0)
			return verb_wrong(e, 2, "'%s' is not a list of CPUs; such as 2,3 or 4-7, each "
				"once, at most %d", v, SETTINGS_WORKERS_MAX);
		return 0;
	case VERB_SYSTEM_MBUFS:
		if (number(v, SETTINGS_MBUFS_MIN, SETTINGS_MBUFS_MAX, &s->mbufs) < 0)
			return verb_wrong(e, 2, "'%s' is not a number of buffers; %u to %u", v,
				SETTINGS_MBUFS_MIN, SETTINGS_MBUFS_MAX);
		return 0;
	case VERB_SYSTEM_HUGEPAGES:
		if (hugepages(s, v) < 0)
			return verb_wrong(e, 2, "'%s' is not known here; one of: auto, yes, no", v);
		return 0;
	case VERB_SYSTEM_MODE:
		if (strcmp(v, "busy") != 0 && strcmp(v, "adaptive") != 0)
			return verb_wrong(e, 2, "'%s' is not known here; one of: adaptive, busy", v);
		s->busy = v[0] == 'b';
		return 0;
	case VERB_SYSTEM_SPREAD:
		if (strcmp(v, "on") != 0 && strcmp(v, "off") != 0)
			return verb_wrong(e, 2, "'%s' is not known here; one of: on, off", v);
		s->spread = strcmp(v, "on") == 0;
		return 0;
	default:
		return verb_wrong(e, 1, "'%s' is not a setting", argv[1]);
	}
}

static int check_cores(const struct settings *s, const cpu_set_t *cpus, struct verb_error *e)
{
	if (s->workers != 0 && s->workers != s->n_cores)
		return verb_wrong(e, SKIFF_NO_WORD, "%u workers on %u cores; write one of `system "
			"workers` and `system cores`, not both", s->workers, s->n_cores);
	for (uint32_t i = 0; i < s->n_cores; i++)
		if (!CPU_ISSET(s->cores[i], cpus))
			return verb_wrong(e, SKIFF_NO_WORD, "CPU %u is not there or not allowed to "
				"skiffd; see `taskset -p $$` for those that are", s->cores[i]);
	return 0;
}

int settings_resolve(struct settings *s, const cpu_set_t *cpus, struct verb_error *e)
{
	uint32_t have = (uint32_t)CPU_COUNT(cpus), first, seen = 0;

	if (s->n_cores > 0) {
		int err = check_cores(s, cpus, e);

		s->workers = s->n_cores;
		return err;
	}
	if (s->workers == 0)
		s->workers = have > 1 ? have - 1 : 1;
	if (s->workers > SETTINGS_WORKERS_MAX)
		s->workers = SETTINGS_WORKERS_MAX;
	if (s->workers > have)
		return verb_wrong(e, SKIFF_NO_WORD, "%u workers on %u CPUs; each needs one of its "
			"own: `system workers %u` or fewer", s->workers, have, have);
	first = have - s->workers;
	for (unsigned int c = 0; c < CPU_SETSIZE; c++) {
		if (!CPU_ISSET(c, cpus))
			continue;
		if (seen++ >= first)
			s->cores[s->n_cores++] = (uint16_t)c;
	}
	return 0;
}

bool settings_free_cpus(const struct settings *s, const cpu_set_t *cpus, cpu_set_t *out)
{
	CPU_ZERO(out);
	if (s->cores_given || s->busy)
		return false;
	*out = *cpus;
	for (uint32_t i = 0; i < s->n_cores; i++)
		CPU_CLR(s->cores[i], out);
	return CPU_COUNT(out) > 0;
}

static bool same_cores(const struct settings *a, const struct settings *b)
{
	return a->n_cores == b->n_cores &&
		memcmp(a->cores, b->cores, a->n_cores * sizeof(a->cores[0])) == 0;
}

int settings_same(const struct settings *now, enum verb_id id, unsigned int argc,
	char *const *argv, struct verb_error *e)
{
	struct settings asked = *now;
	int err = settings_set(&asked, id, argc, argv, e);

	if (err < 0)
		return err;
	if (asked.workers == now->workers && same_cores(&asked, now) && asked.mbufs == now->mbufs &&
		asked.huge == now->huge && asked.busy == now->busy &&
		asked.spread == now->spread)
		return 0;
	verb_wrong(e, 2, "'%s %s' differs from what skiffd runs with; this needs restart: change it "
		"in skiffd's own file, then restart skiffd", argv[0], argv[1]);
	return -EBUSY;
}

int settings_cores_text(const struct settings *s, char *buf, size_t size)
{
	int n = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < s->n_cores && n >= 0 && (size_t)n < size; i++)
		n += snprintf(buf + n, size - (size_t)n, "%s%u", i ? "," : "", s->cores[i]);
	return n;
}

void settings_write(const struct settings *s, FILE *out)
{
	char list[SETTINGS_WORKERS_MAX * 6];

	settings_cores_text(s, list, sizeof(list));
	if (s->cores_given)
		fprintf(out, "system cores %s\n", list);
	else
		fprintf(out, "system workers %u\n", s->workers);
	fprintf(out, "system mbufs %u\n", s->mbufs);
	fprintf(out, "system hugepages %s\n", settings_huge_name(s->huge));
	fprintf(out, "system mode %s\n", s->busy ? "busy" : "adaptive");
	fprintf(out, "system spread %s\n", s->spread ? "on" : "off");
}
