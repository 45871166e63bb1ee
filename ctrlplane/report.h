/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters as JSON: the one form behind `show`, `show -j` and DPDK telemetry. Control thread.
 * All return a new reference, or NULL without memory.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "snapshot.h"

struct skiffd;

#define REPORT_ALL UINT32_MAX /* in place of a worker's number: the sum */

json_t *report_stages(const struct snapshot *s, uint32_t worker);
json_t *report_drops(const struct snapshot *s, uint32_t worker);
json_t *report_ledger(const struct snapshot *s, uint32_t worker);
/* Load is that between two snapshots, or since the start where `before` is NULL. */
json_t *report_workers(const struct skiffd *d, const struct snapshot *before,
	const struct snapshot *s);
json_t *report_memory(const struct skiffd *d);
json_t *report_system(const struct skiffd *d);
/* ports.c has report_ports. */
