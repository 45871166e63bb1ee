/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `port add|del|show`, `show registers`. In a transaction `port add` puts a link into the shadow and a step into its
 * journal: the device is opened when all of the file has been accepted, and closed again if a
 * later step fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "port_table.h" /* <net/if.h> before <linux/if.h> */

#include "commands.h"
#include "cp.h"
#include "daemon.h"
#include "links.h"
#include "port_adopt.h"
#include "table.h"
#include "transaction.h"

/* What `done`, `apply` and `undo` of a journalled port get. */
struct port_step {
	struct skiffd *d;
	uint64_t token;
	uint32_t command;
	struct port_spec spec;
	char name[IFNAMSIZ];
};

static void refuse(struct command *cmd, const struct port_why *why, int status)
{
	uint32_t word = why->word < 0 ? SKIFF_NO_WORD : cmd->at + (uint32_t)why->word;

	api_cmd_exit(cmd->c, status, word, "%s", why->text);
}

static struct txn *txn_by_token(struct skiffd *d, uint64_t token)
{
	struct txn *t = d->txns;

	while (t != NULL && t->token != token)
		t = t->next;
	return t;
}

static int step_apply(struct cp *live, void *arg)
{
	struct port_step *s = arg;
	struct txn *t = txn_by_token(s->d, s->token);
	struct port_why why = {.word = -1};
	int err = port_check(&s->spec, &why);

	if (err == 0)
		err = port_table_add(s->d, &s->spec, &why);
	if (err < 0 && t != NULL) {
		t->failed = s->command;
		/* its words begin behind "port add" */
		t->failed_word = why.word < 0 ? 0 : (uint32_t)why.word + 2;
		snprintf(t->why, sizeof(t->why), "%s", why.text);
	}
	return err;
}

static void step_undo(struct cp *live, void *arg)
{
	const struct port_step *s = arg;
	struct port_entry *e = port_table_by_name(s->d, s->name);
	struct port_why why;

	if (e != NULL)
		port_table_del(s->d, e, &why);
}

static void step_done(void *arg)
{
	struct port_step *s = arg;

	port_spec_free(&s->spec);
	free(s);
}

static int shadow_link(struct cp *shadow, const struct port_spec *spec)
{
	const struct cp_port p = {.name = spec->name, .driver = spec->type->name,
		.port_id = UINT16_MAX, .mac = {2}, .mtu = 1500, .min_mtu = 68,
		.max_mtu = spec->type->limits.max_mtu, .carrier = true};

	return cp_link_add_port(shadow, &p, NULL);
}

/* The shadow has the link, the journal the port. 0, or an error with *why. */
static int journal(struct command *cmd, struct txn *t, struct port_spec *spec,
	struct port_why *why)
{
	struct port_step *s = calloc(1, sizeof(*s));
	struct cp_step step = {.apply = step_apply, .undo = step_undo, .done = step_done, .arg = s};
	int err = s == NULL ? -ENOMEM : shadow_link(t->shadow, spec);

	if (err == 0) {
		*s = (struct port_step){.d = cmd->d, .token = t->token, .command = t->commands,
			.spec = *spec};
		memcpy(s->name, spec->name, sizeof(s->name));
		memset(spec, 0, sizeof(*spec));
		err = cp_journal_step(t->shadow, &step);
		if (err == 0)
			return 0;
		port_spec_free(&s->spec);
	}
	free(s);
	why->word = err == -EEXIST ? 0 : -1;
	snprintf(why->text, sizeof(why->text), "%s", err == -EEXIST
			? "an interface of this name exists; take another name"
			: t->shadow->why ? t->shadow->why : strerror(-err));
	return err;
}

static int add(struct command *cmd, struct port_spec *spec, struct port_why *why)
{
	struct txn *t = transaction_of(cmd->d, cmd->c->ctx);
	struct port_entry *e = port_table_by_name(cmd->d, spec->name);

	/* A file that is loaded again names the ports that are there already. */
	if (e != NULL && port_table_same(e, spec))
		return 0;
	if (e != NULL) {
		why->word = 0;
		snprintf(why->text, sizeof(why->text), "port %s is open as something else; `skiff "
			"port del %s` first", spec->name, spec->name);
		return -EEXIST;
	}
	/*
	 * --check is about the file, not about this machine. And the other end of a vhost, virtio or
	 * memif socket may be an earlier line of the same file: step_apply() looks in time.
	 */
	if (t != NULL && (cmd->d->check != NULL || spec->type->takeover == NULL))
		return journal(cmd, t, spec, why);
	int err = port_check(spec, why);

	if (err < 0)
		return err;
	if (t != NULL)
		return journal(cmd, t, spec, why);
	err = port_table_add(cmd->d, spec, why);
	port_adopt_new(cmd->d);
	return err;
}

