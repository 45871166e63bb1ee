/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the driver tests need of their surroundings: this program is skiff's host; "peer" is a
 * namespace with the other end of a veth pair. They run under tests/net/isolate, so nothing is
 * cleaned up that the end of the run does not clean up.
 */

#include <stdbool.h>
#include <stddef.h>

/* Runs a shell command; the test fails where it does. */
void sh(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Whether it succeeds, quietly. */
bool sh_ok(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Its output, until the next call. */
const char *sh_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The namespace, and a pair sk0 (here) - pe0 (there), IPv6 off at the peer, both up. */
void hosts_make(void);
void hosts_link(void);

/* A packet socket at the peer's end; vnet: with virtio headers. */
int peer_socket(const char *iface, bool vnet);

double clock_s(void);
/* Evaluates until true or the deadline is over; the value at the end. */
#define wait_until(seconds, condition)                                                             \
	({                                                                                         \
		double end_ = clock_s() + (seconds);                                               \
		bool ok_;                                                                          \
		while (!(ok_ = (condition)) && clock_s() < end_)                                   \
			wait_a_little();                                                           \
		ok_;                                                                               \
	})
void wait_a_little(void);
