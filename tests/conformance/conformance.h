/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One suite for all port types: a table of cases (cases.def) times a table of types (types.c). A
 * case drives the port under test from two sides: raw, by the driver's burst functions, and as an
 * interface of skiff with a worker of its own (skiff_side.c). What is on the other end of the wire
 * is the type's peer.
 *
 * What a type cannot do stands in its line with a reason; the suite prints it and the document
 * docs/compatibility.md holds it (doc.c compares them).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "../net/drivers/hosts.h"
#include "core/call.h"
#include "core/dp.h"
#include "dev/netdev_update.h"
#include "port_device.h"
#include "ports.h"
#include "unit.h"

#define FRAME_MAX 65600
#define FRAME_TYPE 0x88b5 /* experimental: nobody answers, nothing parses it */
#define PUT_MBUFS 8192
#define PATIENCE 30       /* seconds; only a fault waits so long */

enum case_id {
#define CASE(name, text) CASE_##name,
#include "cases.def"
#undef CASE
	CASE_COUNT
};

/* Frames in order, kept outside the mbufs that brought them. */
struct kept {
	struct kept *next;
	unsigned len;
	uint8_t pkt_type; /* skiff's, where it came through skiff */
	uint8_t data[];
};

struct inbox {
	struct kept *head, **tail;
	unsigned n;
};

void inbox_init(struct inbox *box);
void inbox_put(struct inbox *box, const struct rte_mbuf *m, uint8_t pkt_type);
void inbox_put_bytes(struct inbox *box, const uint8_t *data, unsigned len);
/* NULL: none; the caller's to free. */
struct kept *inbox_get(struct inbox *box);
void inbox_empty(struct inbox *box);

struct put;

/* The other end of the wire. All but send and recv may be NULL: nothing to do. */
struct peer_ops {
	void (*before)(struct put *t); /* what must be there when the port opens */
	void (*after)(struct put *t);  /* joins it once it has started */
	void (*leave)(struct put *t);  /* goes before the port closes */
	void (*gone)(struct put *t);   /* and what goes after it */
	/* false: not taken, the frame is not sent. */
	bool (*send)(struct put *t, const uint8_t *frame, unsigned len);
	/* Reads what there is into t->from_port. */
	void (*read)(struct put *t);
	/* Gives what was sent to the port, where that takes more than sending. */
	void (*settle)(struct put *t);
	void (*link)(struct put *t, bool up);
	void (*remove)(struct put *t);
	/* Lets the peer send frames for this MTU; both: and the link in between carry them. */
	void (*grow)(struct put *t, unsigned mtu, bool both);
	bool (*promiscuous)(struct put *t); /* whether the device was asked to be */
	/* What makes the port take no more, besides not reading; and what makes it go on. */
	void (*stall)(struct put *t, bool on);
};

struct put_type {
	const char *name;      /* of the run; the driver's, and what distinguishes it */
	const char *words;     /* as after `port add` */
	const char *peer;      /* the same for the peer, where it is a port */
	const struct peer_ops *ops;
	const char *stall_words; /* instead of words, where the case stalls the port */
	const char *hang_words;  /* the device hangs by itself, and its driver notices */
	const char *hang_script; /* the file of faults that they name */
	const char *hang_xstat;  /* what counts it */
	const char *link_words, *link_peer; /* the same where the link goes and comes */
	bool blind;            /* what arrives is made up, what is sent goes nowhere */
	bool needs_root;       /* the kernel refuses it to the root of a user namespace */
	bool takes_padding;    /* runts come padded */
	bool no_bytes;         /* the driver counts frames only */
	bool filters;          /* the device sorts out by address */
	bool sleeps_empty;     /* having had no mbuf it does not look again until it is set up anew */
	bool loses_silently;   /* frames that the kernel refuses later count as sent */
	bool silent_nombuf;    /* does not count that it had no mbuf */
	unsigned keeps_mbufs;  /* at most so many never come back from a closed port */
	unsigned keeps_fds;    /* at most so many descriptors that are lost with each port */
	unsigned keeps_allocs; /* at most so many pieces of DPDK's heap are lost with each port */
	const char *quirk;     /* what these flags mean, for the document */
	const char *not_able[CASE_COUNT];
};

extern const struct put_type put_types[];
extern const unsigned put_type_count;

/* The port under test, and everything around it. */
struct put {
	const struct put_type *type;
	const char *words, *peer_words; /* the type's, or the case's */
	struct port port;
	struct port_why why;
	bool open, raw;
	uint16_t queues;
	unsigned opened;       /* times, with this pool */
	struct rte_mempool *pool, *clones, *peer_pool, *peer_clones;

	/* as an interface of skiff */
	struct dp *dp;
	struct worker *w;
	struct netdev *dev;
	struct rte_rcu_qsbr *qsbr;
	struct inbox to_skiff;
	atomic_uint arrived;

