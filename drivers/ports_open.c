/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening and closing ports, and what a worker sleeps on. Takes the kernel's interface where the
 * type has one, then attaches the DPDK device; the way back is the reverse. Called by ctrlplane's
 * port layer with the EAL up.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "af_packet/af_packet.h"
#include "ports_priv.h"

static int iface_option(const struct port_type *t)
{
	for (int i = 0; t->options[i].name; i++)
		if (t->options[i].value == PORT_IFACE)
			return i;
	return -1;
}

static int take(struct port *p, const char *state_dir, struct port_why *why)
{
	const struct port_spec *s = &p->spec;
	int option = iface_option(s->type);
	struct takeover_why t;
	int err;

	if (s->type->takeover == NULL)
		return 0;
	err = takeover_begin(port_value(s, option), s->type->takeover(s), state_dir, &p->taken, &t);
	return err < 0 ? port_fail(s, why, err, option, "%s", t.text) : 0;
}

int port_attach_vdev(struct port *p, struct port_why *why)
{
	const struct port_spec *s = &p->spec;
	char args[512] = "";
	int err;

	snprintf(p->device, sizeof(p->device), "%s_%s", s->type->device, s->name);
	if (s->type->devargs && s->type->devargs(s, args, sizeof(args)) >= (int)sizeof(args))
		return port_fail(
			s, why, -ENAMETOOLONG, -1, "the options of %s are too long", s->name);
	err = rte_eal_hotplug_add("vdev", p->device, args);
	if (err == 0)
		err = rte_eth_dev_get_port_by_name(p->device, &p->port_id);
	if (err < 0)
		return port_fail(s, why, err, -1,
			"DPDK's driver for %s did not start (%s); its own words stand above",
			s->type->name, strerror(-err));
	return 0;
}

/* What the device itself says may be less than what its type can. */
static int narrow(struct port *p, struct port_why *why)
{
	struct rte_eth_dev_info info;
	struct port_limits *l = &p->limits;
	int err = rte_eth_dev_info_get(p->port_id, &info);
	uint64_t sums = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;

	if (err < 0)
		return port_fail(&p->spec, why, err, -1, "the device does not say what it can: %s",
			strerror(-err));
	*l = p->spec.type->limits;
	if (!(info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS))
		l->max_segments = 1;
	else if (info.tx_desc_lim.nb_seg_max && info.tx_desc_lim.nb_seg_max < l->max_segments)
		l->max_segments = info.tx_desc_lim.nb_seg_max;
	l->checksum &= (info.tx_offload_capa & sums) == sums;
	l->tso &= !!(info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_TCP_TSO);
	/* Without, asking for the link runs the driver's handler in the thread that asks. */
	p->link_intr = p->spec.type->serial && p->spec.type->device && info.dev_flags &&
		(*info.dev_flags & RTE_ETH_DEV_INTR_LSC) &&
		strncmp(p->device, p->spec.type->device, strlen(p->spec.type->device)) == 0;
	l->uso &= !!(info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_TSO);
	if (info.max_mtu && info.max_mtu < l->max_mtu)
		l->max_mtu = info.max_mtu;
	/* As ethdev will judge it: a frame of the device's largest, less what it counts as overhead. */
	if (!l->software && info.max_rx_pktlen > RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN &&
		(info.max_mtu == 0 || info.max_mtu == UINT16_MAX || info.max_mtu > info.max_rx_pktlen) &&
		info.max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN < l->max_mtu)
		l->max_mtu = info.max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;
	return 0;
}

static int close_device(void *arg)
{
	const struct port *p = arg;

	return rte_eth_dev_close(p->port_id);
}

void port_detach(struct port *p)
{
	struct rte_eth_dev_info info;
	struct rte_device *device = NULL;

	if (p->spec.type->leave && p->spec.type->leave(p) < 0)
		return;
	if (rte_eth_dev_info_get(p->port_id, &info) == 0)
		device = info.device;
	/* a device that its handler does not let go stays as it is until the process ends */
	if (port_call(p, close_device, p) != -ETIMEDOUT && device)
		rte_dev_remove(device);
}

