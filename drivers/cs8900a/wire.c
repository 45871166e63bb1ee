/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends of a model's wire: opened by description, attached to a model, closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_priv.h"

static const char *after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) ? NULL : text + n;
}

static struct cs8900a_wire *open_pcap(const char *files, char *err, size_t errlen)
{
	const char *colon = strchr(files, ':');
	char in[512];

	if (!colon || (size_t)(colon - files) >= sizeof(in)) {
		snprintf(err, errlen, "wire \"pcap:%s\": write pcap:IN:OUT, either may be empty",
			files);
		return NULL;
	}
	memcpy(in, files, (size_t)(colon - files));
	in[colon - files] = 0;
	return cs8900a_wire_pcap(in[0] ? in : NULL, colon[1] ? colon + 1 : NULL, err, errlen);
}

struct cs8900a_wire *cs8900a_wire_open(const char *text, char *err, size_t errlen)
{
	struct cs8900a_wire *wire;
	const char *rest;

	if (!strcmp(text, "none")) {
		wire = cs8900a_wire_none();
		if (!wire)
			snprintf(err, errlen, "no memory for a wire");
		return wire;
	}
	rest = after(text, "kernel:");
	if (rest)
		return cs8900a_wire_kernel(rest, err, errlen);
	rest = after(text, "pcap:");
	if (rest)
		return open_pcap(rest, err, errlen);
	rest = after(text, "pair:");
	if (rest)
		return csm_pair_named(rest, err, errlen);
	snprintf(err, errlen, "wire \"%s\" is not none, kernel:IFNAME, pcap:IN:OUT or pair:NAME",
		text);
	return NULL;
}

void cs8900a_wire_close(struct cs8900a_wire *wire)
{
	if (wire && wire->ops->close)
		wire->ops->close(wire);
}

int cs8900a_wire_wait_fd(struct cs8900a_wire *wire)
{
	return wire->ops->wait_fd ? wire->ops->wait_fd(wire) : -1;
}

void csm_wire_attach(struct cs8900a_wire *wire, struct cs8900a_model *m)
{
	csm_pair_lock(wire);
	wire->model = m;
	csm_pair_unlock(wire);
}

bool csm_wire_link(const struct cs8900a_wire *wire)
{
	return wire->ops->link ? wire->ops->link((struct cs8900a_wire *)wire) : true;
}

static bool no_link(struct cs8900a_wire *wire)
{
	return false;
}

static void free_wire(struct cs8900a_wire *wire)
{
	free(wire);
}

static const struct cs8900a_wire_ops none_ops = { .link = no_link, .close = free_wire };

struct cs8900a_wire *cs8900a_wire_none(void)
{
	struct cs8900a_wire *wire = calloc(1, sizeof(*wire));

	if (wire)
		wire->ops = &none_ops;
	return wire;
}
