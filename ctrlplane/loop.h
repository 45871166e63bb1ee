/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread's event loop. */
#pragma once

struct skiffd;

int loop_init(struct skiffd *d);
void loop_fini(struct skiffd *d);
/* Runs until d->stop. */
void loop_run(struct skiffd *d);
/* Ends the loop with this exit status; the first one counts. */
void loop_stop(struct skiffd *d, int status);
