/* SPDX-License-Identifier: BSD-3-Clause */
/* All counters under DPDK telemetry (/skiff/...), so that dpdk-telemetry.py reads them. */
#pragma once

struct skiffd;

int telemetry_init(struct skiffd *d);
void telemetry_fini(struct skiffd *d);
