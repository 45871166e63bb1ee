/* SPDX-License-Identifier: BSD-3-Clause */
/* The program's end of skiffd's socket (<skiff/abi.h>): commands and transactions, one at a time. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <skiff/abi.h>

/* Set by a handler of SIGINT without SA_RESTART: what waits for skiffd gives up with -EINTR. */
extern volatile sig_atomic_t client_interrupted;

struct client {
	int fd;
	enum skiff_role role;
	char path[108];
};

struct client_exit {
	int status;
	uint32_t word; /* SKIFF_NO_WORD: none */
	char text[2048];
};

/* 0, or a negative errno with a sentence in err. path NULL: the default place. */
int client_open(struct client *c, const char *path, char *err, size_t size);
void client_close(struct client *c);

/*
 * Runs one command; what it prints goes to `out` as it comes. 0 with *ex filled, or a negative
 * errno (-EPIPE: skiffd went away) with the sentence in ex->text. argv is not changed.
 */
int client_command(struct client *c, unsigned int argc, char *const *argv, uint32_t flags,
	uint64_t txn, FILE *out, struct client_exit *ex);

/* SKIFF_MSG_TXN_BEGIN (fills *token), _COMMIT, _ABORT. Negative errno with the text. */
int client_txn(struct client *c, enum skiff_msg_type type, uint64_t *token, char *text,
	size_t size);
