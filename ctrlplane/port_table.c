/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opens, closes and watches ports. Opening is in this order, undone in reverse: the driver's
 * checks and the DPDK device (drivers/ports), the netdev's ops over it (port_device.c), the link
 * of the model, whose back end registers the netdev.
 */
#include "port_table.h"

#include <errno.h>
#include <event2/event.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cp.h"
#include "daemon.h"
#include "dev/netdev_update.h"
#include "links.h"
#include "log.h"
#include "port_device.h"
#include "takeover.h"

#define LINK_MS 500 /* how often the carrier of ports is looked at that send no event */

static struct event *pipe_event, *turn_event, *link_timer;
static char state_dir[PATH_MAX];

/* Journals outlive a socket's path, so they have one place where there is one. */
static void find_state_dir(const struct skiffd *d)
{
	char socket[sizeof(d->socket_path)];

	if ((mkdir("/run/skiff", 0755) == 0 || errno == EEXIST) &&
		access("/run/skiff", W_OK | X_OK) == 0) {
		snprintf(state_dir, sizeof(state_dir), "/run/skiff");
		return;
	}
	snprintf(socket, sizeof(socket), "%s", d->socket_path);
	snprintf(state_dir, sizeof(state_dir), "%s", dirname(socket));
}

int port_table_recover(struct skiffd *d)
{
	int n;

	find_state_dir(d);
	n = takeover_recover(state_dir);
	if (n > 0)
		log_warn("gave back %d interface%s that an earlier skiffd had taken", n,
			n == 1 ? "" : "s");
	return 0;
}

static struct port_entry *entry_of(const struct skiffd *d, uint16_t port_id)
{
	struct port_entry *e = d->ports;

	while (e != NULL && e->port.port_id != port_id)
		e = e->next;
	return e;
}

static void follow_link(struct skiffd *d, struct port_entry *e)
{
	struct cp_link *l = cp_link_get(d->cp, e->ifindex);
	struct netdev *dev = l == NULL ? NULL : l->dev;
	bool up;

	if (dev == NULL || !netdev_running(dev))
		return;
	netdev_port_link(d->dp, dev);
	up = !(atomic_load(&dev->state) & NETDEV_NOCARRIER);
	if (up != l->carrier || dev->link_speed_mbps != l->speed_mbps)
		cp_link_set_carrier(d->cp, l, up, dev->link_speed_mbps, dev->link_full_duplex);
}

static void gone(struct skiffd *d, struct port_entry *e)
{
	struct port_why why;

	log_warn("port %s: its device is gone; the port is removed", port_table_name(d, e));
	port_table_del(d, e, &why);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct skiffd *d = arg;
	struct port_event ev;

	while (port_device_event(&ev)) {
		struct port_entry *e = entry_of(d, ev.port_id);

		if (e != NULL && ev.gone)
			gone(d, e);
		else if (e != NULL)
			follow_link(d, e);
	}
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	port_turn();
}

static void on_link_timer(evutil_socket_t fd, short what, void *arg)
{
	struct skiffd *d = arg;

	for (struct port_entry *e = d->ports; e != NULL; e = e->next)
		follow_link(d, e);
}

/* A port that was just opened has a carrier to be asked for, at once and not half a second later. */
static int on_netdev(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct netdev *dev = ptr;

	if (event == NETDEV_EV_UP && dev->type == NETDEV_PORT)
		event_active(link_timer, EV_TIMEOUT, 1);
	return NOTIFY_DONE;
}

static struct notifier_block netdev_events = {.call = on_netdev};

