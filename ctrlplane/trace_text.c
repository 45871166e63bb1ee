/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes what the tracer saw: the packet, the stages with their times, the end. */
#include "trace_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "core/drop.h"
#include "core/hook.h"
#include "stages.h"

static const char *const outcomes[] = {
	[TRACE_RUNNING] = "lost from sight",
	[TRACE_SENT] = "sent",
	[TRACE_DELIVERED] = "delivered",
	[TRACE_ABSORBED] = "went on in other packets",
	[TRACE_DROPPED] = "dropped",
	[TRACE_HELD] = "held",
};

static const char *const verdicts[] = {
	[HOOK_ACCEPT] = "accept", [HOOK_DROP] = "drop", [HOOK_STOLEN] = "stolen",
	[HOOK_QUEUE] = "queue", [HOOK_REPEAT] = "repeat", [HOOK_STOP] = "stop",
};

static const char *outcome(const struct trace_record *r)
{
	return r->outcome < sizeof(outcomes) / sizeof(outcomes[0]) ? outcomes[r->outcome] : "?";
}

static const char *verdict(const struct trace_step *s)
{
	return s->verdict < sizeof(verdicts) / sizeof(verdicts[0]) ? verdicts[s->verdict] : "?";
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Where the IPv4 header is in r->bytes, -1: there is none. Before ip4_input data is Ethernet. */
static int ip4_at(const struct trace_record *r)
{
	int at = 0;

	if (r->nsteps > 0 && r->step[0].stage < STAGE_ip4_input) {
		if (r->nbytes < 14 || be16(r->bytes + 12) != 0x0800)
			return -1;
		at = 14;
	}
	return r->nbytes >= at + 20 && r->bytes[at] >> 4 == 4 ? at : -1;
}

/* "192.0.2.1 > 198.51.100.1 icmp", "192.0.2.1:53 > ... udp", "ethertype 0806". */
static void summary(const struct trace_record *r, char *buf, size_t size)
{
	char src[INET_ADDRSTRLEN], dst[INET_ADDRSTRLEN], sp[8] = "", dp[8] = "", proto[8];
	int at = ip4_at(r), ihl;

	buf[0] = '\0';
	if (at < 0) {
		if (r->nbytes >= 14)
			snprintf(buf, size, "ethertype %04x", be16(r->bytes + 12));
		return;
	}
	ihl = (r->bytes[at] & 15) * 4;
	inet_ntop(AF_INET, r->bytes + at + 12, src, sizeof(src));
	inet_ntop(AF_INET, r->bytes + at + 16, dst, sizeof(dst));
	snprintf(proto, sizeof(proto), "%u", r->bytes[at + 9]);
	if (r->bytes[at + 9] == IPPROTO_ICMP)
		snprintf(proto, sizeof(proto), "icmp");
	if (r->bytes[at + 9] == IPPROTO_TCP || r->bytes[at + 9] == IPPROTO_UDP) {
		snprintf(proto, sizeof(proto), r->bytes[at + 9] == IPPROTO_TCP ? "tcp" : "udp");
		if (r->nbytes >= at + ihl + 4 && (be16(r->bytes + at + 6) & 0x1fff) == 0) {
			snprintf(sp, sizeof(sp), ":%u", be16(r->bytes + at + ihl));
			snprintf(dp, sizeof(dp), ":%u", be16(r->bytes + at + ihl + 2));
		}
	}
	snprintf(buf, size, "%s%s > %s%s %s ttl %u", src, sp, dst, dp, proto, r->bytes[at + 8]);
}

static double usec(const struct trace_record *r, unsigned int i, const struct trace_names *n)
{
	uint64_t cycles = r->step[i].tsc - r->step[0].tsc;

	return n->tsc_hz == 0 ? 0 : (double)cycles * 1e6 / (double)n->tsc_hz;
}

void trace_print(FILE *out, const struct trace_record *r, const struct trace_names *n)
{
	char text[128];

	summary(r, text, sizeof(text));
	fprintf(out, "worker %u  %s > %s  %u bytes  %s\n", r->worker, n->in ? n->in : "-",
		n->out ? n->out : "-", r->len, text);
	for (unsigned int i = 0; i < r->nsteps; i++) {
		const struct trace_step *s = &r->step[i];

		fprintf(out, "    %9.2f us  %s", usec(r, i, n), stage_name((enum stage)s->stage));
		if (s->hook != NULL)
			fprintf(out, ": %s says %s", s->hook, verdict(s));
		fputc('\n', out);
	}
	fprintf(out, "    %s", outcome(r));
	if (r->outcome == TRACE_DROPPED)
		fprintf(out, ": %s, %s", drop_reason_name((enum drop_reason)r->reason),
			drop_reason_text((enum drop_reason)r->reason));
	fputc('\n', out);
}

json_t *trace_json(const struct trace_record *r, const struct trace_names *n)
{
	json_t *steps = json_array(), *j;
	char text[128];

	for (unsigned int i = 0; i < r->nsteps; i++) {
		const struct trace_step *s = &r->step[i];
		json_t *row = json_pack("{s:s, s:f}", "stage", stage_name((enum stage)s->stage),
			"usec", usec(r, i, n));

		if (s->hook != NULL) {
			json_object_set_new(row, "hook", json_string(s->hook));
			json_object_set_new(row, "verdict", json_string(verdict(s)));
		}
		json_array_append_new(steps, row);
	}
	summary(r, text, sizeof(text));
	j = json_pack("{s:i, s:s?, s:s?, s:i, s:s, s:o, s:s}", "worker", (int)r->worker,
		"in", n->in, "out", n->out, "bytes", (int)r->len, "packet", text, "steps", steps,
		"outcome", outcome(r));
	if (r->outcome == TRACE_DROPPED)
		json_object_set_new(j, "reason",
			json_string(drop_reason_name((enum drop_reason)r->reason)));
	return j;
}
