/* SPDX-License-Identifier: BSD-3-Clause */
/* skiffd's side of the own verbs: api.h's command ops and the handlers of the table. */
#pragma once

#include <stdint.h>

#include "api.h"
#include "verbs.h"

struct skiffd;

/* `argc`, `argv` from the verb's first argument on; `at` is that argument's index in c->argv. */
struct command {
	struct skiffd *d;
	struct api_cmd *c;
	const struct verb *v;
	unsigned int at, argc;
	char *const *argv;
};

/* Ends the command by api_cmd_exit, at once or later (then it sets c->priv). */
typedef void command_fn(struct command *cmd);

/* Of api_ops. */
void commands_run(void *arg, struct api_cmd *c);
void commands_gone(void *arg, struct api_cmd *c);

void command_done(struct command *cmd);
/* Status 2: the words are wrong; `word` counts from the verb's first argument. */
void command_usage(struct command *cmd, uint32_t word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Status 1: refused or failed. */
void command_failed(struct command *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void command_error(struct command *cmd, const struct verb_error *e);

command_fn command_system, command_system_show, command_port_add, command_port_del;
command_fn command_port_registers;
command_fn command_port_show, command_show_workers, command_show_stages, command_show_drops;
command_fn command_show_memory, command_show_proc, command_show_ledger, command_trace, command_save, command_complete;
command_fn command_sysctl;

/* What is under way when the program goes: each returns true if the command was its. */
bool command_show_gone(struct skiffd *d, struct api_cmd *c);
bool command_trace_gone(struct skiffd *d, struct api_cmd *c);
bool command_save_gone(struct skiffd *d, struct api_cmd *c);
