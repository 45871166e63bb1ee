/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notifier chains (Linux's): callbacks by descending priority, registration order among equals,
 * called in the caller's context, which is the control thread. A callback may unregister itself or
 * others during a call.
 */
#pragma once

#include <stdbool.h>

#define NOTIFY_DONE 0
#define NOTIFY_OK 1
#define NOTIFY_STOP_MASK 0x8000
#define NOTIFY_BAD (NOTIFY_STOP_MASK | 2)
#define NOTIFY_STOP (NOTIFY_STOP_MASK | NOTIFY_OK)

/* Events of the netdev chain; the values of Linux's NETDEV_*. */
enum netdev_event {
	NETDEV_EV_UP = 1,
	NETDEV_EV_DOWN = 2,
	NETDEV_EV_REBOOT = 3,
	NETDEV_EV_CHANGE = 4,
	NETDEV_EV_REGISTER = 5,
	NETDEV_EV_UNREGISTER = 6,
	NETDEV_EV_CHANGEMTU = 7,
	NETDEV_EV_CHANGEADDR = 8,
	NETDEV_EV_GOING_DOWN = 9,
	NETDEV_EV_CHANGENAME = 10,
	NETDEV_EV_FEAT_CHANGE = 11,
};

struct notifier_block;
typedef int notifier_fn(struct notifier_block *nb, unsigned long event, void *ptr);

/* Owned by whoever registers it. */
struct notifier_block {
	notifier_fn *call;
	int priority;
	struct notifier_block *next;
	bool dead;                /* unregistered during a call: unlinked when it ends */
};

struct notifier_chain {
	struct notifier_block *head;
	unsigned int depth;       /* calls in progress */
	bool sweep;               /* dead blocks wait to be unlinked */
};

/* 0, -EEXIST. */
int notifier_register(struct notifier_chain *c, struct notifier_block *nb);
/* 0, -ENOENT. During a call the block must stay readable until the outermost call returns. */
int notifier_unregister(struct notifier_chain *c, struct notifier_block *nb);
/* At most `max` callbacks (-1: all); *calls (may be NULL): how many. The last return value. */
int notifier_call(struct notifier_chain *c, unsigned long event, void *ptr, int max, int *calls);
