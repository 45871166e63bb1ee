/* SPDX-License-Identifier: BSD-3-Clause */
/* The bus of fake_cs8900a.h. Numbers are those of the data sheet, not of the driver's header. */
#include <string.h>

#include "fake_cs8900a.h"

static struct fake *fake(struct cs_bus *b)
{
	return (struct fake *)b;
}

static uint16_t note(struct fake *f, char what, unsigned at, uint16_t value)
{
	if (f->n < FAKE_LOG)
		f->log[f->n++] = (struct fake_access){what, (uint16_t)at, value, f->now};
	return value;
}

static uint16_t page_read(struct fake *f, unsigned addr)
{
	if (f->pulled)
		return 0xffff;
	if (f->nb_stream > f->stream_at && addr == f->stream_addr)
		return f->stream[f->stream_at++];
	return f->page[addr / 2];
}

static void page_write(struct fake *f, unsigned addr, uint16_t value)
{
	if (addr == 0x40 && (value & 0x300) == 0x200)
		f->page[0x42 / 2] = f->eeprom[value & 0xff];
	else if (addr == 0x40 && (value & 0x300) == 0x100 && f->writes_eeprom)
		f->eeprom[value & 0xff] = f->page[0x42 / 2];
	else if (addr == 0x40)
		f->writes_eeprom = value == 0xf0 || ((value & 0x300) == 0x300 && f->writes_eeprom);
	else if (addr >= 0x102 && addr <= 0x118)
		f->page[addr / 2] = (uint16_t)((value & 0xffc0) | (f->page[addr / 2] & 0x3f));
	else
		f->page[addr / 2] = value;
	if (addr == 0x114) /* RESET acts once */
		f->page[addr / 2] &= (uint16_t)~0x40;
}

static uint16_t in16(struct cs_bus *b, unsigned port)
{
	struct fake *f = fake(b);
	uint16_t v = 0;

	if (f->pulled)
		return note(f, 'i', port, 0xffff);
	if (f->floats || f->ram)
		return note(f, 'i', port, f->ram ? f->byte_ports[port / 2] : f->last);
	switch (port) {
	case 0x0:
		v = f->data_at < f->nb_data ? f->data[f->data_at++] : 0;
		break;
	case 0x8:
		v = f->isq_at < f->nb_isq ? f->isq[f->isq_at++] : 0;
		break;
	case 0xa:
		v = f->pointer;
		break;
	case 0xc:
		return note(f, 'r', f->pointer & 0xfff, page_read(f, f->pointer & 0xfff));
	}
	return note(f, 'i', port, v);
}

static void out16(struct cs_bus *b, unsigned port, uint16_t value)
{
	struct fake *f = fake(b);

	f->last = f->byte_ports[port / 2] = value;
	if (port == 0xa) {
		f->pointer = (value & 0x8fff) | 0x3000;
	} else if (port == 0xc) {
		note(f, 'w', f->pointer & 0xfff, value);
		page_write(f, f->pointer & 0xfff, value);
		return;
	}
	note(f, 'o', port, value);
}

static uint8_t in8(struct cs_bus *b, unsigned port)
{
	struct fake *f = fake(b);
	uint16_t v = f->pulled ? 0xffff : f->pointer;

	note(f, 'b', port, v);
	return (uint8_t)(port & 1 ? v >> 8 : v);
}

static void in_words(struct cs_bus *b, unsigned port, uint16_t *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = in16(b, port);
}

static void out_words(struct cs_bus *b, unsigned port, const uint16_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out16(b, port, from[i]);
}

static uint16_t peek(struct cs_bus *b, unsigned addr)
{
	return note(fake(b), 'R', addr, fake(b)->elsewhere ? 0xff : page_read(fake(b), addr));
}

static void poke(struct cs_bus *b, unsigned addr, uint16_t value)
{
	note(fake(b), 'W', addr, value);
	page_write(fake(b), addr, value);
}

static uint64_t now(struct cs_bus *b)
{
	return fake(b)->now;
}

static void sleep_ns(struct cs_bus *b, uint64_t ns)
{
	fake(b)->now += ns;
}

static void close_bus(struct cs_bus *b)
{
	(void)b;
}

#define COMMON .kind = "fake", .now = now, .sleep = sleep_ns, .close = close_bus
#define PORTS .in16 = in16, .out16 = out16, .in8 = in8, .in_words = in_words, .out_words = out_words
static const struct cs_bus_ops kinds[] = {
	[FAKE_PORTS] = {COMMON, PORTS},
	[FAKE_WINDOW] = {COMMON, .peek = peek, .poke = poke},
	[FAKE_BOTH] = {COMMON, PORTS, .peek = peek, .poke = poke},
};

void fake_init(struct fake *f, enum fake_kind kind)
{
	static const struct {
		uint16_t at, value;
	} healthy[] = {
		{0x000, 0x630e}, {0x002, 0x0900}, {0x020, 0x0300}, {0x102, 0x0003}, {0x104, 0x0005},
		{0x106, 0x0007}, {0x108, 0x0009}, {0x10a, 0x000b}, {0x112, 0x0013}, {0x114, 0x0015},
		{0x116, 0x0017}, {0x118, 0x0019}, {0x124, 0x0004}, {0x128, 0x0008}, {0x12c, 0x000c},
		{0x130, 0x0010}, {0x132, 0x0012}, {0x134, 0x0294}, {0x136, 0x0096}, {0x138, 0x0018},
		{0x13c, 0x001c},
	};

	memset(f, 0, sizeof(*f));
	f->bus.ops = &kinds[kind];
	f->bus.window_base = 0xd0000;
	strcpy(f->bus.name, "port 0x300");
	f->pointer = 0x3000;
	for (unsigned i = 0; i < sizeof(healthy) / sizeof(healthy[0]); i++)
		f->page[healthy[i].at / 2] = healthy[i].value;
	memset(f->eeprom, 0xff, sizeof(f->eeprom));
}

int fake_find(const struct fake *f, unsigned from, char what, unsigned at)
{
	for (unsigned i = from; i < f->n; i++)
		if (f->log[i].what == what && f->log[i].at == at)
			return (int)i;
	return -1;
}

unsigned fake_count(const struct fake *f, char what, unsigned at)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->n; i++)
		n += f->log[i].what == what && f->log[i].at == at;
	return n;
}

void fake_driver_block(struct fake *f, const uint8_t mac[6])
{
	uint16_t sum = 0;

	memset(&f->eeprom[0x1c], 0, 0x14 * 2);
	for (unsigned i = 0; i < 3; i++)
		f->eeprom[0x1c + i] = (uint16_t)(mac[2 * i] | mac[2 * i + 1] << 8);
	for (unsigned i = 0x1c; i < 0x2f; i++)
		sum += f->eeprom[i];
	f->eeprom[0x2f] = (uint16_t)-sum;
}
