/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker has a CPU of its own, but for one case: a program sends one request after another from
 * there (a million routes of ip -batch), and the control thread takes turns with it (nl_follow.c).
 * The program is not ours to move, and the three would have half a CPU each; so the worker steps
 * aside, onto a CPU that no worker has, until it is over. Called by workers.c and nl_follow.c.
 */
#include "worker_cpus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/worker.h"
#include "daemon.h"
#include "log.h"

/* The worker's buffers lie on this node; a machine without nodes has none to be on. */
static bool on_node(int cpu, unsigned int node)
{
	char path[64];

	if (access("/sys/devices/system/node/node0", F_OK) < 0)
		return true;
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/node%u", cpu, node);
	return access(path, F_OK) == 0;
}

void worker_cpus_init(struct skiffd *d, uint32_t i)
{
	struct worker_thread *t = &d->threads[i];

	t->away = false;
	if (!settings_free_cpus(&d->settings, &d->cpus, &t->aside))
		return;
	for (int c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET(c, &t->aside) && !on_node(c, t->w->node))
			CPU_CLR(c, &t->aside);
}

static void place(struct skiffd *d, uint32_t i, bool away)
{
	struct worker_thread *t = &d->threads[i];
	const pid_t tid = atomic_load(&t->tid);
	cpu_set_t home;

	if (t->away == away || tid == 0 || CPU_COUNT(&t->aside) == 0)
		return;
	CPU_ZERO(&home);
	CPU_SET(d->settings.cores[i], &home);
	if (sched_setaffinity(tid, sizeof(home), away ? &t->aside : &home) < 0)
		log_debug("worker %u stays on its CPU: %s", i, strerror(errno));
	else
		t->away = away;
}

void worker_cpus_yield(void *ctx, int cpu)
{
	struct skiffd *d = ctx;

	for (uint32_t i = 0; i < d->running; i++)
		place(d, i, d->settings.cores[i] == cpu);
}
