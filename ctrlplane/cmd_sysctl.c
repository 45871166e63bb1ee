/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `sysctl`: net.ipv4.conf and the limits of neighbours in the words of Linux's tool, which itself writes to /proc/sys, where
 * skiff is not. Acts on the live model or, in a file, on the shadow, with a step for the commit.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "cp.h"
#include "daemon.h"
#include "inet_conf.h"
#include "neigh.h"
#include "transaction.h"

#define PREFIX "net.ipv4.conf."
#define IP_FORWARD "net.ipv4.ip_forward"
#define THRESH "net.ipv4.neigh.default.gc_thresh"
#define KEY_MAX 80

struct target {
	int64_t who;
	const struct cp_conf_key *key;
	bool ip_forward; /* the other name of conf.all.forwarding */
	unsigned int thresh; /* 1 to 3: gc_thresh, no key */
};

struct change {
	struct target t;
	uint32_t value;
};

static const char *keys_text(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (const struct cp_conf_key *k = cp_conf_keys; k->name != NULL && n < size; k++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "", k->name);
	return buf;
}

/* net.ipv4.conf.WHO.KEY; a '/' in WHO stands for a '.', as in Linux's tool. */
static bool parse_key(struct command *cmd, struct cp *cp, uint32_t word, const char *text,
	struct target *t)
{
	char name[KEY_MAX], list[160], *dot;
	const struct cp_link *l;

	*t = (struct target){0};
	if (strncmp(text, THRESH, strlen(THRESH)) == 0) {
		const char *nr = text + strlen(THRESH);

		t->thresh = nr[0] >= '1' && nr[0] <= '3' && nr[1] == '\0' ? nr[0] - '0' : 0;
		if (t->thresh != 0)
			return true;
	}
	t->ip_forward = strcmp(text, IP_FORWARD) == 0;
	if (t->ip_forward)
		text = PREFIX "all.forwarding";
	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0 || strlen(text) >= KEY_MAX) {
		command_usage(cmd, word, "'%s' is not known here; skiff has " IP_FORWARD ", "
			THRESH "{1,2,3} and " PREFIX "{all,default,INTERFACE}.{%s}", text, keys_text(list, sizeof(list)));
		return false;
	}
	strcpy(name, text + strlen(PREFIX));
	dot = strrchr(name, '.');
	t->key = dot != NULL ? cp_conf_key(dot + 1) : NULL;
	if (t->key == NULL) {
		command_usage(cmd, word, "skiff has no '%s'; one of: %s", dot ? dot + 1 : name,
			keys_text(list, sizeof(list)));
		return false;
	}
	*dot = '\0';
	for (char *p = name; *p; p++)
		*p = *p == '/' ? '.' : *p;
	if (strcmp(name, "all") == 0) {
		t->who = CP_CONF_ALL;
	} else if (strcmp(name, "default") == 0) {
		t->who = CP_CONF_DEFAULT;
	} else {
		l = cp_link_by_name(cp, name);
		if (l == NULL) {
			command_usage(cmd, word, "there is no interface '%s'", name);
			return false;
		}
		t->who = l->ifindex;
	}
	return true;
}

static const char *who_text(struct cp *cp, int64_t who)
{
	return who == CP_CONF_ALL ? "all" : who == CP_CONF_DEFAULT ? "default"
		: cp_link_get(cp, (uint32_t)who)->name;
}

static void print(struct command *cmd, struct cp *cp, const struct target *t)
{
	char who[KEY_MAX];

	if (t->thresh != 0) {
		api_cmd_printf(cmd->c, THRESH "%u = %" PRIu32 "\n", t->thresh,
			cp_neigh_thresh(cp, t->thresh));
		return;
	}
	uint32_t value = cp_conf_get(cp_conf_of(cp, t->who), t->key->devconf);

	snprintf(who, sizeof(who), "%s", who_text(cp, t->who));
	for (char *p = who; *p; p++)
		*p = *p == '.' ? '/' : *p;
	if (t->ip_forward)
		api_cmd_printf(cmd->c, IP_FORWARD " = %" PRIu32 "\n", value);
	else
		api_cmd_printf(cmd->c, PREFIX "%s.%s = %" PRIu32 "\n", who, t->key->name, value);
}

