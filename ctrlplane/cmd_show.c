/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `show ...`: asks the workers for their counters, and prints when they have come; the control
 * thread goes on meanwhile. report.c makes the figures, table.c the text.
 */
#include <errno.h>
#include <event2/event.h>
#include <linux/ip.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "core/dp.h"
#include "cp.h"
#include "daemon.h"
#include "proc_net.h"
#include "report.h"
#include "snapshot.h"
#include "table.h"

#define LOAD_MS 200 /* `show workers` measures the load over this long */

struct show {
	struct skiffd *d;
	struct api_cmd *c;
	enum verb_id id;
	bool all, json;
	uint32_t worker;
	char proc[16];              /* show proc: the file's name */
	struct event *timer;        /* show workers */
	struct snapshot before;
};

static const struct column stage_columns[] = {
	{"stage", "stage", COL_TEXT, false},
	{"packets", "packets", COL_COUNT, false},
	{"calls", "calls", COL_COUNT, false},
	{"packets_per_call", "packets/call", COL_NUMBER, false},
	{"cycles_per_packet", "cycles/packet", COL_NUMBER, false},
	{"what", "what it does", COL_TEXT, false},
};

static const struct column drop_columns[] = {
	{"reason", "reason", COL_TEXT, false},
	{"packets", "packets", COL_COUNT, true},
	{"what", "why", COL_TEXT, false},
};

static const struct column worker_columns[] = {
	{"worker", "worker", COL_COUNT, false},
	{"cpu", "cpu", COL_COUNT, false},
	{"load", "load", COL_PERCENT, false},
	{"rx", "received", COL_COUNT, true},
	{"lane", "lane", COL_PERCENT, false},
	{"turns", "turns", COL_COUNT, false},
	{"busy_turns", "busy", COL_COUNT, false},
	{"sleeps", "sleeps", COL_COUNT, false},
	{"time_squeeze", "squeezed", COL_COUNT, false},
	{"no_skb", "no buffer", COL_COUNT, false},
};

static const struct column pool_columns[] = {
	{"pool", "pool", COL_TEXT, false},
	{"size", "size", COL_COUNT, false},
	{"in_use", "in use", COL_COUNT, false},
	{"free", "free", COL_COUNT, false},
	{"bytes", "bytes", COL_COUNT, false},
	{"huge_pages", "huge pages", COL_TEXT, false},
};

#define COLUMNS(c) (c), sizeof(c) / sizeof((c)[0])

static void print_text(const struct show *s, FILE *out, const json_t *j)
{
	switch (s->id) {
	case VERB_SHOW_STAGES:
		table_print(out, j, COLUMNS(stage_columns), "packets", s->all);
		break;
	case VERB_SHOW_DROPS:
		table_print(out, j, COLUMNS(drop_columns), "packets", s->all);
		break;
	case VERB_SHOW_WORKERS:
		table_print(out, j, COLUMNS(worker_columns), NULL, true);
		break;
	case VERB_SHOW_MEMORY:
		table_print(out, json_object_get(j, "pools"), COLUMNS(pool_columns), NULL, true);
		fputs("routing\n", out);
		table_print_object(out, json_object_get(j, "routing"), 4);
		fputs("links\n", out);
		table_print_object(out, json_object_get(j, "links"), 4);
		break;
	default:
		table_print_object(out, j, 0);
	}
}

/* Prints j (taken over) and ends the command. */
static void print(const struct show *s, json_t *j)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = j == NULL ? NULL : open_memstream(&text, &len);

	if (out == NULL) {
		json_decref(j);
		api_cmd_exit(s->c, 1, SKIFF_NO_WORD, "no memory for the answer");
		return;
	}
	if (s->json) {
		json_dumpf(j, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
		fputc('\n', out);
	} else {
		print_text(s, out, j);
	}
	fclose(out);
	api_cmd_out(s->c, text, len);
	api_cmd_exit(s->c, 0, SKIFF_NO_WORD, "%s", "");
	free(text);
	json_decref(j);
}

static void show_free(struct show *s)
{
	if (s->timer != NULL)
		event_free(s->timer);
	free(s->before.worker);
	free(s);
}

static void print_proc(const struct show *s, const struct snapshot *snap)
{
	const struct dp_conf *dc = &s->d->dp->conf;
	const struct proc_net_conf conf = {
		.forwarding = s->d->cp->conf_all.v[IPV4_DEVCONF_FORWARDING - 1],
		.default_ttl = atomic_load_explicit(&dc->ip_default_ttl, memory_order_relaxed),
	};
	struct ip4_counters sum = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL) {
		api_cmd_exit(s->c, 1, SKIFF_NO_WORD, "no memory for the answer");
		return;
	}
	for (uint32_t i = 0; i < snap->n; i++)
		proc_net_add(&sum, &snap->worker[i].ip4);
	proc_net_print(out, s->proc, &sum, &conf);
	fclose(out);
	api_cmd_out(s->c, text, len);
	api_cmd_exit(s->c, 0, SKIFF_NO_WORD, "%s", "");
	free(text);
}

static json_t *report(const struct show *s, const struct snapshot *snap)
{
	switch (s->id) {
	case VERB_SHOW_STAGES:
		return report_stages(snap, s->worker);
	case VERB_SHOW_DROPS:
		return report_drops(snap, s->worker);
	case VERB_SHOW_LEDGER:
		return report_ledger(snap, s->worker);
	default:
		return report_workers(s->d, s->before.worker ? &s->before : NULL, snap);
	}
}

