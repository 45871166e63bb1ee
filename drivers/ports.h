/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Port types: how each driver is named, opened, limited and slept on. Control thread only.
 *
 * A port's life: port_parse() reads the words of `port add NAME DRIVER key value ...` (pure, no
 * EAL), port_check() looks at the system for what the user can get wrong and changes nothing,
 * port_open() takes the interface where there is one and attaches the DPDK device; the caller
 * configures queues and starts it, and before port_close() stops it.
 *
 * Errors are negative errnos with one sentence in `why` that says what is wrong and what would be
 * right, and the index of the word that is wrong, so that the caller can name file, line and
 * column.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <net/if.h>

#include "takeover.h"

#define PORT_MAX_OPTIONS 16
#define PORT_MAX_QUEUES 16
#define PORT_DEVICE_NAME 64

enum port_value { PORT_IFACE, PORT_PATH, PORT_NUMBER, PORT_YESNO, PORT_CHOICE, PORT_MAC, PORT_PCI };

struct port_option {
	const char *name; /* NULL ends the list */
	enum port_value value;
	const char *help;
	bool required;
	const char *choices;    /* PORT_CHOICE: "server|client" */
	unsigned long min, max; /* PORT_NUMBER */
};

struct port_why {
	int word; /* index into argv, -1: none in particular */
	char text[256];
};

/* The transmit contract: what a port's driver can be handed. The rest is copied by dev/tx. */
struct port_limits {
	uint16_t max_segments;
	bool indirect;      /* clones: an mbuf whose data belongs to another */
	bool external;      /* data outside DPDK's memory */
	bool checksum;      /* fills in TCP and UDP checksums, Linux's partial form */
	bool tso;           /* cuts large TCP frames */
	bool uso;           /* cuts large UDP frames */
	bool symmetric;     /* several queues: both directions of a flow, and fragments, share one */
	uint32_t max_frame; /* bytes, Ethernet header included, FCS not */
	uint16_t max_mtu;
	bool software;     /* has neither MTU nor address to set: takes every frame whatever they are */
	uint16_t max_txq;  /* 0: as many as the device says */
	bool setup_once;   /* its queues cannot be set up a second time, only stopped and started */
	bool frame_by_mtu; /* what exceeds the MTU by more than a VLAN tag is refused for ever */
};

/* What tells a sleeping worker that frames wait. */
enum port_wait {
	PORT_WAIT_FD,      /* a descriptor that is readable by itself */
	PORT_WAIT_RX_INTR, /* DPDK's rx interrupt: set intr_conf.rxq, arm with
			      rte_eth_dev_rx_intr_enable() */
	PORT_WAIT_TIMER,   /* nothing does: look every millisecond */
};

/* The longest frame in one mbuf of skiff's, and the MTU that leaves room for a VLAN tag. */
#define PORT_ONE_SEGMENT 2048
#define PORT_ONE_SEGMENT_MTU (PORT_ONE_SEGMENT - 18)

struct port_spec;
struct port;

/* One line of the table; a file drivers/port_NAME.c each. Unset functions: nothing to do. */
struct port_type {
	const char *name;
	const char *help;
	const char *device; /* prefix of the vdev's name, NULL: a bus address instead */
	const struct port_option *options;
	enum port_wait wait;
	struct port_limits limits;
	uint16_t tx_desc;   /* transmit descriptors, 0: as usual */
	bool serial;        /* its driver is at work in DPDK's interrupt thread: port_call() */
	bool arms;          /* PORT_WAIT_FD: the driver wants to know when a worker goes to sleep */
	bool look_ahead;    /* its driver hands over frames that it has not touched: worth to receive
			     * the next burst early, and fetch it while this one is sent */
	const char *quirks; /* for docs and `port show`, or NULL */
	int (*check)(const struct port_spec *s, struct port_why *why);
	int (*devargs)(const struct port_spec *s, char *buf, size_t len);
	unsigned (*takeover)(const struct port_spec *s); /* flags; unset: no kernel interface */
	unsigned (*queues)(const struct port_spec *s);   /* receive queues it must have; unset: 1 */
	unsigned (*slots)(const struct port_spec *s);    /* per receive queue; unset: 1024 */
	unsigned (*rx_usecs)(const struct port_spec *s); /* see struct port; unset: 0 */
	/* In place of attaching a vdev or a bus address. */
	int (*open)(struct port *p, struct port_why *why);
	/* Before the device is closed, and after. -ETIMEDOUT: it can't be, and stays until the process ends. */
	int (*leave)(struct port *p);
	void (*close)(struct port *p);
};

