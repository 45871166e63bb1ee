/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What fuzz targets share. A target is one LLVMFuzzerTestOneInput that leaves the state as it found
 * it, and aborts when an invariant broke. libFuzzer drives it with -Dfuzz=true; without, replay.c
 * runs it over the corpus, with any compiler.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/fake_worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Around a target's set-up, which lasts as long as the process and hangs on mapped memory that
 * LeakSanitizer does not search. Absent without it.
 */
__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);

static inline void fuzz_keep(bool keep)
{
	if (keep && __lsan_disable)
		__lsan_disable();
	if (!keep && __lsan_enable)
		__lsan_enable();
}

#define must(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

/* Take the next n bytes of the input; NULL when it has fewer. */
struct fuzz_input {
	const uint8_t *p;
	size_t left;
};

static inline const uint8_t *fuzz_take(struct fuzz_input *in, size_t n)
{
	const uint8_t *p = in->p;

	if (n > in->left)
		return NULL;
	in->p += n;
	in->left -= n;
	return p;
}

/* Every packet is accounted for and every buffer home but `held` ones. */
static inline void fuzz_check_ledger(struct fake_worker *f)
{
	struct ledger_sum sum;

	ledger_snapshot(f->w, &sum);
	must(ledger_gap(&sum) == 0);
	must(sum.held == 0);
}
