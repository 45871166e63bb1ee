/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `trace`: arms the tracer of every worker by CTL_CALL, prints the records that come back until
 * there are as many as were asked for, then disarms the rest. A worker has one tracer, so there is
 * one trace at a time.
 */
#include "cmd_trace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "commands.h"
#include "core/trace.h"
#include "cp.h"
#include "ctl/ctl.h"
#include "daemon.h"
#include "dev/netdev.h"
#include "links.h"
#include "trace_text.h"

#define TRACE_DEFAULT 10u
#define TRACE_MAX 1000000u

/* What the workers are told; lives until each has heard it. */
struct order {
	struct trace_filter filter;
	uint32_t count;
};

struct trace_run {
	struct api_cmd *c;     /* NULL: none runs */
	struct order order;
	uint32_t left;         /* records to print */
	uint32_t unheard;      /* workers that have not taken the order yet */
	bool json, again;      /* again: a new order waits until all have heard the old one */
};

static void obey(struct worker *w, void *ptr)
{
	const struct order *o = ptr;

	trace_start(w, &o->filter, o->count);
}

static void send_order(struct skiffd *d)
{
	struct trace_run *t = d->traces;
	const struct ctl_msg m = {.type = CTL_CALL, .fn = obey, .ptr = &t->order,
		.token = TOKEN_TRACE};

	if (t->unheard > 0) {
		t->again = true;
		return;
	}
	if (t->c == NULL)
		t->order.count = 0;
	for (uint32_t i = 0; i < d->n_workers; i++)
		if (ctl_send(d->workers[i], &m) == 0)
			t->unheard++;
}

void traces_done(struct skiffd *d, uint64_t token)
{
	struct trace_run *t = d->traces;

	if (t == NULL || t->unheard == 0 || --t->unheard > 0 || !t->again)
		return;
	t->again = false;
	send_order(d);
}

/* Disarm the workers; those that have not heard the order yet will hear this one after it. */
static void end(struct skiffd *d)
{
	d->traces->c = NULL;
	send_order(d);
}

bool command_trace_gone(struct skiffd *d, struct api_cmd *c)
{
	if (d->traces == NULL || d->traces->c != c)
		return false;
	end(d);
	return true;
}

void traces_fini(struct skiffd *d)
{
	if (d->traces == NULL)
		return;
	if (d->traces->c != NULL)
		api_cmd_exit(d->traces->c, 1, SKIFF_NO_WORD, "skiffd stops");
	free(d->traces);
	d->traces = NULL;
}

static const char *name_of(const struct skiffd *d, uint16_t index)
{
	const struct netdev *dev = index == 0 ? NULL : netdev_get(d->dp, index);

	return dev == NULL ? NULL : dev->name;
}

void traces_record(struct skiffd *d, struct trace_record *r)
{
	struct trace_names n = {name_of(d, r->in_dev), name_of(d, r->out_dev), rte_get_tsc_hz()};
	struct trace_run *t = d->traces;
	char *text = NULL;
	size_t len = 0;
	FILE *out = t == NULL || t->c == NULL ? NULL : open_memstream(&text, &len);

	if (out != NULL && t->json) {
		json_t *j = trace_json(r, &n);

		json_dumpf(j, out, JSON_COMPACT);
		fputc('\n', out);
		json_decref(j);
	} else if (out != NULL) {
		trace_print(out, r, &n);
	}
	free(r);
	if (out == NULL)
		return;
	fclose(out);
	api_cmd_out(t->c, text, len);
	free(text);
	if (--t->left == 0) {
		struct api_cmd *c = t->c;

		end(d);
		api_cmd_exit(c, 0, SKIFF_NO_WORD, "%s", "");
	}
}

static int number(const char *word, uint32_t max, uint32_t *out)
{
	char *e;
	unsigned long v = strtoul(word, &e, 10);

	if (word[0] < '0' || word[0] > '9' || *e != '\0' || v == 0 || v > max)
		return -EINVAL;
	*out = (uint32_t)v;
	return 0;
}

static int protocol(const char *word, uint8_t *out)
{
	const struct protoent *p = getprotobyname(word);
	uint32_t n;

	if (strcmp(word, "icmp") == 0)
		*out = IPPROTO_ICMP;
	else if (strcmp(word, "tcp") == 0)
		*out = IPPROTO_TCP;
	else if (strcmp(word, "udp") == 0)
		*out = IPPROTO_UDP;
	else if (p != NULL)
		*out = (uint8_t)p->p_proto;
	else if (number(word, 255, &n) == 0)
		*out = (uint8_t)n;
	else
		return -EINVAL;
	return 0;
}

static int iface(const struct skiffd *d, const char *word, struct trace_filter *f)
{
	const struct cp_link *l = cp_link_by_name(d->cp, word);

	if (l == NULL || l->dev == NULL)
		return -ENODEV;
	f->iface = l->dev->index;
	return 0;
}

/* One option and its value; false with the command ended. */
static bool option(struct command *cmd, unsigned int i, struct order *o)
{
	const char *key = cmd->argv[i], *value = i + 1 < cmd->argc ? cmd->argv[i + 1] : NULL;
	const char *want = NULL;
	uint32_t n;

	if (strcmp(key, "-n") != 0 && strcmp(key, "iface") != 0 && strcmp(key, "src") != 0 &&
		strcmp(key, "dst") != 0 && strcmp(key, "proto") != 0 && strcmp(key, "port") != 0) {
		command_usage(cmd, i, "'%s' is not known here; one of: -n, iface, src, dst, proto, "
			"port", key);
		return false;
	}
	if (value == NULL) {
		command_usage(cmd, SKIFF_NO_WORD, "the value of %s is missing", key);
		return false;
	}
	if (strcmp(key, "-n") == 0)
		want = number(value, TRACE_MAX, &o->count) < 0 ? "a number of packets" : NULL;
	else if (strcmp(key, "iface") == 0)
		want = iface(cmd->d, value, &o->filter) < 0 ? "an interface of skiff" : NULL;
	else if (strcmp(key, "src") == 0)
		want = inet_pton(AF_INET, value, &o->filter.src) != 1 ? "an IPv4 address" : NULL;
	else if (strcmp(key, "dst") == 0)
		want = inet_pton(AF_INET, value, &o->filter.dst) != 1 ? "an IPv4 address" : NULL;
	else if (strcmp(key, "proto") == 0)
		want = protocol(value, &o->filter.proto) < 0 ? "a protocol, as icmp or 47" : NULL;
	else if (number(value, 65535, &n) < 0)
		want = "a port, 1 to 65535";
	else
		o->filter.port = htons((uint16_t)n);
	if (want != NULL)
		command_usage(cmd, i + 1, "'%s' is not %s", value, want);
	return want == NULL;
}

void command_trace(struct command *cmd)
{
	struct order o = {.count = TRACE_DEFAULT};
	struct skiffd *d = cmd->d;

	for (unsigned int i = 0; i < cmd->argc; i += 2)
		if (!option(cmd, i, &o))
			return;
	if (d->traces == NULL)
		d->traces = calloc(1, sizeof(*d->traces));
	if (d->traces == NULL) {
		command_failed(cmd, "no memory");
		return;
	}
	if (d->traces->c != NULL || d->traces->unheard > 0) {
		command_failed(cmd, "another trace is running; end that one first");
		return;
	}
	d->traces->c = cmd->c;
	d->traces->order = o;
	d->traces->left = o.count;
	d->traces->json = cmd->c->json;
	send_order(d);
}
