/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files port_*.c share. */

#include "ports.h"

/*
 * A kernel interface's queue is filled by its sender's CPU, in lines that each look at it takes away
 * from there. See docs/decisions/0001-af-packet-ring.md for the figure. More has no effect: a worker
 * without work for so long sleeps, and looks before.
 */
#define PORT_RX_USECS 20
#define PORT_RX_USECS_OPTION(at) \
	[at] = {"rx_usecs", PORT_NUMBER, \
		"microseconds between two looks at the queue while frames come thick; 0: none", \
		.max = PORT_RX_USECS}

extern const struct port_type port_af_packet, port_af_xdp, port_tap, port_virtio, port_vhost,
	port_memif, port_pcap, port_ring, port_null, port_pci, port_cs8900a;

/* The value of an option by its index in the type's list, NULL: not given. */
static inline const char *port_value(const struct port_spec *s, unsigned option)
{
	return s->value[option];
}

bool port_yes(const struct port_spec *s, unsigned option);
unsigned long port_number(const struct port_spec *s, unsigned option, unsigned long otherwise);

/* Sets `why` to a sentence about that option's word and returns err. option -1: the driver's word.
 */
int port_fail(const struct port_spec *s, struct port_why *why, int err, int option,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* ports_check.c: checks that several types need. All return 0 or the result of port_fail(). */
int port_check_file(const struct port_spec *s, int option, struct port_why *why);
int port_check_makes(const struct port_spec *s, int option, struct port_why *why);
int port_check_socket(const struct port_spec *s, int option, struct port_why *why);
int port_check_capability(
	const struct port_spec *s, unsigned cap, const char *name, struct port_why *why);
int port_check_taken(const struct port_spec *s, int option, struct port_why *why);
unsigned port_iface_queues(const char *iface);

/* port_pci.c, ports_open.c: for types that come in two forms. */
int port_check_pci(const struct port_spec *s, int option, struct port_why *why);
int port_attach_pci(struct port *p, int option, struct port_why *why);
int port_attach_vdev(struct port *p, struct port_why *why);
/* Closes the device and takes it off the bus, for an open() that fails after it was attached. */
void port_detach(struct port *p);
