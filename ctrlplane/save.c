/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `skiff save`: the lines of a configuration file that lead from a fresh instance with the same
 * ports to this one. What follows from other lines (connected routes, what was learnt) is left
 * out. Called by the daemon, after its own `system` and `port` lines.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>

#include "addrs.h"
#include "inet_conf.h"
#include "neigh.h"
#include "rib.h"
#include "rules.h"

static const char *ip(in_addr_t a, char buf[INET_ADDRSTRLEN])
{
	return inet_ntop(AF_INET, &a, buf, INET_ADDRSTRLEN);
}

static void put_mac(FILE *out, const uint8_t *m)
{
	fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void save_new_link(const struct cp *cp, const struct cp_link *l, FILE *out)
{
	const struct cp_link *lower = cp_link_get(cp, l->lower);

	if (l->kind == CP_LINK_DUMMY)
		fprintf(out, "ip link add %s type dummy\n", l->name);
	if (l->kind == CP_LINK_VLAN && lower != NULL)
		fprintf(out, "ip link add link %s name %s type vlan protocol %s id %u%s\n", lower->name,
			l->name, l->vlan_proto == 0x88a8 ? "802.1ad" : "802.1Q", l->vlan_id,
			l->vlan_flags & 4 ? " loose_binding on" : "");
}

static void save_link(const struct cp_link *l, FILE *out)
{
	if (l->addr_set) {
		fprintf(out, "ip link set %s address ", l->name);
		put_mac(out, l->addr);
		fputc('\n', out);
	}
	if (l->kind != CP_LINK_LO)
		fprintf(out, "ip link set %s mtu %u txqueuelen %u\n", l->name, l->mtu, l->txqlen);
	if (l->alias[0] != 0)
		fprintf(out, "ip link set %s alias \"%s\"\n", l->name, l->alias);
	if (l->group != 0)
		fprintf(out, "ip link set %s group %u\n", l->name, l->group);
	if (l->flags & IFF_PROMISC)
		fprintf(out, "ip link set %s promisc on\n", l->name);
	if (l->flags & IFF_ALLMULTI)
		fprintf(out, "ip link set %s allmulticast on\n", l->name);
	if (l->kind == CP_LINK_PORT && (l->flags & IFF_NOARP))
		fprintf(out, "ip link set %s arp off\n", l->name);
	if (l->flags & IFF_UP)
		fprintf(out, "ip link set %s up\n", l->name);
}

static const char *scope_name(uint8_t scope, char buf[8])
{
	switch (scope) {
	case RT_SCOPE_UNIVERSE:
		return "global";
	case RT_SCOPE_LINK:
		return "link";
	case RT_SCOPE_HOST:
		return "host";
	default:
		snprintf(buf, 8, "%u", scope);
		return buf;
	}
}

static void save_addr(const struct cp *cp, const struct cp_link *l, const struct cp_addr *a, FILE *out)
{
	char b1[INET_ADDRSTRLEN], b2[INET_ADDRSTRLEN], num[8];

	if (l->kind == CP_LINK_LO && a->local == htonl(INADDR_LOOPBACK) && a->len == 8)
		return; /* comes with the link */
	if (a->valid_s != UINT32_MAX)
		return; /* not configuration: it would expire anyway */
	fprintf(out, "ip addr add %s", ip(a->local, b1));
	if (a->address != a->local)
		fprintf(out, " peer %s", ip(a->address, b2));
	fprintf(out, "/%u", a->len);
	if (a->broadcast != 0)
		fprintf(out, " broadcast %s", ip(a->broadcast, b1));
	if (a->metric != 0)
		fprintf(out, " metric %u", a->metric);
	fprintf(out, " scope %s label %s dev %s", scope_name(a->scope, num), a->label, l->name);
	if (a->preferred_s != UINT32_MAX)
		fprintf(out, " preferred_lft %u", a->preferred_s);
	if (a->flags & IFA_F_NOPREFIXROUTE)
		fprintf(out, " noprefixroute");
	fputc('\n', out);
}

static const char *const type_names[] = {
	[RTN_UNICAST] = "unicast", [RTN_LOCAL] = "local", [RTN_BROADCAST] = "broadcast",
	[RTN_ANYCAST] = "anycast", [RTN_MULTICAST] = "multicast", [RTN_BLACKHOLE] = "blackhole",
	[RTN_UNREACHABLE] = "unreachable", [RTN_PROHIBIT] = "prohibit", [RTN_THROW] = "throw",
};

static const char *link_name(const struct cp *cp, uint32_t ifindex)
{
	const struct cp_link *l = cp_link_get(cp, ifindex);

	return l != NULL ? l->name : "?";
}

static void save_nh(const struct cp *cp, const struct rib_nh *nh, FILE *out)
{
	char buf[INET_ADDRSTRLEN];

	if (nh->gw != 0)
		fprintf(out, " via %s", ip(nh->gw, buf));
	if (nh->oif != 0)
		fprintf(out, " dev %s", link_name(cp, nh->oif));
}

/* RTAX_* that iproute2 takes, by its words. */
static const char *const metric_words[RTAX_MAX + 1] = {
	[RTAX_MTU] = "mtu", [RTAX_WINDOW] = "window", [RTAX_RTT] = NULL, [RTAX_SSTHRESH] = "ssthresh",
	[RTAX_CWND] = "cwnd", [RTAX_ADVMSS] = "advmss", [RTAX_REORDERING] = "reordering",
	[RTAX_HOPLIMIT] = "hoplimit", [RTAX_INITCWND] = "initcwnd", [RTAX_INITRWND] = "initrwnd",
	[RTAX_QUICKACK] = "quickack",
};

static void save_metrics(const uint32_t *metrics, FILE *out)
{
	for (unsigned int i = 1; metrics != NULL && i <= RTAX_MAX; i++)
		if (metrics[i] != 0 && metric_words[i] != NULL)
			fprintf(out, " %s %s%u", metric_words[i],
				metrics[RTAX_LOCK] & 1u << i ? "lock " : "", metrics[i]);
}

static void save_route(const struct cp *cp, const struct rib_route *r, FILE *out)
{
	const struct rib_info *fi = r->fi;
	char buf[INET_ADDRSTRLEN];

	/* follows an address */
	if (fi->protocol == RTPROT_KERNEL)
		return;
	fprintf(out, "ip route append %s %s/%u table %u proto %u", type_names[r->type],
		ip(htonl(r->dst), buf), r->len, r->table, fi->protocol);
	if (fi->scope <= RT_SCOPE_HOST)
		fprintf(out, " scope %u", fi->scope);
	if (fi->priority != 0)
		fprintf(out, " metric %u", fi->priority);
	if (fi->prefsrc != 0)
		fprintf(out, " src %s", ip(fi->prefsrc, buf));
	save_metrics(rib_metrics(cp, fi), out);
	if (fi->n_nh == 1) {
		save_nh(cp, &fi->one, out);
		fputs(fi->one.flags & RTNH_F_ONLINK ? " onlink" : "", out);
	}
	for (unsigned int i = 0; fi->n_nh > 1 && i < fi->n_nh; i++) {
		fputs(" nexthop", out);
		save_nh(cp, &fi->many[i], out);
		fprintf(out, " weight %u%s", fi->many[i].weight,
			fi->many[i].flags & RTNH_F_ONLINK ? " onlink" : "");
	}
	fputc('\n', out);
}

/* A gateway must be reachable when its route is added: on-link routes first. */
static void save_routes(const struct cp *cp, FILE *out)
{
	for (int through_gateway = 0; through_gateway < 2; through_gateway++) {
		struct rib_cursor c = {0};
		struct rib_route r;

		while (rib_next(cp, &c, &r))
			if ((rib_info_nh(r.fi)->gw != 0) == through_gateway)
				save_route(cp, &r, out);
	}
}

static void save_rule(const struct cp_rule *r, FILE *out)
{
	static const char *const actions[] = {[FR_ACT_BLACKHOLE] = "blackhole",
		[FR_ACT_UNREACHABLE] = "unreachable", [FR_ACT_PROHIBIT] = "prohibit"};
	char buf[INET_ADDRSTRLEN];

	if (r->protocol == RTPROT_KERNEL)
		return;
	fprintf(out, "ip rule add priority %u%s", r->priority, r->invert ? " not" : "");
	fprintf(out, " from %s/%u", ip(r->src, buf), r->src_len);
	if (r->dst_len != 0)
		fprintf(out, " to %s/%u", ip(r->dst, buf), r->dst_len);
	if (r->iif[0] != 0)
		fprintf(out, " iif %s", r->iif);
	if (r->oif[0] != 0)
		fprintf(out, " oif %s", r->oif);
	if (r->mark_mask != 0)
		fprintf(out, " fwmark %#x/%#x", r->mark, r->mark_mask);
	if (r->tos != 0)
		fprintf(out, " tos %#x", r->tos);
	if (r->protocol != 0)
		fprintf(out, " protocol %u", r->protocol);
	if (r->action == FR_ACT_TO_TBL)
		fprintf(out, " table %u\n", r->table);
	else
		fprintf(out, " %s\n", actions[r->action]);
}

static void save_neighs(const struct cp *cp, FILE *out)
{
	uint32_t bucket = 0, nth = 0;
	const struct cp_neigh *n;
	char buf[INET_ADDRSTRLEN];

	while ((n = cp_neigh_next(cp, &bucket, &nth)) != NULL) {
		if (!(n->state & NUD_PERMANENT) || !n->has_lladdr)
			continue;
		fprintf(out, "ip neigh replace %s lladdr ", ip(n->ip, buf));
		put_mac(out, n->lladdr);
		fprintf(out, " dev %s nud permanent\n", link_name(cp, n->ifindex));
	}
}

/* `all` of forwarding sets the rest, a new default sets what is not set by hand: in this order. */
static void save_conf(const struct cp *cp, FILE *out)
{
	static const char format[] = "sysctl net.ipv4.conf.%s.%s=%u\n";
	struct cp *fresh = cp_new(NULL, NULL);

	for (const struct cp_conf_key *k = cp_conf_keys; fresh != NULL && k->name != NULL; k++) {
		uint32_t all = cp_conf_get(&cp->conf_all, k->devconf);
		uint32_t def = cp_conf_get(&cp->conf_default, k->devconf);

		if (all != cp_conf_get(&fresh->conf_all, k->devconf)) {
			fprintf(out, format, "all", k->name, all);
			cp_conf_set(fresh, CP_CONF_ALL, k, all);
		}
		if (def != cp_conf_get(&fresh->conf_default, k->devconf))
			fprintf(out, format, "default", k->name, def);
		/* where the links stand then */
		if (k->devconf == IPV4_DEVCONF_FORWARDING)
			def = all;
		for (const struct cp_link *l = cp_link_next(cp, 0); l != NULL;
			l = cp_link_next(cp, l->ifindex + 1))
			if (cp_conf_get(&l->conf, k->devconf) != def)
				fprintf(out, format, l->name, k->name, cp_conf_get(&l->conf, k->devconf));
	}
	cp_free(fresh);
}

/* First, for the entries that follow. */
static void save_thresh(const struct cp *cp, FILE *out)
{
	static const uint32_t defaults[] = {CP_NEIGH_GC1, CP_NEIGH_GC2, CP_NEIGH_GC3};

	for (unsigned int nr = 1; nr <= 3; nr++)
		if (cp_neigh_thresh(cp, nr) != defaults[nr - 1])
			fprintf(out, "sysctl net.ipv4.neigh.default.gc_thresh%u=%u\n", nr,
				cp_neigh_thresh(cp, nr));
}

int cp_save(const struct cp *cp, FILE *out)
{
	const struct cp_link *l;

	save_thresh(cp, out);
	for (l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		save_new_link(cp, l, out);
	/* a VLAN's port comes before it: ports have been there longer */
	for (l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		if (l->kind != CP_LINK_VLAN)
			save_link(l, out);
	for (l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		if (l->kind == CP_LINK_VLAN)
			save_link(l, out);
	for (l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next)
			save_addr(cp, l, a, out);
	save_routes(cp, out);
	for (uint32_t i = 0; i < cp->rules->n; i++)
		save_rule(&cp->rules->rule[i], out);
	save_neighs(cp, out);
	save_conf(cp, out);
	return ferror(out) ? -EIO : 0;
}
