/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file at start: a child that is `skiff load FILE` on our own socket, the very
 * program that a user runs. Control thread.
 */
#pragma once

struct skiffd;

/* 0 or a negative errno with a line in the log. Its end comes through loader_reap. */
int loader_start(struct skiffd *d);
/* SIGCHLD: if the loader ended, skiffd is ready or stops. */
void loader_reap(struct skiffd *d);
/* Ends a loader that still runs. */
void loader_stop(struct skiffd *d);
/* Says that skiffd is ready: on stdout, and to systemd. */
void daemon_ready(struct skiffd *d);