int port_open(struct port_spec *spec, const char *state_dir, struct port *p, struct port_why *why)
{
	int err;

	memset(p, 0, sizeof(*p));
	p->spec = *spec;
	for (unsigned i = 0; i < PORT_MAX_QUEUES; i++)
		p->wait_fd[i] = -1;
	p->min_queues = spec->type->queues ? spec->type->queues(spec) : 1;
	p->rx_slots = spec->type->slots ? spec->type->slots(spec) : 0;
	p->rx_usecs = spec->type->rx_usecs ? spec->type->rx_usecs(spec) : 0;
	err = take(p, state_dir, why);
	if (err < 0)
		return err;
	err = spec->type->open ? spec->type->open(p, why) : port_attach_vdev(p, why);
	if (err < 0)
		goto give_back;
	err = narrow(p, why);
	if (err < 0)
		goto close;
	memset(spec, 0, sizeof(*spec));
	return 0;
close:
	port_detach(p);
	if (p->spec.type->close)
		p->spec.type->close(p);
give_back:
	if (p->taken)
		takeover_end(p->taken);
	return err;
}

static void close_waits(struct port *p)
{
	for (unsigned i = 0; p->spec.type->wait == PORT_WAIT_RX_INTR && i < PORT_MAX_QUEUES; i++) {
		if (p->wait_fd[i] >= 0)
			close(p->wait_fd[i]);
		p->wait_fd[i] = -1;
	}
}

void port_close(struct port *p)
{
	close_waits(p);
	port_detach(p);
	if (p->spec.type->close)
		p->spec.type->close(p);
	if (p->taken)
		takeover_end(p->taken);
	p->taken = NULL;
	port_spec_free(&p->spec);
}

/* Calls fn for each XDP socket among this process's descriptors. */
static void each_xdp_socket(void (*fn)(int fd, void *arg), void *arg)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		int fd = atoi(e->d_name), domain;
		socklen_t len = sizeof(domain);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_XDP)
			fn(fd, arg);
	}
	if (d)
		closedir(d);
}

static void note(int fd, void *arg)
{
	struct port_queue_mark *m = arg;

	if ((size_t)fd < sizeof(m->seen) * 8)
		m->seen[fd / 64] |= 1ull << fd % 64;
}

struct search {
	const struct port_queue_mark *before;
	int found;
};

static void find_new(int fd, void *arg)
{
	struct search *s = arg;

	if ((size_t)fd < sizeof(s->before->seen) * 8 &&
		!(s->before->seen[fd / 64] & (1ull << fd % 64)))
		s->found = fd;
}

static bool sleeps_on_xdp(const struct port *p)
{
	return p->spec.type == &port_af_xdp;
}

void port_queue_before(const struct port *p, struct port_queue_mark *mark)
{
	memset(mark, 0, sizeof(*mark));
	if (sleeps_on_xdp(p))
		each_xdp_socket(note, mark);
}

void port_queue_after(struct port *p, uint16_t queue, const struct port_queue_mark *mark)
{
	struct search s = {mark, -1};

	if (!sleeps_on_xdp(p) || queue >= PORT_MAX_QUEUES)
		return;
	each_xdp_socket(find_new, &s);
	p->wait_fd[queue] = s.found;
}

/*
 * Around the descriptor of the receive interrupt, whose count nobody reads (vhost's cannot be read:
 * it is behind an epoll of the driver's): its edges, until port_wait_clear().
 */
static int edges_of(struct port *p, uint16_t queue)
{
	int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(p->port_id, queue);
	struct epoll_event e = {.events = EPOLLIN | EPOLLET};

	if (fd < 0)
		return -1;
	if (p->wait_fd[queue] < 0)
		p->wait_fd[queue] = epoll_create1(EPOLL_CLOEXEC);
	/* A port that was set up anew has a new one; the old one left when it was closed. */
	if (epoll_ctl(p->wait_fd[queue], EPOLL_CTL_ADD, fd, &e) < 0 && errno != EEXIST)
		return -1;
	return p->wait_fd[queue];
}

void port_wait_clear(struct port *p, uint16_t queue)
{
	struct epoll_event e;

	if (p->spec.type->wait == PORT_WAIT_RX_INTR && p->wait_fd[queue] >= 0)
		epoll_wait(p->wait_fd[queue], &e, 1, 0);
}

int port_wait_fd(struct port *p, uint16_t queue)
{
	int fd;

	if (queue >= PORT_MAX_QUEUES)
		return -EINVAL;
	switch (p->spec.type->wait) {
	case PORT_WAIT_FD:
		fd = p->spec.type == &port_af_packet ? afp_wait_fd(p->port_id, queue)
						     : p->wait_fd[queue];
		break;
	case PORT_WAIT_RX_INTR:
		fd = edges_of(p, queue);
		break;
	default:
		fd = -1;
	}
	return fd < 0 ? -ENOTSUP : fd;
}

int port_registers(const struct port *p, FILE *out)
{
	return rte_eth_dev_priv_dump(p->port_id, out);
}
