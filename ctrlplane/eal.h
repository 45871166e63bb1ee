/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting and ending DPDK's environment as the settings want it. Control thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings.h"

struct skiffd;

#define EAL_ARGS_MAX 24

/* The command line for rte_eal_init, kept apart from starting it so that it can be tested. */
struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX + 1];
	char text[4096];
	size_t used;
};

struct eal_plan {
	const struct settings *settings; /* resolved */
	const cpu_set_t *cpus;           /* where the control thread may float */
	const char *file_prefix;
	const char *dpdk_log;            /* level for DPDK's own log, or NULL: errors only */
	bool huge;
	uint32_t mem_mb;
	uint32_t given_mb;               /* what the EAL is told: that, or more (core/thp.h) */
};

/* 0, or -E2BIG. */
int eal_args_make(struct eal_args *a, const struct eal_plan *p);
/* "skiff" for the default socket, else "skiff-" and a number from its path. */
void eal_file_prefix(char *buf, size_t size, const char *socket_path);
/* Memory for `mbufs` buffers and everything else that EAL hands out, in MB. */
uint32_t eal_mem_mb(uint32_t mbufs, uint32_t workers);

/* Why rte_eal_init() failed: its rte_errno, and with huge pages, how much of them is free now. */
void eal_reason(char *buf, size_t size, int err, const struct eal_plan *p, uint64_t huge_mb);

int eal_start(struct skiffd *d);
void eal_stop(struct skiffd *d);
