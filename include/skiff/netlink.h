/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One emulated netlink socket: the shared page and what its two rings carry.
 *
 * Sending is synchronous, as in the kernel: when the program's sendmsg returns, skiffd has
 * consumed the frame, and its answers (of a dump, the first messages) are in the rx ring. The
 * program spins for tx.tail to reach its head, then sleeps on that word's futex.
 *
 * Waking up. skiffd: while `srv_asleep` is set, the program sends a byte down the stream after it
 * published. The program: it moves `arm`, then looks at the ring once more, then sleeps on the
 * stream; skiffd, after it published, sends a byte if `arm` has moved since its last byte. Stores
 * and loads of these words and of the ring counters are sequentially consistent.
 *
 * A program that got the stream over exec sends a byte with a socket (SCM_RIGHTS) and is sent
 * struct skiff_netlink_opened with the memfd on that one.
 */
#pragma once

#include <stdalign.h>

#include <skiff/ring.h>

#define SKIFF_NL_MAGIC 0x4c4e4b53u /* "SKNL" */

/* Both sides spin at most this long after activity (SKIFF_SPIN_USEC), not at all on one CPU. */
#define SKIFF_SPIN_USEC_DEFAULT 50

/* Kinds of frame. */
enum skiff_nl_kind {
	SKIFF_NL_DATA = 1, /* a datagram of netlink messages, either way */
	SKIFF_NL_OPT = 2,  /* program to skiffd: struct skiff_nl_opt and its value; result in the page */
};

/* What a SKIFF_NL_OPT frame sets. */
enum skiff_nl_opt_name {
	SKIFF_NLO_GROUPS = 1,	  /* u32: bind()'s groups 1..32, replaces them */
	SKIFF_NLO_ADD_GROUP = 2,  /* u32: group number */
	SKIFF_NLO_DROP_GROUP = 3, /* u32: group number */
	SKIFF_NLO_FLAGS = 4,	  /* u32: SKIFF_NLF_* */
	SKIFF_NLO_RCVBUF = 5,	  /* u32: bytes that may wait for the reader */
	SKIFF_NLO_FILTER = 6,	  /* struct sock_filter[], empty: detach */
	SKIFF_NLO_PORTID = 7,	  /* u32: bind()'s nl_pid */
};

#define SKIFF_NLF_EXT_ACK 0x01u
#define SKIFF_NLF_CAP_ACK 0x02u
#define SKIFF_NLF_STRICT 0x04u
#define SKIFF_NLF_NO_ENOBUFS 0x08u
#define SKIFF_NLF_BROADCAST_ERROR 0x10u

struct skiff_nl_opt {
	uint32_t name;
	uint32_t zero;
};
static_assert(sizeof(struct skiff_nl_opt) == 8, "ABI");

/* Before each datagram to the program: the multicast group it came by, 0: unicast. */
struct skiff_nl_from {
	uint32_t portid; /* of the sender: 0, skiffd */
	uint32_t group;
};
static_assert(sizeof(struct skiff_nl_from) == 8, "ABI");

/* What the program's setsockopt, bind and connect made of the socket: for a heir over exec. */
struct skiff_nl_own {
	uint32_t type; /* SOCK_RAW, SOCK_DGRAM; 0: nothing kept yet */
	uint32_t flags, rcvbuf, sndbuf;
	uint32_t groups[8];
	uint32_t dst_portid, dst_groups;
	uint8_t bound, pktinfo, passcred;
	uint8_t partial; /* part of a large message has left the ring */
	uint32_t zero;
	int64_t rcvtimeo[2], sndtimeo[2]; /* seconds, microseconds */
};
static_assert(sizeof(struct skiff_nl_own) == 96, "ABI");

struct skiff_nl_page {
	/* set by skiffd before the program sees it */
	uint32_t magic;
	uint32_t abi;
	uint32_t protocol;
	uint32_t zero0[13];

	/* written by skiffd */
	alignas(64) _Atomic uint64_t tx_tail;
	_Atomic uint64_t rx_head;
	_Atomic uint32_t srv_asleep;	 /* a byte down the stream is needed */
	_Atomic uint32_t srv_cpu;	 /* where the control thread ran last */
	_Atomic uint32_t srv_wants_room; /* a dump or backlog waits for room in rx */
	_Atomic uint32_t overruns;	 /* ENOBUFS is due when it moves */
	_Atomic int32_t opt_result;	 /* of the last SKIFF_NL_OPT frame: 0 or negative errno */
	_Atomic uint32_t opt_value;	 /* what came of it: portid, rcvbuf, groups 1..32 */
	_Atomic uint32_t drops;

	/* written by the program */
	alignas(64) _Atomic uint64_t tx_head;
	_Atomic uint64_t rx_tail;
	_Atomic uint32_t arm;
	_Atomic uint32_t tx_waiting; /* sleeps on the futex of tx_tail */
	_Atomic uint32_t cli_cpu;
	_Atomic uint32_t recv_max; /* largest buffer it received into: dumps grow up to it */
	_Atomic uint32_t overruns_seen;

	/* the program's own, for its threads and the processes it forks */
	alignas(64) uint8_t locks[256];
	struct skiff_nl_own own;
};
static_assert(sizeof(struct skiff_nl_page) == 576, "ABI");

#define SKIFF_NL_TX_SIZE (128u << 10)
#define SKIFF_NL_RX_SIZE (256u << 10)
