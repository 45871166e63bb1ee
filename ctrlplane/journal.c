/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions. A shadow is a copy of the live instance without data plane; the requests it
 * accepted are noted as they came. Commit plays them into the live instance, which must be as it
 * was at the clone, so that each step has the result it had in the shadow; where the data plane
 * refuses one nevertheless, the live instance is led back to its picture from before (restore.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "links.h"
#include "neigh.h"
#include "netlink/rtnl.h"
#include "restore.h"
#include "rib.h"
#include "rules.h"

struct entry {
	bool is_step;
	struct cp_step step;
	struct nlmsghdr *nlh;
};

struct cp_journal {
	struct entry *entry;
	uint32_t n, cap;
};

static struct entry *append(struct cp *cp)
{
	struct cp_journal *j = cp->journal;
	struct entry *grown;
	uint32_t cap;

	if (j->n == j->cap) {
		cap = j->cap == 0 ? 64 : j->cap * 2;
		grown = realloc(j->entry, cap * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		j->entry = grown;
		j->cap = cap;
	}
	memset(&j->entry[j->n], 0, sizeof(j->entry[0]));
	return &j->entry[j->n++];
}

int cp_journal_request(struct cp *cp, const struct nlmsghdr *nlh)
{
	struct nlmsghdr *copy;
	struct entry *e;

	if (cp->journal == NULL)
		return 0;
	copy = malloc(nlh->nlmsg_len);
	e = copy != NULL ? append(cp) : NULL;
	if (e == NULL) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, nlh, nlh->nlmsg_len);
	e->nlh = copy;
	return 0;
}

int cp_journal_step(struct cp *shadow, const struct cp_step *step)
{
	struct entry *e = append(shadow);

	if (e == NULL)
		return -ENOMEM;
	e->is_step = true;
	e->step = *step;
	return 0;
}

void cp_journal_free(struct cp_journal *j)
{
	if (j == NULL)
		return;
	for (uint32_t i = 0; i < j->n; i++) {
		if (j->entry[i].is_step && j->entry[i].step.done != NULL)
			j->entry[i].step.done(j->entry[i].step.arg);
		free(j->entry[i].nlh);
	}
	free(j->entry);
	free(j);
}

static struct cp *copy_of(const struct cp *from)
{
	struct cp *to = cp_new(NULL, NULL);

	if (to == NULL)
		return NULL;
	to->conf_all = from->conf_all;
	to->conf_default = from->conf_default;
	to->rng = from->rng;
	to->addr_timers = from->addr_timers;
	to->generation = to->base_generation = from->generation;
	rib_fini(to);
	if (rib_init(to) == 0 && cp_links_clone(to, from) == 0 && rib_clone(to, from) == 0 &&
		cp_rules_clone(to, from) == 0 && cp_neighs_clone(to, from) == 0)
		return to;
	cp_free(to);
	return NULL;
}

struct cp *cp_clone(const struct cp *live)
{
	struct cp *to = copy_of(live);

	if (to == NULL)
		return NULL;
	to->journal = calloc(1, sizeof(*to->journal));
	if (to->journal == NULL) {
		cp_free(to);
		return NULL;
	}
	return to;
}

static int play(struct cp *live, struct cp_journal *j, uint32_t *done)
{
	int err = 0;

	for (*done = 0; *done < j->n; ++*done) {
		const struct entry *e = &j->entry[*done];

		err = e->is_step ? e->step.apply(live, e->step.arg) : cp_rtnl_apply(live, e->nlh);
		if (err < 0)
			break;
	}
	return err;
}

int cp_commit(struct cp *live, struct cp *shadow)
{
	struct cp_journal *j = shadow->journal;
	struct cp *before;
	uint32_t done;
	int err;

	live->why = NULL;
	if (live->generation != shadow->base_generation)
		return -EAGAIN;
	if (j->n == 0)
		return 0;
	before = copy_of(live);
	if (before == NULL)
		return -ENOMEM;
	err = play(live, j, &done);
	if (err < 0) {
		char why[sizeof(live->why_buf)];

		snprintf(why, sizeof(why), "%s", live->why != NULL ? live->why : "");
		while (done-- > 0)
			if (j->entry[done].is_step && j->entry[done].step.undo != NULL)
				j->entry[done].step.undo(live, j->entry[done].step.arg);
		cp_restore(live, before);
		cp_fail(live, -err, "%s", why);
		live->why = why[0] != 0 ? live->why_buf : NULL;
	}
	cp_free(before);
	return err;
}
