/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* memif_turn.c: the descriptors that memif_relay.c looks at, and its timer. Control thread. */

#include <stdbool.h>

/* What an event names. */
struct memif_source {
	void (*ready)(struct memif_source *s);
	int fd;
	bool watched;
};

/* MEMIF_PEERS are not looked at while memif_hear_peers(false). */
enum memif_set { MEMIF_ALWAYS, MEMIF_PEERS };

/* With the first port. `on_tick` runs as memif_tick_in() said. -errno. */
int memif_turn_set_up(void (*on_tick)(void));
/* Of a source that is watched, or has no descriptor: nothing to do. -errno. */
int memif_watch(enum memif_set set, struct memif_source *s);
void memif_unwatch(enum memif_set set, struct memif_source *s);
/* And closes it. */
void memif_unwatch_shut(enum memif_set set, struct memif_source *s);
void memif_hear_peers(bool on);
/* Or sooner, where it is to come sooner. */
void memif_tick_in(unsigned ms);
/* One event, if there is one: what another's source was may be gone after it. */
bool memif_turn_one(void);