	/* the peer */
	struct port peer;
	bool peer_open;
	int sock;
	struct inbox from_port, staged;
	long file_at;
};

/* rig.c: pools, peer, port and interface, and the way back. A failure fails the test. */
void rig_eal(const char *program);
void rig_init(struct put *t, const struct put_type *type);
/* Opens the peer and the port, and starts it raw or as an interface of skiff. */
void rig_open(struct put *t, bool raw);
void rig_close(struct put *t);
/* Opens and starts a port of a `port add` line raw; reports what the port says. */
int rig_port(const char *words, struct port *p, struct rte_mempool *pool, struct port_why *why);
void rig_start(struct port *p, struct rte_mempool *pool);
void rig_port_close(struct port *p);
/*
 * A turn of what drivers do in the control thread. False: one of them waits, as memif's does where an
 * end comes or goes; the test's own bursts on ports wait, too, and skiff's worker is held back by skiff.
 */
bool rig_turn(void);
/* Closes the port under test and opens it again, while its peer's end stays. Raw. */
void rig_reopen(struct put *t);
void rig_dev_start(struct port *p);
void rig_dev_stop(struct port *p);
/* Stop and start the port, raw or as an interface. */
void rig_restart(struct put *t, void (*between)(struct put *t));

/* skiff_side.c: the worker, and the port as its interface. */
void skiff_open(struct put *t);
void skiff_up(struct put *t);
void skiff_down(struct put *t);
void skiff_close(struct put *t);
void skiff_turns(struct put *t, unsigned n);
/* Takes m over and sends it by skiff's transmit entry; sweeps. */
void skiff_send(struct put *t, struct rte_mbuf *m);
void skiff_send_burst(struct put *t, struct rte_mbuf **m, unsigned n);
struct dev_stats skiff_stats(struct put *t);
uint64_t skiff_dropped(const struct put *t);
/* A thread that is the worker, until skiff_thread_stop. */
void skiff_thread_start(struct put *t);
void skiff_thread_stop(struct put *t);

/* frames.c: content, shapes, passing and comparing. */
void frame_fill(struct put *t, uint8_t *frame, unsigned len, uint32_t seed, bool to_port);
uint32_t frame_seed(const uint8_t *frame);
struct rte_mbuf *frame_mbuf(struct put *t, const uint8_t *frame, unsigned len);
/* The same in a chain of pieces of at most `piece` bytes. */
struct rte_mbuf *frame_chain(struct put *t, const uint8_t *frame, unsigned len, unsigned piece);
/* The peer sends; fails the test where it cannot in PATIENCE. */
void peer_sends(struct put *t, const uint8_t *frame, unsigned len);
/* What the port received of it, raw or through skiff; NULL after `seconds`. The caller frees it. */
struct kept *port_receives(struct put *t, double seconds);
/* The port sends m, raw or through skiff, with patience. */
void port_sends(struct put *t, struct rte_mbuf *m);
struct kept *peer_receives(struct put *t, double seconds);
/* One frame in a direction, compared. */
void pass_in(struct put *t, unsigned len, uint32_t seed);
void pass_out(struct put *t, unsigned len, uint32_t seed);
/* A few lengths both ways. */
void pass_some(struct put *t);
/* got is frame, or frame padded with zeros to `padded` bytes; frees got. */
void expect_frame(struct kept *got, const uint8_t *frame, unsigned len, unsigned padded);

/* Evaluates until true or the time is over, with short naps; the value at the end. */
#define patiently(seconds, condition)                                                              \
	({                                                                                         \
		double end_ = clock_s() + (seconds);                                               \
		bool ok_;                                                                          \
		while (!(ok_ = (rig_turn(), (condition))) && clock_s() < end_)                     \
			usleep(20);                                                                \
		ok_;                                                                               \
	})

/* census.c: what a process holds that a port could leave behind. */
struct census {
	unsigned fds, threads, zones, named, pools, ports, interfaces, allocs;
	uint64_t bytes;
	char fd_list[8192];
};
void census_take(struct census *c);
/* Of a type's first life, which starts threads and tables that DPDK keeps. */
void census_expect_named(const struct census *before, const struct census *after);
/* lives: of ports in between. */
void census_expect_same(const struct put *t, const struct census *before, const struct census *after,
	unsigned lives);

/* peer_*.c */
extern const struct peer_ops peer_veth, peer_wire, peer_tap, peer_first, peer_second, peer_memif_client, peer_file, peer_none;

/* cases_*.c */
typedef void case_fn(struct put *t);
#define CASE(name, text) case_fn case_##name;
#include "cases.def"
#undef CASE

/* doc.c: the part of the document, on stdout; or compares it with a file: 0, or 1 and says so. */
void doc_write(void);
int doc_check(const char *path);
