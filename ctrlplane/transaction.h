/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions of the socket's programs: each has a shadow of the model, against which commands
 * and tools run; its end plays it into the live instance, or forgets it. The ops of api.h.
 */
#pragma once

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

struct cp;
struct skiffd;

#define TXN_MAX 16

struct txn {
	struct txn *next;
	uint64_t token;
	struct cp *shadow;
	uint32_t commands; /* own verbs run so far: the loader counts with us */
	uint32_t failed;   /* the one whose step failed at commit, 0: none */
	uint32_t failed_word;
	char why[256];     /* and its sentence */
};

int transaction_begin(void *arg, uint64_t token, char *text, size_t size);
/*
 * Commit's error text begins with "#N.W: " where word W of the N-th own verb of the transaction
 * (from 1) is what failed; -EAGAIN: the live state changed meanwhile, the whole file is to be run again.
 */
int transaction_end(void *arg, uint64_t token, bool commit, char *text, size_t size);
void *transaction_context(void *arg, uint64_t token);
/* The transaction whose shadow this is; NULL: it is the live instance. */
struct txn *transaction_of(struct skiffd *d, const struct cp *cp);
void transactions_fini(struct skiffd *d);