static void print_all(struct command *cmd, struct cp *cp)
{
	struct target t = {.who = CP_CONF_ALL, .key = cp_conf_key("forwarding"), .ip_forward = true};

	print(cmd, cp, &t);
	t.ip_forward = false;
	for (t.key = cp_conf_keys; t.key->name != NULL; t.key++) {
		for (t.who = CP_CONF_ALL; t.who >= CP_CONF_DEFAULT; t.who--)
			print(cmd, cp, &t);
		for (const struct cp_link *l = cp_link_next(cp, 0); l != NULL;
			l = cp_link_next(cp, l->ifindex + 1)) {
			t.who = l->ifindex;
			print(cmd, cp, &t);
		}
	}
	for (t.thresh = 1; t.thresh <= 3; t.thresh++)
		print(cmd, cp, &t);
}

static int apply(struct cp *cp, void *arg)
{
	const struct change *c = arg;

	if (c->t.thresh != 0)
		return cp_neigh_set_thresh(cp, c->t.thresh, c->value);
	return cp_conf_set(cp, c->t.who, c->t.key, c->value);
}

/* In a file: at the commit once more, on the live model, whose ifindexes are the shadow's. */
static int note(struct cp *shadow, const struct change *c)
{
	struct cp_step step = {.apply = apply, .done = free, .arg = malloc(sizeof(*c))};
	int err;

	if (step.arg == NULL)
		return -ENOMEM;
	memcpy(step.arg, c, sizeof(*c));
	err = cp_journal_step(shadow, &step);
	if (err < 0)
		free(step.arg);
	return err;
}

static void set(struct command *cmd, struct cp *cp, uint32_t word, char *text, char *eq)
{
	struct change c;
	char *end;
	unsigned long v;
	int err;

	*eq = '\0';
	if (!parse_key(cmd, cp, word, text, &c.t))
		return;
	errno = 0;
	v = strtoul(eq + 1, &end, 10);
	if (eq[1] < '0' || eq[1] > '9' || *end != '\0' || errno != 0 || v > INT32_MAX) {
		command_usage(cmd, word, "'%s' is not a number; 0 is off, 1 is on", eq + 1);
		return;
	}
	c.value = (uint32_t)v;
	cp->why = NULL;
	err = apply(cp, &c);
	if (err == 0 && transaction_of(cmd->d, cp) != NULL)
		err = note(cp, &c);
	if (err < 0)
		command_failed(cmd, "%s: %s", text, cp->why ? cp->why : strerror(-err));
	else
		command_done(cmd);
}

void command_sysctl(struct command *cmd)
{
	bool w = cmd->argc > 0 && strcmp(cmd->argv[0], "-w") == 0;
	struct cp *cp = cmd->c->ctx;
	struct target t;
	char text[KEY_MAX + 16], *eq;

	if (cmd->argc != (w ? 2u : 1u) || strlen(cmd->argv[w]) >= sizeof(text)) {
		command_usage(cmd, cmd->argc > w + 1u ? w + 1u : SKIFF_NO_WORD,
			"write: sysctl [-w] KEY=VALUE, sysctl KEY, or sysctl -a");
		return;
	}
	strcpy(text, cmd->argv[w]);
	eq = strchr(text, '=');
	if (eq != NULL && cmd->c->role != SKIFF_ROLE_ADMIN) {
		command_failed(cmd, "to change a setting is for administrators: root and the user "
			"skiffd runs as");
	} else if (eq != NULL) {
		set(cmd, cp, w, text, eq);
	} else if (strcmp(text, "-a") == 0) {
		print_all(cmd, cp);
		command_done(cmd);
	} else if (parse_key(cmd, cp, w, text, &t)) {
		print(cmd, cp, &t);
		command_done(cmd);
	}
}
