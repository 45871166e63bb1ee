/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's ports: what `port add` opened, until `port del`, the end, or their vanishing.
 * drivers/ports.h opens them, dev/ makes them interfaces, the model (cp.h) gives them their place
 * in the Linux view. Control thread.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ports.h"

struct cp_link;
struct skiffd;

struct port_entry {
	struct port_entry *next;
	struct port port;
	uint32_t ifindex;
	bool adopted; /* port_adopt() has been here */
};

/* Undoes what killed daemons left of taken interfaces, before this one takes any. */
int port_table_recover(struct skiffd *d);
int port_table_init(struct skiffd *d);
void port_table_fini(struct skiffd *d);

/*
 * Opens `spec` (emptied) and makes it a link of the live model. 0, or a negative errno with *why
 * and nothing left behind.
 */
int port_table_add(struct skiffd *d, struct port_spec *spec, struct port_why *why);
/* 0, or a negative errno with the sentence in why->text. */
int port_table_del(struct skiffd *d, struct port_entry *e, struct port_why *why);

struct port_entry *port_table_by_name(const struct skiffd *d, const char *name);
/* Its name, which `ip link set name` may have changed. */
const char *port_table_name(const struct skiffd *d, const struct port_entry *e);
/* Is it what this spec would make? */
bool port_table_same(const struct port_entry *e, const struct port_spec *spec);
/* The `port add` lines of all. */
void port_table_write(const struct skiffd *d, FILE *out);

/* The watchdog of a transmit queue fired. */
void port_table_tx_timeout(struct skiffd *d, uint16_t dev);

/* Of one port or (NULL) all: an array. */
json_t *report_ports(const struct skiffd *d, const char *name);
