/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiffd's Unix socket: who comes in, with which role, and what they ask (<skiff/abi.h>). Netlink
 * sockets are handed to the netlink server; commands and transactions to the ops below. All on
 * the control thread; nothing here blocks.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <skiff/abi.h>

struct event_base;
struct nl_server;
struct api;

/* One command of one program. Ends by api_cmd_exit, in ops->command or any time later. */
struct api_cmd {
	int argc;
	const char *const *argv; /* argv[argc] is NULL; valid until api_cmd_exit */
	bool json;		 /* -j */
	enum skiff_role role;
	uint32_t uid;
	void *ctx;  /* state it acts on: ops->context of its transaction, or of 0 */
	void *priv; /* the handler's */
};

/* Streamed to the program; a program that does not read is cut off after 16 MB. */
void api_cmd_out(struct api_cmd *c, const void *bytes, size_t len);
void api_cmd_printf(struct api_cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * The end: exit status, and for status != 0 a sentence and the index of the word at fault
 * (SKIFF_NO_WORD: none). `c` is gone afterwards.
 */
void api_cmd_exit(struct api_cmd *c, int status, uint32_t word, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Bytes that wait for the program to read them: a long output pauses on it. */
size_t api_cmd_unsent(const struct api_cmd *c);

struct api_ops {
	void (*command)(void *arg, struct api_cmd *c);
	/* The program went before api_cmd_exit; c is gone after this call. May be NULL if every
	 * command exits before `command` returns. */
	void (*command_gone)(void *arg, struct api_cmd *c);
	/* 0 or negative errno and a sentence. A transaction whose program goes away is aborted. */
	int (*txn_begin)(void *arg, uint64_t token, char *text, size_t size);
	int (*txn_end)(void *arg, uint64_t token, bool commit, char *text, size_t size);
	/* State of a transaction, 0: the live one; NULL: no such transaction. */
	void *(*context)(void *arg, uint64_t token);
};

/*
 * Listens at `path` (skiff_socket_path of <skiff/path.h>), creating its last folder where missing.
 * A second skiffd on the path is refused; a socket left by a killed one is replaced. NULL with a
 * sentence in `err`.
 */
struct api *api_open(struct event_base *base, struct nl_server *ns, const char *path,
	const struct api_ops *ops, void *arg, char *err, size_t err_size);
/* Closes all connections (running commands: command_gone), removes the socket. */
void api_close(struct api *a);