int port_table_init(struct skiffd *d)
{
	const struct timeval tv = {.tv_usec = LINK_MS * 1000};
	int fd;

	if (d->check != NULL)
		return 0;
	fd = port_device_init();
	if (fd < 0) {
		log_error("a pipe for events of ports: %s", strerror(-fd));
		return fd;
	}
	pipe_event = event_new(d->base, fd, EV_READ | EV_PERSIST, on_event, d);
	turn_event = event_new(d->base, port_turn_fd(), EV_READ | EV_PERSIST, on_turn, d);
	link_timer = event_new(d->base, -1, EV_PERSIST, on_link_timer, d);
	if (pipe_event == NULL || turn_event == NULL || link_timer == NULL ||
		event_add(pipe_event, NULL) < 0 || event_add(turn_event, NULL) < 0 ||
		event_add(link_timer, &tv) < 0)
		return -ENOMEM;
	return notifier_register(netdev_chain(d->dp), &netdev_events);
}

void port_table_fini(struct skiffd *d)
{
	struct port_why why;

	while (d->ports != NULL)
		port_table_del(d, d->ports, &why);
	if (link_timer != NULL)
		notifier_unregister(netdev_chain(d->dp), &netdev_events);
	if (pipe_event != NULL)
		event_free(pipe_event);
	if (turn_event != NULL)
		event_free(turn_event);
	if (link_timer != NULL)
		event_free(link_timer);
	pipe_event = turn_event = link_timer = NULL;
	port_device_fini();
}

/* The link of the model for an open device. */
static int add_link(struct skiffd *d, struct port_entry *e, struct port_why *why)
{
	struct port_facts f;
	struct cp_port p = {.name = e->port.spec.name, .driver = e->port.spec.type->name,
		.port_id = e->port.port_id, .min_mtu = 68, .max_mtu = e->port.limits.max_mtu,
		.ops = &netdev_port_ops};
	struct cp_link *l;
	int err;

	port_device_facts(&e->port, &f);
	memcpy(p.mac, f.mac, sizeof(p.mac));
	p.carrier = f.carrier;
	p.speed_mbps = f.mbps;
	p.full_duplex = f.full_duplex;
	p.mtu = f.mtu >= p.min_mtu && f.mtu <= p.max_mtu ? f.mtu : p.max_mtu < 1500 ? p.max_mtu : 1500;
	p.priv = port_device_new(&e->port);
	if (p.priv == NULL) {
		snprintf(why->text, sizeof(why->text), "no memory");
		return -ENOMEM;
	}
	err = cp_link_add_port(d->cp, &p, &l);
	if (err < 0) {
		snprintf(why->text, sizeof(why->text), "%s: %s", p.name,
			err == -EEXIST ? "an interface of this name exists"
				       : d->cp->why ? d->cp->why : strerror(-err));
		why->word = err == -EEXIST ? 0 : -1;
		return err;
	}
	e->ifindex = l->ifindex;
	return 0;
}

int port_table_add(struct skiffd *d, struct port_spec *spec, struct port_why *why)
{
	struct port_entry *e = calloc(1, sizeof(*e));
	int err;

	why->word = -1;
	if (e == NULL) {
		snprintf(why->text, sizeof(why->text), "no memory");
		return -ENOMEM;
	}
	err = port_open(spec, state_dir, &e->port, why);
	if (err < 0) {
		free(e);
		return err;
	}
	err = add_link(d, e, why);
	if (err < 0) {
		port_device_forget(&e->port);
		port_close(&e->port);
		free(e);
		return err;
	}
	e->next = d->ports;
	d->ports = e;
	return 0;
}

int port_table_del(struct skiffd *d, struct port_entry *e, struct port_why *why)
{
	struct port_entry **at = &d->ports;
	struct cp_link *l = cp_link_get(d->cp, e->ifindex);
	int err = l == NULL ? 0 : cp_link_del(d->cp, l);

	if (err < 0) {
		snprintf(why->text, sizeof(why->text), "%s",
			d->cp->why ? d->cp->why : strerror(-err));
		return err;
	}
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	port_device_forget(&e->port);
	port_close(&e->port);
	free(e);
	return 0;
}

struct port_entry *port_table_by_name(const struct skiffd *d, const char *name)
{
	const struct cp_link *l = cp_link_by_name(d->cp, name);
	struct port_entry *e = d->ports;

	while (e != NULL && (l == NULL || e->ifindex != l->ifindex))
		e = e->next;
	return e;
}

