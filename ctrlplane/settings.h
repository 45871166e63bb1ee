/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The `system` lines: what is fixed when skiffd starts. Read from the file before EAL starts, and
 * compared with what is in force when a file is loaded later. Pure; any thread.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "verbs.h"

#define SETTINGS_WORKERS_MAX 64
#define SETTINGS_MBUFS_MIN 2048u
#define SETTINGS_MBUFS_MAX (1u << 24)
#define SETTINGS_MBUFS 32768u

enum settings_huge { HUGE_AUTO, HUGE_YES, HUGE_NO };

struct settings {
	uint32_t workers;                 /* 0: not given */
	uint32_t n_cores;                 /* 0: not given */
	bool cores_given;                 /* by `system cores`, not derived */
	uint16_t cores[SETTINGS_WORKERS_MAX]; /* CPU of each worker */
	uint32_t mbufs;
	enum settings_huge huge;
	bool busy;
	bool spread;                      /* flows among the workers, in software */
	bool pci;                         /* a port of the file is a PCI device */
};

void settings_default(struct settings *s);
/* One `system` verb with its arguments; argv[0] is "system". 0 or -EINVAL with *e. */
int settings_set(struct settings *s, enum verb_id id, unsigned int argc, char *const *argv,
	struct verb_error *e);
/*
 * Fills workers and cores from each other, for a process that may run on `cpus`: the worker CPUs
 * are the last of them, so that the first stays free where there is more than one. -EINVAL with
 * *e when a core is not among them.
 */
int settings_resolve(struct settings *s, const cpu_set_t *cpus, struct verb_error *e);
/*
 * Where a worker may go while its own CPU is needed more: CPUs of `cpus` that are no worker's. False,
 * and nothing in *out: the user chose the CPUs, the workers never sleep, or there is none. Resolved.
 */
bool settings_free_cpus(const struct settings *s, const cpu_set_t *cpus, cpu_set_t *out);
/* Would the verb change what is in force? Then it needs a restart: -EBUSY with *e. */
int settings_same(const struct settings *now, enum verb_id id, unsigned int argc,
	char *const *argv, struct verb_error *e);
/* The lines as `save` prints them. */
void settings_write(const struct settings *s, FILE *out);
const char *settings_huge_name(enum settings_huge h);
/* "2,3" or "1-3,5": the list of CPUs. */
int settings_cores_text(const struct settings *s, char *buf, size_t size);