void command_port_add(struct command *cmd)
{
	struct port_why why = {.word = -1};
	struct port_spec spec;

	memset(&spec, 0, sizeof(spec));
	if (port_parse((int)cmd->argc, cmd->argv, &spec, &why) < 0) {
		refuse(cmd, &why, 2);
		return;
	}
	if (add(cmd, &spec, &why) < 0)
		refuse(cmd, &why, 1);
	else
		command_done(cmd);
	port_spec_free(&spec);
}

void command_port_del(struct command *cmd)
{
	struct port_why why = {.word = -1};
	struct port_entry *e;

	if (cmd->argc != 1) {
		command_usage(cmd, cmd->argc > 1 ? 1 : SKIFF_NO_WORD, "write: port del NAME");
		return;
	}
	e = port_table_by_name(cmd->d, cmd->argv[0]);
	if (e == NULL)
		command_usage(cmd, 0, "there is no port '%s'; `skiff port show` lists them",
			cmd->argv[0]);
	else if (port_table_del(cmd->d, e, &why) < 0)
		command_failed(cmd, "port %s: %s", cmd->argv[0], why.text);
	else
		command_done(cmd);
}

static const struct column columns[] = {
	{"port", "port", COL_TEXT, false},
	{"driver", "driver", COL_TEXT, false},
	{"state", "state", COL_TEXT, false},
	{"mtu", "mtu", COL_COUNT, false},
	{"rx_packets", "received", COL_COUNT, true},
	{"rx_missed", "missed", COL_COUNT, true},
	{"tx_packets", "sent", COL_COUNT, true},
	{"tx_dropped", "not sent", COL_COUNT, true},
	{"options", "options", COL_TEXT, false},
};

static void print_ports(const struct command *cmd, FILE *out, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (cmd->c->json) {
		json_dumpf(rows, out, JSON_INDENT(2));
		fputc('\n', out);
	} else if (cmd->argc == 0) {
		table_print(out, rows, columns, sizeof(columns) / sizeof(columns[0]), NULL, true);
	} else {
		json_array_foreach(rows, i, row)
			table_print_object(out, row, 0);
	}
}

void command_port_show(struct command *cmd)
{
	char *text = NULL;
	size_t len = 0;
	json_t *rows;
	FILE *out;

	if (cmd->argc > 1) {
		command_usage(cmd, 1, "'%s' is one word too many; write: %s [NAME]", cmd->argv[1],
			cmd->v->words);
		return;
	}
	if (cmd->argc == 1 && port_table_by_name(cmd->d, cmd->argv[0]) == NULL) {
		command_usage(cmd, 0, "there is no port '%s'; `skiff port show` lists them",
			cmd->argv[0]);
		return;
	}
	rows = report_ports(cmd->d, cmd->argc == 1 ? cmd->argv[0] : NULL);
	out = open_memstream(&text, &len);
	if (out == NULL) {
		json_decref(rows);
		command_failed(cmd, "no memory");
		return;
	}
	print_ports(cmd, out, rows);
	fclose(out);
	api_cmd_out(cmd->c, text, len);
	command_done(cmd);
	free(text);
	json_decref(rows);
}

void command_port_registers(struct command *cmd)
{
	const struct port_entry *e;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	if (cmd->argc != 1) {
		command_usage(cmd, cmd->argc > 1 ? 1 : SKIFF_NO_WORD, "write: show registers NAME");
		return;
	}
	e = port_table_by_name(cmd->d, cmd->argv[0]);
	if (e == NULL) {
		command_usage(cmd, 0, "there is no port '%s'; `skiff port show` lists them",
			cmd->argv[0]);
		return;
	}
	out = open_memstream(&text, &len);
	if (out == NULL) {
		command_failed(cmd, "no memory");
		return;
	}
	err = port_registers(&e->port, out);
	fclose(out);
	if (err == 0) {
		api_cmd_out(cmd->c, text, len);
		command_done(cmd);
	} else {
		command_failed(cmd, "port %s: %s", cmd->argv[0], err == -ENOTSUP
				? "its driver has no registers to show" : strerror(-err));
	}
	free(text);
}
