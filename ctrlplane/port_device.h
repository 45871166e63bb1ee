/* SPDX-License-Identifier: BSD-3-Clause */
/* The DPDK side of an open port: how dev/ is to drive it, its facts, its events. Control thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct port; /* drivers/ports.h */

struct port_facts {
	uint8_t mac[6];
	uint16_t mtu; /* 0: it does not say */
	bool carrier;
	uint32_t mbps;
	bool full_duplex;
};

struct port_event {
	uint16_t port_id;
	uint16_t gone; /* else: the link changed */
};

/* A descriptor that is readable when port_device_event has one. -errno. */
int port_device_init(void);
void port_device_fini(void);
bool port_device_event(struct port_event *e);

/* priv of a link with netdev_port_ops; NULL: no memory. The port is watched from now on. */
void *port_device_new(struct port *p);
/* After its link is gone, and before port_close. */
void port_device_forget(struct port *p);
void port_device_facts(const struct port *p, struct port_facts *f);
/* Empty packet buffers in the driver's hands; 0 where it does not tell. */
uint64_t port_device_rx_buffers(const struct port *p);
