/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hook points: registration by the control thread (a new sorted array replaces the old one under
 * QSBR) and the run of a burst through a point's array. Each point is a stage; hook_stages.c makes
 * its function. Order is (priority, registration number), so an skb that left by QUEUE finds its
 * place again in an array that has changed meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/dp.h"
#include "core/trace.h"

static const enum stage point_stage[HOOK_POINT_COUNT] = {
#define POINT(name, next) [HOOK_##name] = STAGE_##name,
#include "core/hook_points.def"
#undef POINT
};

static const enum stage point_next[HOOK_POINT_COUNT] = {
#define POINT(name, next) [HOOK_##name] = STAGE_##next,
#include "core/hook_points.def"
#undef POINT
};

static const struct hook_array *array_of(const struct dp *dp, enum hook_point point)
{
	return atomic_load_explicit(&dp->hooks.array[point], memory_order_acquire);
}

enum stage hook_next(const struct worker *w, enum hook_point point)
{
	/* who waits for a hook that has just gone is not passed by */
	if (unlikely(array_of(w->dp, point) != NULL || w->out[point_stage[point]].n))
		return point_stage[point];
	/* LOCAL_OUT's successor is a point itself */
	for (enum hook_point p = 0; p < HOOK_POINT_COUNT; p++)
		if (point_stage[p] == point_next[point])
			return hook_next(w, p);
	return point_next[point];
}

static int compare(int16_t priority, uint32_t generation, const struct hook_entry *e)
{
	if (priority != e->priority)
		return priority < e->priority ? -1 : 1;
	return generation < e->generation ? -1 : generation > e->generation;
}

/* The entry a resumed skb goes on at. */
static uint32_t resume_index(const struct hook_array *a, const struct skb *skb)
{
	uint32_t i = 0;

	while (i < a->n) {
		int c = compare(skb->resume.priority, skb->resume.generation, &a->entry[i]);

		if (c < 0 || (c == 0 && skb->resume.repeat))
			break;
		i++;
	}
	return i;
}

/*
 * One hook over a set of skbs; what it leaves accepted stays in skb[], the rest has ended, moved
 * on or is owned by the hook. Repeats are few, so they go again one round after another.
 */
static uint32_t call_hook(struct worker *w, enum hook_point point, const struct hook_entry *e,
	struct skb **skb, uint32_t n)
{
	uint8_t verdict[BURST_MAX];
	uint16_t reason[BURST_MAX];
	struct skb *again[BURST_MAX], *kept[BURST_MAX];
	uint32_t out = 0, rounds = 0;

	memcpy(again, skb, n * sizeof(*skb));
	while (n) {
		struct hook_call call = {point, n, again, verdict, reason, e->priv};
		uint32_t repeat = 0;

		memset(verdict, HOOK_ACCEPT, n);
		for (uint32_t i = 0; i < n; i++) {
			reason[i] = DROP_HOOK;
			again[i]->resume = (struct skb_resume){point, 0, e->priority, e->generation};
		}
		e->fn(w, &call);
		for (uint32_t i = 0; i < n; i++) {
			struct skb *s = again[i];

			/* the hook owns what it stole or queued: not even looked at */
			if (verdict[i] == HOOK_STOLEN || verdict[i] == HOOK_QUEUE)
				continue;
			if (unlikely(s->flags & SKB_F_TRACED))
				trace_verdict(w, s, e->name, verdict[i]);
			switch (verdict[i]) {
			case HOOK_ACCEPT:
				kept[out++] = s;
				break;
			case HOOK_STOP:
				burst_to(w, point_next[point], s);
				break;
			case HOOK_REPEAT:
				if (rounds == HOOK_REPEAT_MAX)
					skb_drop(w, s, DROP_LOOP);
				else
					again[repeat++] = s;
				break;
			default:
				skb_drop(w, s, reason[i]);
			}
		}
		n = repeat;
		rounds++;
	}
	memcpy(skb, kept, out * sizeof(*skb));
	return out;
}

