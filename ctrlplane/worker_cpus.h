/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPUs of the workers. Control thread only. */
#pragma once

#include <stdint.h>

struct skiffd;

/* Before worker `i` starts. */
void worker_cpus_init(struct skiffd *d, uint32_t i);

/* nl_follow_fn, ctx: struct skiffd. The worker of this CPU makes room, others go back to theirs. */
void worker_cpus_yield(void *ctx, int cpu);