/* A parsed `port add`; owns copies of its words. */
struct port_spec {
	const struct port_type *type;
	char name[IFNAMSIZ];
	char *value[PORT_MAX_OPTIONS]; /* by index into type->options, NULL: not given */
	int word[PORT_MAX_OPTIONS];    /* index of the value in argv */
};

struct port {
	struct port_spec spec;
	uint16_t port_id;    /* DPDK's */
	uint16_t min_queues; /* receive queues to configure at least; af_xdp: exactly as many */
	uint16_t rx_slots;   /* descriptors of each, 0: the caller's choice */
	uint16_t rx_usecs;   /* time between two looks at a queue while frames come thick, where a
			      * look costs whoever fills it; 0: none */
	struct port_limits limits; /* the type's, narrowed by what the device says */
	char device[PORT_DEVICE_NAME];
	struct takeover *taken; /* takeover_moved() has what to adopt; NULL: no kernel interface */
	int wait_fd[PORT_MAX_QUEUES];
	bool link_intr; /* set intr_conf.lsc: only the driver's own handler may look at the link */
	void *own; /* of the type's file */
};

/* The table, ended by NULL. */
extern const struct port_type *const port_types[];
const struct port_type *port_type_find(const char *name);

/* argv: NAME DRIVER key value ... as they stand after `port add`. 0: `spec` is the caller's to
 * free. */
int port_parse(int argc, char *const argv[], struct port_spec *spec, struct port_why *why);
void port_spec_free(struct port_spec *spec);

/* Writes "NAME DRIVER key value ..."; returns the length, as snprintf does. */
int port_spec_format(const struct port_spec *spec, char *buf, size_t len);

/* Everything that can be known beforehand, also of the takeover. Changes nothing. */
int port_check(const struct port_spec *spec, struct port_why *why);

/* Needs the EAL. On success `p` owns the spec, which is emptied; on failure nothing is left behind.
 */
int port_open(struct port_spec *spec, const char *state_dir, struct port *p, struct port_why *why);

/*
 * Calls fn and returns what it does, where the driver is not at work meanwhile. Whatever configures,
 * starts or stops the device goes through this; fn must not wait for the calling thread. -ETIMEDOUT: the
 * driver was at work for so long, and fn was not called.
 */
#define PORT_CALL_SECONDS 2
int port_call(const struct port *p, int (*fn)(void *arg), void *arg);

/*
 * A driver has left something with DPDK's interrupt thread that lies in the EAL's memory, and stays when
 * its port is closed (memif: the listening socket). rte_eal_cleanup() would wake that thread, which
 * looks at all it has, and unmap the memory meanwhile.
 */
bool port_pins_eal(void);

/*
 * What drivers have to do by themselves, in the control thread: port_turn(), when the descriptor is
 * readable (poll it, don't read it) and before a port is started. Never waits. -errno: no descriptor.
 * A step of it that waits for DPDK's interrupt thread is pending; the descriptor tells when it goes on.
 */
int port_turn_fd(void);
void port_turn(void);
bool port_turn_pending(void);

/*
 * Called out of port_turn() and port_close(): on, the driver is about to change what its bursts work on; when
 * it returns nobody may be in them, until off. Also of ports that are not started. One for the process.
 */
typedef void port_hold_fn(uint16_t port_id, bool on);
void port_on_hold(port_hold_fn *fn);

/*
 * Around rte_eth_rx_queue_setup() of each queue: some drivers open what the worker sleeps on there.
 */
struct port_queue_mark {
	uint64_t seen[512]; /* descriptors that were there before */
};
void port_queue_before(const struct port *p, struct port_queue_mark *mark);
void port_queue_after(struct port *p, uint16_t queue, const struct port_queue_mark *mark);

/*
 * The descriptor to sleep on, after the queue was set up (PORT_WAIT_RX_INTR: after the start).
 * -ENOTSUP: none, use a timer. It belongs to the port. A descriptor that reported an error is
 * cleared by rte_eth_dev_rx_intr_enable(), before which port_wait_clear() makes it unready until the
 * next frame: DPDK leaves what raised it for somebody to read.
 */
int port_wait_fd(struct port *p, uint16_t queue);
void port_wait_clear(struct port *p, uint16_t queue);

/*
 * Prints what the driver and its device hold, registers and all, for a report. -ENOTSUP: the driver
 * has no such thing.
 */
int port_registers(const struct port *p, FILE *out);

/* The device must be stopped. Gives the kernel's interface back as it was. */
void port_close(struct port *p);