static void run_from(struct worker *w, enum hook_point point, const struct hook_array *a,
	uint32_t first, struct skb **skb, uint32_t n)
{
	for (uint32_t h = first; h < a->n && n; h++)
		n = call_hook(w, point, &a->entry[h], skb, n);
	for (uint32_t i = 0; i < n; i++)
		burst_to(w, point_next[point], skb[i]);
}

void hook_run(struct worker *w, struct burst *in, enum hook_point point)
{
	static const struct hook_array none;
	const struct hook_array *a = array_of(w->dp, point);
	struct skb *fresh[BURST_MAX];
	uint32_t n = 0, count = in->n;

	if (!a)
		a = &none;
	for (uint32_t i = 0; i < count; i++) {
		struct skb *skb = in->skb[i];

		if (likely(!(skb->flags & SKB_F_RESUME))) {
			fresh[n++] = skb;
			continue;
		}
		skb->flags &= ~SKB_F_RESUME;
		run_from(w, point, a, resume_index(a, skb), &skb, 1);
	}
	run_from(w, point, a, 0, fresh, n);
}

void hook_resume(struct worker *w, struct skb *skb, bool repeat)
{
	skb->resume.repeat = repeat;
	skb->flags |= SKB_F_RESUME;
	burst_to(w, point_stage[skb->resume.point], skb);
}

static void free_array(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

static void replace(struct dp *dp, enum hook_point point, struct hook_array *a)
{
	const struct hook_array *old = array_of(dp, point);

	atomic_store_explicit(&dp->hooks.array[point], a, memory_order_release);
	if (old)
		dp_retire(dp, free_array, NULL, (void *)(uintptr_t)old);
}

static const struct hook_entry *find(const struct hook_array *a, const struct hook_ops *ops)
{
	for (uint32_t i = 0; a && i < a->n; i++)
		if (a->entry[i].fn == ops->fn && a->entry[i].priv == ops->priv)
			return &a->entry[i];
	return NULL;
}

int hook_register(struct dp *dp, const struct hook_ops *ops)
{
	const struct hook_array *old = array_of(dp, ops->point);
	uint32_t n = old ? old->n : 0, at = 0;

	if (find(old, ops))
		return -EEXIST;
	struct hook_array *a = malloc(sizeof(*a) + (n + 1) * sizeof(a->entry[0]));

	if (!a)
		return -ENOMEM;
	a->n = n + 1;
	a->generation = ++dp->hooks.generation;
	while (at < n && old->entry[at].priority <= ops->priority)
		at++;
	if (n) {
		memcpy(a->entry, old->entry, at * sizeof(a->entry[0]));
		memcpy(a->entry + at + 1, old->entry + at, (n - at) * sizeof(a->entry[0]));
	}
	a->entry[at] = (struct hook_entry){ops->fn, ops->priv, ops->priority, ops->name,
		a->generation};
	atomic_fetch_add(&dp->staged, 1);
	replace(dp, ops->point, a);
	return 0;
}

int hook_unregister(struct dp *dp, const struct hook_ops *ops)
{
	const struct hook_array *old = array_of(dp, ops->point);
	const struct hook_entry *e = find(old, ops);
	struct hook_array *a = NULL;

	if (!e)
		return -ENOENT;
	if (old->n > 1) {
		uint32_t at = e - old->entry;

		a = malloc(sizeof(*a) + (old->n - 1) * sizeof(a->entry[0]));
		if (!a)
			return -ENOMEM;
		a->n = old->n - 1;
		a->generation = ++dp->hooks.generation;
		memcpy(a->entry, old->entry, at * sizeof(a->entry[0]));
		memcpy(a->entry + at, e + 1, (a->n - at) * sizeof(a->entry[0]));
	}
	replace(dp, ops->point, a);
	dp_synchronize(dp);
	atomic_fetch_sub(&dp->staged, 1);
	return 0;
}

void hook_table_fini(struct dp *dp)
{
	for (enum hook_point p = 0; p < HOOK_POINT_COUNT; p++) {
		free((void *)(uintptr_t)array_of(dp, p));
		atomic_store_explicit(&dp->hooks.array[p], NULL, memory_order_relaxed);
	}
}