static void on_second(evutil_socket_t fd, short what, void *arg);

/* Keep the first of two snapshots, and come back. */
static bool keep_first(struct show *s, const struct snapshot *snap)
{
	const struct timeval tv = {.tv_usec = LOAD_MS * 1000};
	size_t bytes = snap->n * sizeof(*snap->worker);

	if (s->id != VERB_SHOW_WORKERS || s->before.worker != NULL)
		return false;
	s->timer = evtimer_new(s->d->base, on_second, s);
	s->before.worker = malloc(bytes);
	if (s->timer == NULL || s->before.worker == NULL)
		return false;
	memcpy(s->before.worker, snap->worker, bytes);
	s->before.n = snap->n;
	event_add(s->timer, &tv);
	return true;
}

static void on_snapshot(void *arg, const struct snapshot *snap)
{
	struct show *s = arg;

	if (snap == NULL)
		api_cmd_exit(s->c, 1, SKIFF_NO_WORD, "a worker does not answer");
	else if (keep_first(s, snap))
		return;
	else if (s->id == VERB_SHOW_PROC)
		print_proc(s, snap);
	else
		print(s, report(s, snap));
	show_free(s);
}

static void ask(struct show *s)
{
	if (snapshot_ask(s->d, on_snapshot, s) == 0)
		return;
	api_cmd_exit(s->c, 1, SKIFF_NO_WORD, "no memory");
	show_free(s);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	ask(arg);
}

bool command_show_gone(struct skiffd *d, struct api_cmd *c)
{
	struct show *s = c->priv;

	if (s == NULL)
		return false;
	snapshot_forget(d, s);
	show_free(s);
	return true;
}

/* [-a] [worker N]; 0 or an error that is told already. */
static int options(struct command *cmd, struct show *s, bool with_all)
{
	for (unsigned int i = 0; i < cmd->argc; i++) {
		char *end;

		if (with_all && strcmp(cmd->argv[i], "-a") == 0) {
			s->all = true;
			continue;
		}
		if (strcmp(cmd->argv[i], "worker") != 0) {
			command_usage(cmd, i, "'%s' is not known here; write: %s %s", cmd->argv[i],
				cmd->v->words, cmd->v->args);
			return -EINVAL;
		}
		if (++i == cmd->argc) {
			command_usage(cmd, SKIFF_NO_WORD, "the number of a worker is missing; 0 to %u",
				cmd->d->n_workers - 1);
			return -EINVAL;
		}
		unsigned long n = strtoul(cmd->argv[i], &end, 10);
		if (*end != '\0' || cmd->argv[i][0] < '0' || cmd->argv[i][0] > '9' ||
			n >= cmd->d->n_workers) {
			command_usage(cmd, i, "there is no worker '%s'; 0 to %u", cmd->argv[i],
				cmd->d->n_workers - 1);
			return -EINVAL;
		}
		s->worker = (uint32_t)n;
	}
	return 0;
}

static int no_words(struct command *cmd)
{
	if (cmd->argc == 0)
		return 0;
	command_usage(cmd, 0, "'%s' is one word too many; write: %s", cmd->argv[0], cmd->v->words);
	return -EINVAL;
}

static void show_counters(struct command *cmd, bool with_worker, bool with_all)
{
	struct show *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		command_failed(cmd, "no memory");
		return;
	}
	*s = (struct show){.d = cmd->d, .c = cmd->c, .id = cmd->v->id, .json = cmd->c->json,
		.worker = REPORT_ALL};
	if ((with_worker ? options(cmd, s, with_all) : no_words(cmd)) < 0) {
		show_free(s);
		return;
	}
	cmd->c->priv = s;
	ask(s);
}

void command_show_stages(struct command *cmd)
{
	show_counters(cmd, true, true);
}

void command_show_drops(struct command *cmd)
{
	show_counters(cmd, true, true);
}

void command_show_ledger(struct command *cmd)
{
	show_counters(cmd, true, false);
}

void command_show_workers(struct command *cmd)
{
	show_counters(cmd, false, false);
}

void command_show_proc(struct command *cmd)
{
	struct show *s;

	if (cmd->argc != 1 || !proc_net_has(cmd->argv[0]) || cmd->c->json) {
		command_usage(cmd, cmd->argc == 0 ? SKIFF_NO_WORD : 0, cmd->c->json
			? "the form is Linux's, not JSON" : "one of " PROC_NET_NAMES);
		return;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		command_failed(cmd, "no memory");
		return;
	}
	*s = (struct show){.d = cmd->d, .c = cmd->c, .id = cmd->v->id};
	strcpy(s->proc, cmd->argv[0]);
	cmd->c->priv = s;
	ask(s);
}

static void show_now(struct command *cmd, json_t *(*make)(const struct skiffd *d))
{
	struct show s = {.d = cmd->d, .c = cmd->c, .id = cmd->v->id, .json = cmd->c->json};

	if (no_words(cmd) == 0)
		print(&s, make(cmd->d));
}

void command_show_memory(struct command *cmd)
{
	show_now(cmd, report_memory);
}

void command_system_show(struct command *cmd)
{
	show_now(cmd, report_system);
}
