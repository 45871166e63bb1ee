/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One instance of the control plane: its parts come into being and go in order, its clock runs
 * them. The parts are links, addresses, rib, nexthops, neigh, rules; journal.c holds transactions.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "addrs.h"
#include "adjacency.h"
#include "journal.h"
#include "links.h"
#include "neigh.h"
#include "nexthops.h"
#include "rib.h"
#include "rules.h"

/* Linux's defaults of net.ipv4.conf.*, those that are not zero. */
static void conf_defaults(struct cp_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->v[IPV4_DEVCONF_FORWARDING - 1] = 1; /* a router by trade */
	c->v[IPV4_DEVCONF_ACCEPT_REDIRECTS - 1] = 0;
	c->v[IPV4_DEVCONF_SECURE_REDIRECTS - 1] = 1;
	c->v[IPV4_DEVCONF_SEND_REDIRECTS - 1] = 1;
	c->v[IPV4_DEVCONF_SHARED_MEDIA - 1] = 1;
	c->v[IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE - 1] = 0;
	c->v[IPV4_DEVCONF_IGMPV2_UNSOLICITED_REPORT_INTERVAL - 1] = 10000;
	c->v[IPV4_DEVCONF_IGMPV3_UNSOLICITED_REPORT_INTERVAL - 1] = 1000;
}

static int backend_init(struct cp *cp)
{
	return cp->be != NULL && cp->be->init != NULL ? cp->be->init(cp->be_ctx) : 0;
}

static void backend_fini(struct cp *cp)
{
	if (cp->be != NULL && cp->be->fini != NULL)
		cp->be->fini(cp->be_ctx);
}

static const struct cp_part {
	int (*init)(struct cp *cp);
	void (*fini)(struct cp *cp);
} parts[] = {
	{backend_init, backend_fini},
	{rib_init, rib_fini},
	{cp_nhs_init, cp_nhs_fini},
	{cp_adjs_init, cp_adjs_fini},
	{cp_rules_init, cp_rules_fini},
	{cp_neighs_init, cp_neighs_fini},
	{cp_links_init, cp_links_fini},
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

struct cp *cp_new(const struct cp_backend *be, void *be_ctx)
{
	struct cp *cp = calloc(1, sizeof(*cp));

	if (cp == NULL)
		return NULL;
	cp->be = be;
	cp->be_ctx = be_ctx;
	cp->rng = 0x9E3779B97F4A7C15u ^ (uintptr_t)cp;
	conf_defaults(&cp->conf_all);
	conf_defaults(&cp->conf_default);
	cp->conf_default.v[IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE - 1] = 1; /* `all` says no */
	for (size_t i = 0; i < N_PARTS; i++) {
		if (parts[i].init(cp) == 0)
			continue;
		while (i-- > 0)
			parts[i].fini(cp);
		free(cp);
		return NULL;
	}
	return cp;
}

void cp_free(struct cp *cp)
{
	if (cp == NULL)
		return;
	for (size_t i = N_PARTS; i-- > 0;)
		parts[i].fini(cp);
	cp_journal_free(cp->journal);
	free(cp);
}

uint64_t cp_tick(struct cp *cp, uint64_t now_ms)
{
	uint64_t addrs, neighs;

	cp->now_ms = now_ms;
	addrs = cp_addrs_tick(cp);
	neighs = cp_neighs_tick(cp);
	return addrs < neighs ? addrs : neighs;
}

void cp_memory(const struct cp *cp, struct cp_memory *out)
{
	memset(out, 0, sizeof(*out));
	out->links = cp_link_count(cp);
	for (const struct cp_link *l = cp_link_next(cp, 0); l != NULL;
		l = cp_link_next(cp, l->ifindex + 1))
		for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next)
			out->addrs++;
	out->neighs = cp_neigh_count(cp);
	out->nexthops = cp_nh_count(cp);
	out->adjacencies = cp_adj_count(cp);
	rib_memory(cp, out);
}

int cp_fail(struct cp *cp, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cp->why_buf, sizeof(cp->why_buf), fmt, ap);
	va_end(ap);
	cp->why = cp->why_buf;
	return -err;
}

void cp_log(struct cp *cp, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (cp->log == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	cp->log(cp->log_ctx, line);
}

void cp_changed(struct cp *cp)
{
	cp->generation++;
}

uint32_t cp_random(struct cp *cp)
{
	uint64_t x = cp->rng;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	cp->rng = x;
	return (uint32_t)(x >> 32);
}
