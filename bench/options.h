/* SPDX-License-Identifier: BSD-3-Clause */
/* What skiff-bench's own options say; set by main.c before any suite is prepared. */
#pragma once

extern const char *bench_table_path;	/* --table or SKIFF_BENCH_TABLE; NULL: look for it */
