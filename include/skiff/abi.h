/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of the Unix stream between skiffd and the programs that use it (libskiff.so, skiff).
 * Every message is a struct skiff_msg header and `len` bytes of payload, in host byte order. The
 * first one is HELLO, the first answer WELCOME: after a REFUSED the stream is closed. After
 * NETLINK_OPENED the stream carries single bytes only, each of them a wake-up (<skiff/netlink.h>),
 * and its end tells either side of the other's death.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

/* Goes up with every change of what follows, of <skiff/netlink.h> and of <skiff/ring.h>. */
#define SKIFF_ABI_VERSION 2u
#define SKIFF_ABI_MAGIC 0x46694b53u /* "SKiF" */

#define SKIFF_SOCKET_ENV "SKIFF_SOCKET"
#define SKIFF_TXN_ENV "SKIFF_TXN"
#define SKIFF_SOCKET_DEFAULT "/run/skiff/skiff.sock"
#define SKIFF_SOCKET_NAME "skiff.sock" /* below $XDG_RUNTIME_DIR */

/* Payload limit of one message in either direction. */
#define SKIFF_MSG_MAX 65536u
/* Words of one command, and the bytes they take with their NULs. */
#define SKIFF_ARGV_MAX 256u
#define SKIFF_TEXT_MAX 1024u

enum skiff_msg_type {
	/* program to skiffd */
	SKIFF_MSG_HELLO = 1,	     /* struct skiff_hello */
	SKIFF_MSG_NETLINK_OPEN = 2,  /* struct skiff_netlink_open */
	SKIFF_MSG_COMMAND = 3,	     /* struct skiff_command, then argc NUL-ended words */
	SKIFF_MSG_TXN_BEGIN = 4,     /* struct skiff_txn, token 0 */
	SKIFF_MSG_TXN_COMMIT = 5,    /* struct skiff_txn */
	SKIFF_MSG_TXN_ABORT = 6,     /* struct skiff_txn */

	/* skiffd to program */
	SKIFF_MSG_WELCOME = 0x81,	 /* struct skiff_welcome */
	SKIFF_MSG_REFUSED = 0x82,	 /* struct skiff_refused: a sentence */
	SKIFF_MSG_NETLINK_OPENED = 0x83, /* struct skiff_netlink_opened, the memfd by SCM_RIGHTS */
	SKIFF_MSG_OUTPUT = 0x84,	 /* struct skiff_output, then its bytes */
	SKIFF_MSG_EXIT = 0x85,		 /* struct skiff_exit, then the error text */
	SKIFF_MSG_TXN = 0x86,		 /* struct skiff_txn_reply, then the error text */
};

struct skiff_msg {
	uint32_t len; /* of the payload */
	uint16_t type;
	uint16_t zero;
};
static_assert(sizeof(struct skiff_msg) == 8, "ABI");

/* What the program wants to be; what it may do is decided by its credentials. */
enum skiff_peer_kind {
	SKIFF_PEER_NETLINK = 1, /* one emulated netlink socket */
	SKIFF_PEER_COMMAND = 2, /* commands and transactions */
};

enum skiff_role {
	SKIFF_ROLE_NONE = 0,
	SKIFF_ROLE_READ = 1,  /* group skiff: open and read */
	SKIFF_ROLE_ADMIN = 2, /* root and skiffd's own uid */
};

struct skiff_hello {
	uint32_t magic;
	uint32_t abi;
	uint32_t kind; /* enum skiff_peer_kind */
	uint32_t zero;
};
static_assert(sizeof(struct skiff_hello) == 16, "ABI");

struct skiff_welcome {
	uint32_t abi;
	uint32_t role; /* enum skiff_role */
	uint32_t pid;  /* skiffd's */
	uint32_t zero;
};
static_assert(sizeof(struct skiff_welcome) == 16, "ABI");

/* REFUSED: err is a positive errno; the rest of the payload is the sentence, not NUL-ended. */
struct skiff_refused {
	uint32_t err;
	uint32_t zero;
};
static_assert(sizeof(struct skiff_refused) == 8, "ABI");

struct skiff_netlink_open {
	uint32_t protocol; /* NETLINK_ROUTE, ... */
	uint32_t type;	   /* SOCK_RAW or SOCK_DGRAM, without flags */
	uint32_t flags;	   /* 0 */
	uint32_t portid;   /* preferred port id (bind), 0: skiffd's choice */
	uint64_t txn;	   /* token of a transaction, 0: the live state */
};
static_assert(sizeof(struct skiff_netlink_open) == 24, "ABI");

/*
 * The memfd holds struct skiff_nl_page at 0 and the two rings at the offsets given here, each of
 * a power of two bytes, page aligned.
 */
struct skiff_netlink_opened {
	uint32_t portid;
	uint32_t zero;
	uint64_t map_len;
	uint64_t tx_off; /* program to skiffd */
	uint64_t tx_size;
	uint64_t rx_off; /* skiffd to program */
	uint64_t rx_size;
};
static_assert(sizeof(struct skiff_netlink_opened) == 48, "ABI");

#define SKIFF_COMMAND_JSON 0x1u /* -j */

struct skiff_command {
	uint32_t flags;
	uint32_t argc;
	uint64_t txn; /* 0: the live state */
};
static_assert(sizeof(struct skiff_command) == 16, "ABI");

struct skiff_output {
	uint32_t stream; /* 1 stdout, 2 stderr */
	uint32_t zero;
};
static_assert(sizeof(struct skiff_output) == 8, "ABI");

#define SKIFF_NO_WORD UINT32_MAX

/* EXIT: word is the index of the offending word, SKIFF_NO_WORD: none in particular. */
struct skiff_exit {
	int32_t status;
	uint32_t word;
};
static_assert(sizeof(struct skiff_exit) == 8, "ABI");

struct skiff_txn {
	uint64_t token;
};
static_assert(sizeof(struct skiff_txn) == 8, "ABI");

struct skiff_txn_reply {
	uint64_t token;
	uint32_t err; /* positive errno, 0: done */
	uint32_t zero;
};
static_assert(sizeof(struct skiff_txn_reply) == 16, "ABI");
