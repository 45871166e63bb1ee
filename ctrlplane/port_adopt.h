/* SPDX-License-Identifier: BSD-3-Clause */
/* `takeover yes`: what the kernel's interface had becomes the port's. Control thread. */
#pragma once

struct port_entry;
struct skiffd;

/*
 * Addresses, routes and neighbours that the takeover moved, into the live model; what is there
 * already, by a line of the file, stays as it is. The link is brought up, as the interface was.
 */
void port_adopt(struct skiffd *d, struct port_entry *e);
/* The same for all ports that were opened since the last call. */
void port_adopt_new(struct skiffd *d);
