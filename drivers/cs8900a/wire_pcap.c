/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wire between two pcap files (the classic format, either byte order, microseconds or
 * nanoseconds): frames come from one at the distances of its time stamps, counted from the first
 * frame asked for; what the model sends is written to the other with its own time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_wire.h"

#define MAGIC_US 0xA1B2C3D4u
#define MAGIC_NS 0xA1B23C4Du
#define LINKTYPE_ETHERNET 1

struct pcap_file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, linktype;
};

struct pcap_record {
	uint32_t sec, frac, caplen, len;
};

struct pcap_wire {
	struct cs8900a_wire wire;
	FILE *in, *out;
	bool swapped, nano, started;
	uint64_t first_ns, base_ns;
};

static struct pcap_wire *pcap_of(struct cs8900a_wire *wire)
{
	return (struct pcap_wire *)wire;
}

static uint32_t host32(const struct pcap_wire *p, uint32_t v)
{
	return p->swapped ? __builtin_bswap32(v) : v;
}

static bool skip(FILE *in, uint32_t n)
{
	while (n--)
		if (getc(in) == EOF)
			return false;
	return true;
}

/* At the end of the file, or where it is cut off, there are no more frames. */
static int no_more(struct pcap_wire *p)
{
	fclose(p->in);
	p->in = NULL;
	return 0;
}

static int pcap_receive(struct cs8900a_wire *wire, uint64_t now, struct cs8900a_wire_frame *f)
{
	struct pcap_wire *p = pcap_of(wire);
	struct pcap_record r;
	uint32_t caplen, room = sizeof(f->data) - 4;
	uint64_t ns;

	if (!p->in)
		return 0;
	if (fread(&r, sizeof(r), 1, p->in) != 1)
		return no_more(p);
	caplen = host32(p, r.caplen);
	f->len = caplen < room ? caplen : room;
	if (fread(f->data, 1, f->len, p->in) != f->len || !skip(p->in, caplen - f->len))
		return no_more(p);
	if (caplen < host32(p, r.len) || caplen > room)
		wire->lost++; /* not the whole frame; what there is goes out */
	ns = host32(p, r.sec) * UINT64_C(1000000000)
		+ (uint64_t)host32(p, r.frac) * (p->nano ? 1 : 1000);
	if (!p->started) {
		p->started = true;
		p->first_ns = ns;
		p->base_ns = now;
	}
	f->at_ns = p->base_ns + (ns > p->first_ns ? ns - p->first_ns : 0);
	f->has_crc = f->bad_crc = f->dribble = false;
	return 1;
}

static void pcap_send(struct cs8900a_wire *wire, const struct cs8900a_wire_frame *f)
{
	struct pcap_wire *p = pcap_of(wire);
	uint32_t len = f->has_crc && f->len > 4 ? f->len - 4 : f->len;
	struct pcap_record r = {
		.sec = (uint32_t)(f->at_ns / 1000000000), .frac = (uint32_t)(f->at_ns % 1000000000),
		.caplen = len, .len = len,
	};

	if (!p->out || f->bad_crc || fwrite(&r, sizeof(r), 1, p->out) != 1
		|| fwrite(f->data, 1, len, p->out) != len || fflush(p->out))
		wire->lost++;
}

static void pcap_close(struct cs8900a_wire *wire)
{
	struct pcap_wire *p = pcap_of(wire);

	if (p->in)
		fclose(p->in);
	if (p->out)
		fclose(p->out);
	free(p);
}

static const struct cs8900a_wire_ops pcap_ops = {
	.receive = pcap_receive, .send = pcap_send, .close = pcap_close,
};

static int open_in(struct pcap_wire *p, const char *name, char *err, size_t errlen)
{
	struct pcap_file_header h;
	uint32_t magic;

	p->in = fopen(name, "rbe");
	if (!p->in) {
		snprintf(err, errlen, "%s: %s", name, strerror(errno));
		return -1;
	}
	if (fread(&h, sizeof(h), 1, p->in) != 1) {
		snprintf(err, errlen, "%s is no pcap file: it is too short", name);
		return -1;
	}
	p->swapped = h.magic == __builtin_bswap32(MAGIC_US) || h.magic == __builtin_bswap32(MAGIC_NS);
	magic = host32(p, h.magic);
	p->nano = magic == MAGIC_NS;
	if (magic != MAGIC_US && magic != MAGIC_NS) {
		snprintf(err, errlen, "%s is no pcap file of the classic format", name);
		return -1;
	}
	if (host32(p, h.linktype) != LINKTYPE_ETHERNET) {
		snprintf(err, errlen, "%s holds no Ethernet frames", name);
		return -1;
	}
	return 0;
}

static int open_out(struct pcap_wire *p, const char *name, char *err, size_t errlen)
{
	struct pcap_file_header h = {
		.magic = MAGIC_NS, .major = 2, .minor = 4, .snaplen = CS8900A_WIRE_MAX,
		.linktype = LINKTYPE_ETHERNET,
	};

	p->out = fopen(name, "wbe");
	if (p->out && fwrite(&h, sizeof(h), 1, p->out) == 1 && !fflush(p->out))
		return 0;
	snprintf(err, errlen, "%s: %s", name, strerror(errno));
	return -1;
}

struct cs8900a_wire *cs8900a_wire_pcap(const char *in, const char *out, char *err, size_t errlen)
{
	struct pcap_wire *p = calloc(1, sizeof(*p));

	if (!p) {
		snprintf(err, errlen, "no memory for a wire");
		return NULL;
	}
	p->wire.ops = &pcap_ops;
	if ((in && open_in(p, in, err, errlen)) || (out && open_out(p, out, err, errlen))) {
		pcap_close(&p->wire);
		return NULL;
	}
	return &p->wire;
}
