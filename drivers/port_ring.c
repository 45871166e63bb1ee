/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port type ring: two ports of one process joined by a pair of rings, or one joined to itself. In
 * ports.c's table.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "ports_priv.h"

enum { LINK, SIDE, SLOTS };

static const struct port_option options[] = {
	[LINK] = {"link", PORT_IFACE, "name of the pair; without it, what is sent comes back"},
	[SIDE] = {"side", PORT_CHOICE, "which end of the pair", .choices = "a|b"},
	[SLOTS] = {"slots", PORT_NUMBER, "frames each ring holds", .min = 64, .max = 65535},
	{0},
};

static int check(const struct port_spec *s, struct port_why *why)
{
	if (!port_value(s, LINK) != !port_value(s, SIDE))
		return port_fail(s, why, -EINVAL, port_value(s, LINK) ? LINK : SIDE,
			"link and side go together: `link NAME side a` and `link NAME side b`");
	return 0;
}

/* The ring's name says whose it is and which way it goes; whoever comes first makes it. */
static struct rte_ring *get_ring(const struct port_spec *s, const char *link, const char *way)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *r;

	snprintf(name, sizeof(name), "skr_%s_%s", link, way);
	r = rte_ring_lookup(name);
	return r ? r
		 : rte_ring_create(name, port_number(s, SLOTS, 1024), rte_socket_id(),
			   RING_F_EXACT_SZ | RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int open_port(struct port *p, struct port_why *why)
{
	const struct port_spec *s = &p->spec;
	const char *link = port_value(s, LINK);
	bool a = !link || strcmp(port_value(s, SIDE), "a") == 0;
	struct rte_ring *to, *from;
	uint16_t other;
	int id;

	to = get_ring(s, link ? link : s->name, a ? "ab" : "ba");
	from = link ? get_ring(s, link, a ? "ba" : "ab") : to;
	if (to == NULL || from == NULL)
		return port_fail(s, why, -rte_errno, -1, "no memory for the rings of %s", s->name);
	snprintf(p->device, sizeof(p->device), "%s_%s", link ? link : s->name,
		link ? (a ? "a" : "b") : "loop");
	{
		char full[PORT_DEVICE_NAME + 16];
		snprintf(full, sizeof(full), "net_ring_%s", p->device);
		if (rte_eth_dev_get_port_by_name(full, &other) == 0)
			return port_fail(s, why, -EEXIST, LINK,
				"side %s of link %s is in use already", a ? "a" : "b", link);
	}
	id = rte_eth_from_rings(p->device, &from, 1, &to, 1, rte_socket_id());
	if (id < 0)
		return port_fail(s, why, -rte_errno, -1, "the ring port did not start: %s",
			rte_strerror(rte_errno));
	p->port_id = id;
	return 0;
}

/* Frames that nobody will take any more. The ring goes with the second of its ports. */
static void drop_ring(const char *link, const char *way, bool last)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *r;
	void *m;

	snprintf(name, sizeof(name), "skr_%s_%s", link, way);
	r = rte_ring_lookup(name);
	if (r == NULL)
		return;
	while (last && rte_ring_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
	if (last)
		rte_ring_free(r);
}

static void close_port(struct port *p)
{
	const char *link = port_value(&p->spec, LINK);
	char peer[PORT_DEVICE_NAME];
	uint16_t other;
	bool last = true;

	if (link) {
		bool a = strcmp(port_value(&p->spec, SIDE), "a") == 0;
		snprintf(peer, sizeof(peer), "net_ring_%s_%s", link, a ? "b" : "a");
		last = rte_eth_dev_get_port_by_name(peer, &other) != 0;
	}
	drop_ring(link ? link : p->spec.name, "ab", last);
	drop_ring(link ? link : p->spec.name, "ba", last);
}

const struct port_type port_ring = {
	.name = "ring",
	.help = "a pair of rings inside skiffd, to join two ports or for tests",
	.options = options,
	.wait = PORT_WAIT_TIMER,
	.limits = {.max_segments = 256,
		.indirect = true,
		.external = true,
		.max_frame = 65535,
		.max_mtu = 65521,
		.software = true},
	.quirks = "hands the mbufs themselves over: the receiver must take clones and chains as "
		  "they are",
	.check = check,
	.open = open_port,
	.close = close_port,
};
