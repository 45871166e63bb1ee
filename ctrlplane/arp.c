/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP (RFC 826) with Linux's defaults (arp_ignore, arp_announce, arp_accept, proxy_arp 0): answers
 * for any address of this host, learns who asks, refreshes who is known, never learns strangers.
 * Frames come from workers as punts (cp_event), answers go by cp_backend.send.
 */
#include <linux/if_ether.h>
#include <linux/if.h>
#include <string.h>

#include "addrs.h"
#include "neigh_table.h"
#include "rib.h"
#include "wire/arp.h"
#include "wire/eth.h"

#define FRAME_MIN 60

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static bool speaks_arp(const struct cp_link *l)
{
	return (l->flags & IFF_UP) && !(l->flags & (IFF_NOARP | IFF_LOOPBACK));
}

static void send_arp(struct cp *cp, const struct cp_link *l, enum arp_op op, const uint8_t *to,
	in_addr_t spa, const uint8_t *tha, in_addr_t tpa)
{
	uint8_t f[FRAME_MIN] = {0};

	if (cp->be == NULL || !speaks_arp(l) || !l->carrier)
		return;
	memcpy(f, to, ETH_ADDR_LEN);
	memcpy(f + ETH_ADDR_LEN, l->addr, ETH_ADDR_LEN);
	f[12] = ETH_TYPE_ARP >> 8;
	f[13] = ETH_TYPE_ARP & 255;
	arp_build((struct arp_hdr *)(f + ETH_HDR_LEN), op, l->addr, spa, tha, tpa);
	cp->be->send(cp->be_ctx, l, f, sizeof(f));
}

void cp_arp_solicit(struct cp *cp, struct cp_link *l, in_addr_t target, const uint8_t *lladdr)
{
	in_addr_t src = cp_addr_select(cp, l, target, RT_SCOPE_LINK);

	cp->neighs->stats.solicits++;
	send_arp(cp, l, ARP_REQUEST, lladdr != NULL ? lladdr : everybody, src, lladdr, target);
}

void cp_arp_announce(struct cp *cp, struct cp_link *l, in_addr_t addr)
{
	send_arp(cp, l, ARP_REQUEST, everybody, addr, NULL, addr);
}

/* Somebody else says that one of our addresses is his. */
static bool is_duplicate(struct cp *cp, const struct cp_link *l, const struct arp_hdr *a)
{
	const uint8_t *m = a->sha;

	if (a->spa == 0 || memcmp(a->sha, l->addr, 6) == 0)
		return false;
	for (const struct cp_addr *x = l->addrs; x != NULL; x = x->next) {
		if (x->local != a->spa)
			continue;
		cp->neighs->stats.duplicates++;
		if (cp->now_ms >= cp->neighs->next_dup_log) {
			cp->neighs->next_dup_log = cp->now_ms + 1000;
			cp_log(cp, "%s: address %u.%u.%u.%u is also used by "
				"%02x:%02x:%02x:%02x:%02x:%02x", l->name,
				ntohl(a->spa) >> 24, ntohl(a->spa) >> 16 & 255,
				ntohl(a->spa) >> 8 & 255, ntohl(a->spa) & 255,
				m[0], m[1], m[2], m[3], m[4], m[5]);
		}
		return true;
	}
	return false;
}

static void request(struct cp *cp, struct cp_link *l, const struct arp_hdr *a)
{
	struct cp_neigh *n;

	if (a->spa != 0) {
		if (rib_addr_type(cp, a->spa, 0) != RTN_UNICAST)
			return;
		n = cp_neigh_make(cp, l, a->spa);
		if (n != NULL)
			cp_neigh_update(cp, n, a->sha, NUD_STALE, CP_NEIGH_OVERRIDE);
	}
	cp->neighs->stats.replies++;
	send_arp(cp, l, ARP_REPLY, a->sha, a->tpa, a->sha, a->spa);
}

static void refresh(struct cp *cp, const struct cp_link *l, const struct arp_hdr *a, bool to_us)
{
	struct cp_neigh *n = cp_neigh_find(cp, l->ifindex, a->spa);
	bool gratuitous = a->spa == a->tpa;
	bool reply = a->op == htons(ARP_REPLY) && to_us;

	if (n == NULL || (n->state & (NUD_PERMANENT | NUD_NOARP)))
		return;
	/* a second answer within locktime is not believed over the first */
	cp_neigh_update(cp, n, a->sha, reply ? NUD_REACHABLE : NUD_STALE,
		gratuitous || cp->now_ms > n->updated + cp_neigh_parms_of(cp, l)->locktime
		? CP_NEIGH_OVERRIDE : 0);
}

void cp_arp_input(struct cp *cp, struct cp_link *l, const void *frame, size_t len)
{
	const uint8_t *f = frame;
	const struct arp_hdr *a = len > ETH_HDR_LEN && f[12] == ETH_TYPE_ARP >> 8 &&
		f[13] == (ETH_TYPE_ARP & 255) ? arp_parse(f + ETH_HDR_LEN,
		(uint32_t)(len - ETH_HDR_LEN)) : NULL;
	uint32_t target;

	if (!speaks_arp(l) || a == NULL || (a->sha[0] & 1))
		return;
	target = ntohl(a->tpa);
	if (IN_MULTICAST(target) || target >> 24 == IN_LOOPBACKNET)
		return;
	if (is_duplicate(cp, l, a))
		return;
	if (a->op == htons(ARP_REQUEST) && rib_addr_type(cp, a->tpa, 0) == RTN_LOCAL)
		request(cp, l, a);
	else if (a->spa != 0)
		refresh(cp, l, a, memcmp(f, l->addr, ETH_ADDR_LEN) == 0);
}
