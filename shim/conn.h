/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening a stream to skiffd. */
#pragma once

#include <stdio.h>

#include <skiff/abi.h>

/*
 * A netlink socket of skiffd's: the stream's fd (blocking, close-on-exec), its memory mapped at
 * *map, *o checked. -1 with errno set, and a sentence on stderr where errno alone says too little.
 */
int conn_netlink(const struct skiff_netlink_open *req, struct skiff_netlink_opened *o, void **map);
/* The same answer, alone, from the socket that skiffd sends it on. 0 or -1. */
int conn_memory(int from, struct skiff_netlink_opened *o, void **map);
/*
 * One of skiff's own verbs, words ended by NULL: its output goes to `out`, the sentence of a refusal
 * to why[size]. The exit status, or -1 with errno.
 */
int conn_command(const char *const *words, FILE *out, char *why, size_t size);
