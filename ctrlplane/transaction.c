/* SPDX-License-Identifier: BSD-3-Clause */
/* A list of open transactions. Called by api.c for the loader and its tools. */
#include "transaction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp.h"
#include "daemon.h"
#include "netlink/nl_server.h"
#include "port_adopt.h"

static struct txn **find(struct skiffd *d, uint64_t token)
{
	struct txn **t = &d->txns;

	while (*t != NULL && (*t)->token != token)
		t = &(*t)->next;
	return t;
}

int transaction_begin(void *arg, uint64_t token, char *text, size_t size)
{
	struct skiffd *d = arg;
	unsigned int n = 0;
	struct txn *t;

	for (t = d->txns; t != NULL; t = t->next)
		n++;
	if (n >= TXN_MAX) {
		snprintf(text, size, "%u files are being loaded; wait for one to end", n);
		return -EBUSY;
	}
	t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->shadow = cp_clone(d->cp);
	if (t == NULL || t->shadow == NULL) {
		free(t);
		snprintf(text, size, "no memory for a copy of the state");
		return -ENOMEM;
	}
	t->token = token;
	t->next = d->txns;
	d->txns = t;
	return 0;
}

static void end(struct skiffd *d, struct txn **at)
{
	struct txn *t = *at;

	*at = t->next;
	nl_server_drop_ctx(d->ns, t->shadow);
	cp_free(t->shadow);
	free(t);
}

static int commit(struct skiffd *d, struct txn *t, char *text, size_t size)
{
	int err = cp_commit(d->cp, t->shadow);

	if (err == 0)
		port_adopt_new(d);
	if (err == -EAGAIN)
		snprintf(text, size, "the state changed while the file was being loaded");
	else if (err < 0 && t->failed != 0)
		snprintf(text, size, "#%u.%u: %s", t->failed, t->failed_word, t->why);
	else if (err < 0)
		snprintf(text, size, "%s", d->cp->why ? d->cp->why : strerror(-err));
	return err;
}

int transaction_end(void *arg, uint64_t token, bool yes, char *text, size_t size)
{
	struct skiffd *d = arg;
	struct txn **at = find(d, token);
	int err = 0;

	if (*at == NULL) {
		snprintf(text, size, "no such transaction");
		return -ENOENT;
	}
	if (yes)
		err = commit(d, *at, text, size);
	end(d, at);
	return err;
}

void *transaction_context(void *arg, uint64_t token)
{
	struct skiffd *d = arg;
	struct txn *t;

	if (token == 0)
		return d->cp;
	t = *find(d, token);
	return t == NULL ? NULL : t->shadow;
}

struct txn *transaction_of(struct skiffd *d, const struct cp *cp)
{
	struct txn *t = d->txns;

	while (t != NULL && t->shadow != cp)
		t = t->next;
	return t;
}

void transactions_fini(struct skiffd *d)
{
	while (d->txns != NULL)
		end(d, &d->txns);
}
