/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `save`: the running state as a file that leads there again: settings, ports, then what the model
 * has, as lines of `ip`. And `complete`, which the interactive shell asks.
 */
#include <errno.h>
#include <event2/event.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "port_table.h" /* <net/if.h> before <linux/if.h> */

#include "commands.h"
#include "cp.h"
#include "daemon.h"
#include "links.h"

#define PIECE (64u << 10)
#define AHEAD (4u << 20) /* unsent bytes at which we wait for the reader */

/* A long answer goes out in pieces, as the program reads. */
struct save {
	struct skiffd *d;
	struct api_cmd *c;
	char *text;
	size_t len, at;
	struct event *again;
};

static void save_free(struct save *s)
{
	if (s->again != NULL)
		event_free(s->again);
	free(s->text);
	free(s);
}

static void send_some(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval tv = {.tv_usec = 2000};
	struct save *s = arg;

	while (s->at < s->len && api_cmd_unsent(s->c) < AHEAD) {
		size_t n = s->len - s->at < PIECE ? s->len - s->at : PIECE;

		api_cmd_out(s->c, s->text + s->at, n);
		s->at += n;
	}
	if (s->at < s->len) {
		event_add(s->again, &tv);
		return;
	}
	s->c->priv = NULL;
	api_cmd_exit(s->c, 0, SKIFF_NO_WORD, "%s", "");
	save_free(s);
}

bool command_save_gone(struct skiffd *d, struct api_cmd *c)
{
	if (c->priv == NULL || strcmp(c->argv[0], "save") != 0)
		return false;
	save_free(c->priv);
	return true;
}

static int write_all(struct skiffd *d, FILE *out)
{
	char when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int err;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(out, "# skiff %s, saved %s\n", SKIFF_VERSION, when);
	settings_write(&d->settings, out);
	port_table_write(d, out);
	err = cp_save(d->cp, out);
	return fclose(out) == 0 ? err : -EIO;
}

void command_save(struct command *cmd)
{
	struct save *s;
	FILE *out;

	if (cmd->argc > 0) {
		command_usage(cmd, 0, "'%s' is one word too many; write: skiff save > FILE",
			cmd->argv[0]);
		return;
	}
	s = calloc(1, sizeof(*s));
	out = s == NULL ? NULL : open_memstream(&s->text, &s->len);
	if (out == NULL || write_all(cmd->d, out) < 0 ||
		(s->again = evtimer_new(cmd->d->base, send_some, s)) == NULL) {
		if (s != NULL)
			save_free(s);
		command_failed(cmd, "no memory for the file");
		return;
	}
	s->d = cmd->d;
	s->c = cmd->c;
	cmd->c->priv = s;
	send_some(-1, 0, s);
}

struct offer {
	struct api_cmd *c;
	const char *start;
};

static void offer(void *arg, const char *word)
{
	const struct offer *o = arg;

	if (strncmp(word, o->start, strlen(o->start)) == 0)
		api_cmd_printf(o->c, "%s\n", word);
}

static void offer_links(const struct skiffd *d, struct offer *o)
{
	for (const struct cp_link *l = cp_link_next(d->cp, 0); l; l = cp_link_next(d->cp, l->ifindex + 1))
		offer(o, l->name);
}

static void offer_ports(const struct skiffd *d, struct offer *o)
{
	for (const struct port_entry *e = d->ports; e != NULL; e = e->next)
		offer(o, port_table_name(d, e));
}

static void offer_value(const struct port_option *opt, struct offer *o)
{
	struct if_nameindex *all, *i;
	char choices[128], *save = NULL;

	if (opt->value == PORT_YESNO) {
		offer(o, "yes");
		offer(o, "no");
	} else if (opt->value == PORT_CHOICE) {
		snprintf(choices, sizeof(choices), "%s", opt->choices);
		for (char *w = strtok_r(choices, "|", &save); w; w = strtok_r(NULL, "|", &save))
			offer(o, w);
	} else if (opt->value == PORT_IFACE) {
		all = if_nameindex();
		for (i = all; i != NULL && i->if_name != NULL; i++)
			offer(o, i->if_name);
		if (all != NULL)
			if_freenameindex(all);
	}
}

/* port add NAME DRIVER [OPTION VALUE]...: argv from NAME on. */
static void offer_port_add(unsigned int argc, char *const *argv, struct offer *o)
{
	const struct port_type *t = argc > 2 ? port_type_find(argv[1]) : NULL;

	if (argc == 2)
		for (unsigned int i = 0; port_types[i] != NULL; i++)
			offer(o, port_types[i]->name);
	if (t == NULL)
		return;
	for (const struct port_option *opt = t->options; opt->name != NULL; opt++) {
		if (argc % 2 == 1)
			offer(o, opt->name);
		else if (strcmp(argv[argc - 2], opt->name) == 0)
			offer_value(opt, o);
	}
}

static void offer_filter(const struct skiffd *d, unsigned int argc, char *const *argv,
	struct offer *o)
{
	static const char *const keys[] = {"-n", "iface", "src", "dst", "proto", "port"};

	if (argc % 2 == 0 && strcmp(argv[argc - 2], "iface") == 0)
		offer_links(d, o);
	for (unsigned int i = 0; argc % 2 == 1 && i < sizeof(keys) / sizeof(keys[0]); i++)
		offer(o, keys[i]);
}

static void offer_words(const char *words, struct offer *o)
{
	char buf[64], *save = NULL;

	snprintf(buf, sizeof(buf), "%s", words);
	for (char *w = strtok_r(buf, "|", &save); w; w = strtok_r(NULL, "|", &save))
		offer(o, w);
}

/* argv: whole words, and the beginning of the last one. */
void command_complete(struct command *cmd)
{
	struct offer o = {.c = cmd->c, .start = cmd->argc ? cmd->argv[cmd->argc - 1] : ""};
	unsigned int argc = cmd->argc, used = 0;
	struct verb_error e;
	const struct verb *v = argc < 2 ? NULL : verb_find(argc - 1, cmd->argv, &used, &e);

	if (v == NULL) {
		verb_complete(argc, cmd->argv, offer, &o);
		command_done(cmd);
		return;
	}
	argc -= used;
	switch (v->id) {
	case VERB_PORT_ADD:
		offer_port_add(argc, cmd->argv + used, &o);
		break;
	case VERB_PORT_DEL:
	case VERB_PORT_SHOW:
	case VERB_SHOW_PORTS:
	case VERB_SHOW_REGISTERS:
		if (argc == 1)
			offer_ports(cmd->d, &o);
		break;
	case VERB_TRACE:
		offer_filter(cmd->d, argc, cmd->argv + used, &o);
		break;
	case VERB_SYSTEM_MODE:
	case VERB_SYSTEM_SPREAD:
	case VERB_SYSTEM_HUGEPAGES:
		offer_words(v->args, &o);
		break;
	default:
		break;
	}
	command_done(cmd);
}
