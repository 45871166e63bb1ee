/* SPDX-License-Identifier: BSD-3-Clause */
/* A trace record as text or JSON. Pure but for the names of interfaces. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "core/trace.h"

struct trace_names {
	const char *in, *out; /* of the interfaces, NULL: none */
	uint64_t tsc_hz;
};

void trace_print(FILE *out, const struct trace_record *r, const struct trace_names *n);
json_t *trace_json(const struct trace_record *r, const struct trace_names *n);
