/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dispatch of skiff's own verbs by the table of verbs.def. Called by api.c for each COMMAND, on
 * the control thread, with the state it acts on: the live one or a transaction's shadow.
 */
#include "commands.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cp.h"
#include "daemon.h"
#include "settings.h"
#include "transaction.h"

static command_fn *const handlers[VERB_COUNT] = {
	[VERB_SYSTEM_WORKERS] = command_system,
	[VERB_SYSTEM_CORES] = command_system,
	[VERB_SYSTEM_MBUFS] = command_system,
	[VERB_SYSTEM_HUGEPAGES] = command_system,
	[VERB_SYSTEM_MODE] = command_system,
	[VERB_SYSTEM_SPREAD] = command_system,
	[VERB_SYSTEM_SHOW] = command_system_show,
	[VERB_SHOW_SYSTEM] = command_system_show,
	[VERB_PORT_ADD] = command_port_add,
	[VERB_PORT_DEL] = command_port_del,
	[VERB_PORT_SHOW] = command_port_show,
	[VERB_SHOW_PORTS] = command_port_show,
	[VERB_SHOW_REGISTERS] = command_port_registers,
	[VERB_SHOW_WORKERS] = command_show_workers,
	[VERB_SHOW_STAGES] = command_show_stages,
	[VERB_SHOW_DROPS] = command_show_drops,
	[VERB_SHOW_MEMORY] = command_show_memory,
	[VERB_SHOW_PROC] = command_show_proc,
	[VERB_SHOW_LEDGER] = command_show_ledger,
	[VERB_TRACE] = command_trace,
	[VERB_SAVE] = command_save,
	[VERB_SYSCTL] = command_sysctl,
	[VERB_COMPLETE] = command_complete,
};

void command_done(struct command *cmd)
{
	api_cmd_exit(cmd->c, 0, SKIFF_NO_WORD, "%s", "");
}

static void exit_with(struct command *cmd, int status, uint32_t word, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void exit_with(struct command *cmd, int status, uint32_t word, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	api_cmd_exit(cmd->c, status, word, "%s", text);
}

void command_usage(struct command *cmd, uint32_t word, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	exit_with(cmd, 2, word == SKIFF_NO_WORD ? word : cmd->at + word, fmt, ap);
	va_end(ap);
}

void command_failed(struct command *cmd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	exit_with(cmd, 1, SKIFF_NO_WORD, fmt, ap);
	va_end(ap);
}

void command_error(struct command *cmd, const struct verb_error *e)
{
	api_cmd_exit(cmd->c, 2, e->word, "%s", e->text);
}

static bool allowed(struct command *cmd, struct txn *t)
{
	const struct verb *v = cmd->v;

	if (handlers[v->id] == NULL) {
		command_usage(cmd, SKIFF_NO_WORD, v->flags & VERB_NOT_YET
				? "`%s` is not part of this version of skiff"
				: "`%s` is done by the program skiff, not by skiffd", v->words);
		return false;
	}
	if ((v->flags & VERB_ADMIN) && cmd->c->role != SKIFF_ROLE_ADMIN) {
		command_failed(cmd, "`%s` is for administrators: root and the user skiffd runs as",
			v->words);
		return false;
	}
	if (t != NULL && !(v->flags & VERB_FILE)) {
		command_usage(cmd, SKIFF_NO_WORD, "`%s` cannot be part of a file", v->words);
		return false;
	}
	return true;
}

void commands_run(void *arg, struct api_cmd *c)
{
	struct command cmd = {.d = arg, .c = c};
	struct txn *t = transaction_of(cmd.d, c->ctx);
	char *const *argv = (char *const *)(uintptr_t)c->argv;
	unsigned int argc = (unsigned int)c->argc;
	struct verb_error e;

	if (t != NULL)
		t->commands++;
	c->priv = NULL;
	cmd.v = argc == 0 ? NULL : verb_find(argc, argv, &cmd.at, &e);
	if (cmd.v == NULL) {
		if (argc == 0)
			verb_wrong(&e, SKIFF_NO_WORD, "no command; `skiff help` lists them");
		command_error(&cmd, &e);
		return;
	}
	cmd.argc = argc - cmd.at;
	cmd.argv = argv + cmd.at;
	if (allowed(&cmd, t))
		handlers[cmd.v->id](&cmd);
}

void commands_gone(void *arg, struct api_cmd *c)
{
	struct skiffd *d = arg;

	if (!command_trace_gone(d, c) && !command_save_gone(d, c))
		command_show_gone(d, c);
}

void command_system(struct command *cmd)
{
	struct verb_error e;

	if (settings_same(&cmd->d->settings, cmd->v->id, (unsigned int)cmd->c->argc,
		(char *const *)(uintptr_t)cmd->c->argv, &e) < 0)
		command_error(cmd, &e);
	else
		command_done(cmd);
}
