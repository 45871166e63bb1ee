/* SPDX-License-Identifier: BSD-3-Clause */
/* See fake_backend.h. */
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "addrs.h"
#include "fake_backend.h"
#include "links.h"
#include "rib.h"
#include "rules.h"

static int link_add(void *ctx, struct cp_link *l)
{
	return 0;
}

static void link_del(void *ctx, struct cp_link *l)
{
}

static int link_set(void *ctx, struct cp_link *l, unsigned int what)
{
	return 0;
}

static void link_stats(void *ctx, const struct cp_link *l, struct rtnl_link_stats64 *st)
{
}

static int fib_new(void *ctx, uint32_t fib)
{
	return 0;
}

static void fib_free(void *ctx, uint32_t fib)
{
	struct fake *f = ctx;

	for (size_t i = f->n; i-- > 0;)
		if (f->prefix[i].fib == fib)
			f->prefix[i] = f->prefix[--f->n];
}

static struct fake_prefix *find(const struct fake *f, uint32_t fib, uint32_t key, uint8_t len)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->prefix[i].fib == fib && f->prefix[i].key == key && f->prefix[i].len == len)
			return &f->prefix[i];
	return NULL;
}

static int fib_set(void *ctx, uint32_t fib, uint32_t key, uint8_t len, uint32_t nh)
{
	struct fake *f = ctx;
	struct fake_prefix *p = find(f, fib, key, len);

	if (f->fail_fib_after != 0 && --f->fail_fib_after == 0)
		return -ENOMEM;
	if (nh == 0) {
		if (p != NULL)
			*p = f->prefix[--f->n];
		return 0;
	}
	if (p == NULL) {
		if (f->n == f->cap) {
			f->cap = f->cap * 2 + 64;
			f->prefix = realloc(f->prefix, f->cap * sizeof(*f->prefix));
		}
		p = &f->prefix[f->n++];
	}
	*p = (struct fake_prefix){.fib = fib, .key = key, .len = len, .nh = nh};
	return 0;
}

static int rules(void *ctx, const struct cp_rules *r)
{
	struct fake *f = ctx;

	f->rules_merged = r->merged;
	f->rules_set++;
	return 0;
}

static int64_t nh_alloc(void *ctx)
{
	struct fake *f = ctx;

	if (f->n_free != 0)
		return f->free_id[--f->n_free];
	return ++f->next_id < FAKE_IDS ? (int64_t)f->next_id : -ENOSPC;
}

static int nh_publish(void *ctx, const struct cp_nh *nh, const struct cp_neigh *via)
{
	struct fake *f = ctx;

	f->nh[nh->id] = *nh;
	f->published++;
	return 0;
}

static void nh_release(void *ctx, uint32_t id)
{
	struct fake *f = ctx;

	f->nh[id].id = 0;
	f->free_id[f->n_free++] = id;
	f->released++;
}

static int neigh_publish(void *ctx, const struct cp_neigh *n)
{
	struct fake *f = ctx;

	f->last_neigh = *n;
	f->neigh_published++;
	return 0;
}

static void neigh_withdraw(void *ctx, const struct cp_neigh *n)
{
	((struct fake *)ctx)->neigh_withdrawn++;
}

static void neigh_ready(void *ctx, const struct cp_neigh *n)
{
	((struct fake *)ctx)->ready++;
}

static void send_frame(void *ctx, const struct cp_link *l, const void *frame, size_t len)
{
	struct fake *f = ctx;

	memcpy(f->frame[f->frames++ % FAKE_FRAMES], frame, len < 64 ? len : 64);
}

const struct cp_backend fake_backend = {
	.link_add = link_add, .link_del = link_del, .link_set = link_set, .link_stats = link_stats,
	.fib_new = fib_new, .fib_free = fib_free, .fib_set = fib_set, .rules = rules,
	.nh_alloc = nh_alloc, .nh_publish = nh_publish, .nh_release = nh_release,
	.neigh_publish = neigh_publish, .neigh_withdraw = neigh_withdraw,
	.neigh_ready = neigh_ready, .send = send_frame,
};

void fake_free(struct fake *f)
{
	free(f->prefix);
	*f = (struct fake){0};
}

uint32_t fake_lookup(const struct fake *f, uint32_t fib, uint32_t key, uint8_t len)
{
	const struct fake_prefix *p = find(f, fib, key, len);

	return p != NULL ? p->nh : 0;
}

size_t fake_count(const struct fake *f, uint32_t fib)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->prefix[i].fib == fib;
	return n;
}

struct cp_link *fake_link(struct cp *cp, const char *name)
{
	return cp_link_by_name(cp, name);
}

int fake_addr(struct cp *cp, const char *link, uint32_t ip, uint8_t len)
{
	struct cp_addr a = {.local = htonl(ip), .address = htonl(ip), .len = len,
		.valid_s = UINT32_MAX, .preferred_s = UINT32_MAX};

	return cp_addr_add(cp, fake_link(cp, link), &a, false, true);
}

struct cp *fake_router(struct fake *f)
{
	struct cp *cp = cp_new(&fake_backend, f);
	struct cp_port p = {.name = "eth0", .driver = "null", .port_id = UINT16_MAX, .carrier = true,
		.mac = {2, 0, 0, 0, 0, 1}, .min_mtu = 68, .max_mtu = 9000};

	cp_link_add_port(cp, &p, NULL);
	p.name = "eth1";
	p.mac[5] = 2;
	cp_link_add_port(cp, &p, NULL);
	cp_link_set_up(cp, fake_link(cp, "eth0"), true);
	cp_link_set_up(cp, fake_link(cp, "eth1"), true);
	fake_addr(cp, "eth0", 0x0a000001, 16);
	fake_addr(cp, "eth1", 0x0a010001, 16);
	cp_tick(cp, 1000);
	f->frames = 0;
	return cp;
}
