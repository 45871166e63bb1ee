/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CS8900A model under a host and a wire that do anything: accesses of either width at any place,
 * frames of any bytes, time in steps of any size, faults of the script, two models on one cable.
 * Input: a byte (bits 0-1: alone, alone with an EEPROM, a pair, a script follows), then operations of
 * four bytes. It must not crash, read beyond, or loop; and the counts must agree.
 */
#include <string.h>

#include "fuzz.h"
#include "cs8900a/model.h"
#include "cs8900a/model_wire.h"

static uint64_t now_ns;
static struct fuzz_input in;

static uint64_t clock_of(void *arg)
{
	return now_ns;
}

struct end {
	struct cs8900a_wire wire;
	unsigned left;
	uint16_t len;
	uint8_t fill, flags;
};

/* A frame as the last operation described it; the flags are its CRC and more. */
static int end_receive(struct cs8900a_wire *wire, uint64_t now, struct cs8900a_wire_frame *f)
{
	struct end *e = (struct end *)wire;

	if (!e->left)
		return 0;
	e->left--;
	f->at_ns = e->flags & 8 ? now + e->len : 0;
	f->len = e->len;
	f->has_crc = e->flags & 1;
	f->bad_crc = e->flags & 2;
	f->dribble = e->flags & 4;
	memset(f->data, e->fill, f->len < sizeof(f->data) ? f->len : sizeof(f->data));
	if (f->len >= 6 && e->flags & 16)
		memset(f->data, 0xFF, 6);
	return 1;
}

static void end_send(struct cs8900a_wire *wire, const struct cs8900a_wire_frame *f)
{
	uint8_t sum = 0;

	must(f->len <= sizeof(f->data));
	for (uint32_t i = 0; i < f->len; i++)
		sum ^= f->data[i];
	__asm__ volatile("" : : "r"(sum)); /* the sanitizers look on while all of it is read */
}

static const struct cs8900a_wire_ops end_ops = { .receive = end_receive, .send = end_send };

static void dma(void *arg, unsigned channel, uint32_t offset, const uint8_t *data, uint32_t len)
{
	must(channel < 3 && offset + len <= 65536);
}

static void access_io(struct cs8900a_model *m, uint8_t op, uint16_t v)
{
	unsigned off = op >> 4;

	switch (op & 3) {
	case 0:
		cs8900a_model_io_read16(m, off);
		break;
	case 1:
		cs8900a_model_io_write16(m, off, v);
		break;
	case 2:
		cs8900a_model_io_read8(m, off);
		break;
	default:
		cs8900a_model_io_write8(m, off, (uint8_t)v);
	}
}

static void access_register(struct cs8900a_model *m, uint8_t at, uint16_t v)
{
	cs8900a_model_io_write16(m, 0xA, (uint16_t)(at * 2 + (at & 1 ? 0x8000 : 0)));
	cs8900a_model_io_write16(m, 0xC, v);
	cs8900a_model_io_read16(m, 0xC);
}

static void access_memory(struct cs8900a_model *m, uint8_t op, uint16_t at)
{
	if (op & 0x10)
		cs8900a_model_mem_write16(m, at, (uint16_t)(at * 3));
	else if (op & 0x20)
		cs8900a_model_mem_write8(m, at, op);
	else if (op & 0x40)
		cs8900a_model_mem_read8(m, at);
	else
		cs8900a_model_mem_read16(m, at);
}

/* Many words at port 0, as a copy does. */
static void copy(struct cs8900a_model *m, uint8_t op, uint16_t n)
{
	for (unsigned i = 0; i < (n & 0x3FF); i++)
		if (op & 0x10)
			cs8900a_model_io_write16(m, 0, (uint16_t)i);
		else
			cs8900a_model_io_read16(m, 0);
}

static void operation(struct cs8900a_model *m, struct end *e, const uint8_t *p)
{
	uint16_t v = (uint16_t)(p[2] | p[3] << 8);
	uint64_t next;

	switch (p[0] & 7) {
	case 0:
		access_io(m, p[1], v);
		break;
	case 1:
		access_register(m, p[1], v);
		break;
	case 2:
		access_memory(m, p[1], v);
		break;
	case 3:
		copy(m, p[1], v);
		break;
	case 4:
		now_ns += (uint64_t)v << (p[1] & 15);
		cs8900a_model_advance(m);
		break;
	case 5:
		next = cs8900a_model_next_event(m);
		if (next != UINT64_MAX && next > now_ns)
			now_ns = next;
		cs8900a_model_irq(m);
		break;
	default:
		e->left = p[0] >> 6;
		e->len = v & 0x1FFF;
		e->flags = p[1];
		e->fill = p[0];
	}
}

static void check(struct cs8900a_model *m)
{
	struct cs8900a_model_stats s;

	cs8900a_model_stats(m, &s);
	must(s.rx_frames >= s.rx_filtered + s.rx_refused + s.rx_accepted + s.rx_missed);
	must(s.rx_accepted + s.rx_refused >= s.rx_read); /* the host took no more than there was */
}

/* Up to a zero byte, at most 200 letters. */
static void take_script(char script[201])
{
	const uint8_t *c;
	unsigned n = 0;

	while (n < 200 && (c = fuzz_take(&in, 1)) && *c)
		script[n++] = (char)*c;
	script[n] = 0;
}

static void run(struct cs8900a_model *m[2], struct end *e)
{
	const uint8_t *p;

	while ((p = fuzz_take(&in, 4)))
		operation(m[p[0] >> 3 & 1 && m[1] ? 1 : 0], e, p);
	for (unsigned i = 0; i < 2 && m[i]; i++)
		check(m[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct end e = { .wire.ops = &end_ops };
	struct cs8900a_wire *ends[2];
	struct cs8900a_model *m[2] = { NULL, NULL };
	struct cs8900a_model_conf conf = { .now_ns = clock_of, .wire = &e.wire, .dma = dma };
	uint16_t words[64];
	char script[201], err[200];
	uint8_t how;

	if (size < 1 || size > 2048)
		return 0;
	how = data[0];
	in = (struct fuzz_input){ .p = data + 1, .left = size - 1 };
	now_ns = 0;
	if (how & 4) {
		take_script(script);
		conf.faults = script;
	}
	if ((how & 3) == 1) { /* an EEPROM of the input's words */
		const uint8_t *p = fuzz_take(&in, sizeof(words));

		if (!p)
			return 0;
		memcpy(words, p, sizeof(words));
		conf.eeprom = words;
		conf.eeprom_words = 64;
	}
	conf.tx_frames = how >> 3 & 3;
	conf.reset_ns = 1000;
	if ((how & 3) == 2) {
		must(cs8900a_wire_pair(how & 0x80 ? 60000 : 0, ends) == 0);
		conf.wire = ends[1];
		m[1] = cs8900a_model_create(&conf, err, sizeof(err));
		conf.wire = ends[0];
	}
	m[0] = cs8900a_model_create(&conf, err, sizeof(err));
	if (m[0]) {
		now_ns += 2000;
		run(m, &e);
	}
	cs8900a_model_destroy(m[0]);
	cs8900a_model_destroy(m[1]);
	if ((how & 3) == 2) {
		cs8900a_wire_close(ends[0]);
		cs8900a_wire_close(ends[1]);
	}
	return 0;
}
