/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells dev/port what it must know of a DPDK port, from drivers/ports' description. Events of DPDK
 * come in its interrupt thread and are carried to the control thread by a pipe.
 */
#include "port_device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include "dev/netdev_update.h"
#include "ports.h"

/* The port of a DPDK port id: for callbacks that get the number alone. */
static struct {
	struct port *port;
	void *priv; /* of its netdev */
} by_id[RTE_MAX_ETHPORTS];
static int pipe_fd[2] = {-1, -1};

static void hold(uint16_t port_id, bool on)
{
	if (by_id[port_id].port != NULL)
		netdev_port_hold(by_id[port_id].priv, on);
}

int port_device_init(void)
{
	port_on_hold(hold);
	return pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : pipe_fd[0];
}

void port_device_fini(void)
{
	for (int i = 0; i < 2; i++) {
		if (pipe_fd[i] >= 0)
			close(pipe_fd[i]);
		pipe_fd[i] = -1;
	}
}

bool port_device_event(struct port_event *e)
{
	return read(pipe_fd[0], e, sizeof(*e)) == sizeof(*e);
}

/* DPDK's interrupt thread. */
static int on_event(uint16_t port_id, enum rte_eth_event_type type, void *arg, void *ret)
{
	const struct port_event e = {.port_id = port_id, .gone = type == RTE_ETH_EVENT_INTR_RMV};

	/* A full pipe loses a change of a link at worst; links are looked at by a timer too. */
	return write(pipe_fd[1], &e, sizeof(e)) == sizeof(e) ? 0 : -errno;
}

static int wait_fd(uint16_t port_id, uint16_t queue)
{
	return by_id[port_id].port == NULL ? -ENODEV : port_wait_fd(by_id[port_id].port, queue);
}

static int arm(uint16_t port_id, uint16_t queue, bool on)
{
	if (!on)
		return rte_eth_dev_rx_intr_disable(port_id, queue);
	port_wait_clear(by_id[port_id].port, queue);
	return rte_eth_dev_rx_intr_enable(port_id, queue);
}

static void rxq_setup(uint16_t port_id, uint16_t queue, bool done)
{
	static struct port_queue_mark mark;

	if (by_id[port_id].port == NULL)
		return;
	if (done)
		port_queue_after(by_id[port_id].port, queue, &mark);
	else
		port_queue_before(by_id[port_id].port, &mark);
}

static int call(uint16_t port_id, int (*fn)(void *arg), void *arg)
{
	if (by_id[port_id].port == NULL)
		return fn(arg);
	port_turn();
	return port_call(by_id[port_id].port, fn, arg);
}

static struct netdev_port_conf conf_of(const struct port *p)
{
	const struct port_limits *l = &p->limits;
	struct netdev_port_conf c = {
		.port_id = p->port_id,
		.contract = {.max_segs = l->max_segments, .indirect = l->indirect,
			.external = l->external, .l4_csum = l->checksum, .tso = l->tso,
			.max_frame = l->max_frame},
		.max_rxq = p->min_queues,
		.max_txq = l->max_txq,
		.symmetric = l->symmetric,
		.tx_desc = p->spec.type->tx_desc,
		.rx_desc = p->rx_slots,
		.rx_usecs = p->rx_usecs,
		.look_ahead = p->spec.type->look_ahead,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_TCP_LRO |
			RTE_ETH_RX_OFFLOAD_CHECKSUM,
		.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
		.software = l->software,
		.call = call,
		.link_intr = p->link_intr,
		.setup_once = l->setup_once,
		.frame_by_mtu = l->frame_by_mtu,
	};

	if (l->checksum)
		c.tx_offloads |= RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	if (l->tso)
		c.tx_offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
	if (p->spec.type->wait != PORT_WAIT_TIMER)
		c.wait_fd = wait_fd;
	c.rxq_setup = rxq_setup;
	if (p->spec.type->wait == PORT_WAIT_RX_INTR || p->spec.type->arms)
		c.arm = arm;
	c.rx_intr = p->spec.type->wait == PORT_WAIT_RX_INTR;
	return c;
}

void *port_device_new(struct port *p)
{
	const struct netdev_port_conf conf = conf_of(p);
	void *priv = netdev_port_new(&conf);

	if (priv == NULL)
		return NULL;
	by_id[p->port_id].port = p;
	by_id[p->port_id].priv = priv;
	rte_eth_dev_callback_register(p->port_id, RTE_ETH_EVENT_INTR_LSC, on_event, NULL);
	rte_eth_dev_callback_register(p->port_id, RTE_ETH_EVENT_INTR_RMV, on_event, NULL);
	return priv;
}

void port_device_forget(struct port *p)
{
	void *any = (void *)-1;

	rte_eth_dev_callback_unregister(p->port_id, RTE_ETH_EVENT_INTR_LSC, on_event, any);
	rte_eth_dev_callback_unregister(p->port_id, RTE_ETH_EVENT_INTR_RMV, on_event, any);
	by_id[p->port_id].port = NULL;
}

void port_device_facts(const struct port *p, struct port_facts *f)
{
	struct rte_ether_addr mac = {0};
	struct rte_eth_link link = {0};

	*f = (struct port_facts){0};
	if (rte_eth_macaddr_get(p->port_id, &mac) == 0)
		memcpy(f->mac, mac.addr_bytes, sizeof(f->mac));
	if (rte_eth_dev_get_mtu(p->port_id, &f->mtu) != 0)
		f->mtu = 0;
	if (rte_eth_link_get_nowait(p->port_id, &link) != 0)
		return;
	f->carrier = link.link_status == RTE_ETH_LINK_UP;
	f->mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	f->full_duplex = link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
}

uint64_t port_device_rx_buffers(const struct port *p)
{
	uint64_t id, value = 0;

	if (rte_eth_xstats_get_id_by_name(p->port_id, "rx_buffers", &id) != 0 ||
		rte_eth_xstats_get_by_id(p->port_id, &id, &value, 1) != 1)
		return 0;
	return value;
}
