/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine under the benchmarks: the EAL that peers need, and what the context tells. */
#pragma once

/* Starts the EAL with whatever pages there are; negative after a message. */
int machine_start_eal(void);
/* NUMA socket to make a peer's tables on: huge pages in every case the kernel allows it. */
int machine_socket(void);
/* CPU, TSC, pages: into the context of the output. */
void machine_describe(void);