const char *port_table_name(const struct skiffd *d, const struct port_entry *e)
{
	const struct cp_link *l = cp_link_get(d->cp, e->ifindex);

	return l == NULL ? e->port.spec.name : l->name;
}

bool port_table_same(const struct port_entry *e, const struct port_spec *spec)
{
	if (e->port.spec.type != spec->type)
		return false;
	for (unsigned int i = 0; i < PORT_MAX_OPTIONS; i++) {
		const char *a = e->port.spec.value[i], *b = spec->value[i];

		if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
			return false;
	}
	return true;
}

static void write_oldest_first(const struct skiffd *d, const struct port_entry *e, FILE *out)
{
	char line[2048];
	const char *rest;

	if (e == NULL)
		return;
	write_oldest_first(d, e->next, out);
	port_spec_format(&e->port.spec, line, sizeof(line));
	rest = strchr(line, ' ');
	fprintf(out, "port add %s%s\n", port_table_name(d, e), rest ? rest : "");
}

void port_table_write(const struct skiffd *d, FILE *out)
{
	write_oldest_first(d, d->ports, out);
}

void port_table_tx_timeout(struct skiffd *d, uint16_t index)
{
	struct netdev *dev = netdev_get(d->dp, index);

	if (dev == NULL)
		return;
	log_warn("port %s: a transmit queue stood still; the port is started anew", dev->name);
	netdev_reset(d->dp, dev);
}

static json_t *limits_of(const struct port_limits *l)
{
	return json_pack("{s:i, s:b, s:b, s:b, s:b, s:I, s:i}", "segments", (int)l->max_segments,
		"indirect", l->indirect, "external", l->external, "checksum", l->checksum,
		"tso", l->tso, "max_frame", (json_int_t)l->max_frame, "max_mtu", (int)l->max_mtu);
}

static json_t *one_port(const struct skiffd *d, const struct port_entry *e)
{
	const struct cp_link *l = cp_link_get(d->cp, e->ifindex);
	struct rtnl_link_stats64 st = {0};
	char line[2048], mac[18];
	const char *words;
	bool up = l != NULL && (l->flags & IFF_UP);

	if (l == NULL)
		return json_null();
	cp_link_stats(d->cp, l, &st);
	port_spec_format(&e->port.spec, line, sizeof(line));
	words = strchr(line, ' ');
	words = words ? strchr(words + 1, ' ') : NULL; /* behind the name and the driver */
	words = words ? words + 1 : "";
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", l->addr[0], l->addr[1],
		l->addr[2], l->addr[3], l->addr[4], l->addr[5]);
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
			 " s:I, s:I, s:I, s:o}",
		"port", l->name, "driver", e->port.spec.type->name, "options", words,
		"state", !up ? "down" : l->carrier ? "up" : "no carrier",
		"mtu", (json_int_t)l->mtu, "mac", mac, "mbps", (json_int_t)l->speed_mbps,
		"rx_packets", (json_int_t)st.rx_packets, "rx_bytes", (json_int_t)st.rx_bytes,
		"rx_missed", (json_int_t)st.rx_missed_errors,
		"rx_dropped", (json_int_t)st.rx_dropped, "rx_errors", (json_int_t)st.rx_errors,
		"tx_packets", (json_int_t)st.tx_packets, "tx_bytes", (json_int_t)st.tx_bytes,
		"tx_dropped", (json_int_t)st.tx_dropped, "tx_errors", (json_int_t)st.tx_errors,
		"rx_buffers", (json_int_t)port_device_rx_buffers(&e->port), "takes", limits_of(&e->port.limits));
}

json_t *report_ports(const struct skiffd *d, const char *name)
{
	json_t *rows = json_array();

	for (const struct port_entry *e = d->ports; e != NULL; e = e->next)
		if (name == NULL || strcmp(port_table_name(d, e), name) == 0)
			json_array_insert_new(rows, 0, one_port(d, e));
	return rows;
}
