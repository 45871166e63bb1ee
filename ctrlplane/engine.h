/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane of the daemon: pools, the tables that workers read, the workers themselves, and
 * their messages to the control thread.
 */
#pragma once

#include <stdint.h>

struct skiffd;

/* Pools, tables and workers, not yet running. */
int engine_init(struct skiffd *d);
void engine_fini(struct skiffd *d);

/* The model on top of it (or, for --check, on nothing). */
int engine_model_init(struct skiffd *d);
void engine_model_fini(struct skiffd *d);

/* Launch them, each on its lcore; ask them to end and wait until they have. */
int workers_start(struct skiffd *d);
void workers_stop(struct skiffd *d);
