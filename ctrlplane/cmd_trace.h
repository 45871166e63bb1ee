/* SPDX-License-Identifier: BSD-3-Clause */
/* `skiff trace`: one at a time, its records printed as they come. Control thread. */
#pragma once

#include <stdint.h>

struct skiffd;
struct trace_record;

/* A worker finished following a packet; the record is taken over. */
void traces_record(struct skiffd *d, struct trace_record *r);
/* A worker has taken the order with this token. */
void traces_done(struct skiffd *d, uint64_t token);
void traces_fini(struct skiffd *d);
