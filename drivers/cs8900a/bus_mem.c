/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The chip in memory: its 4 KB PacketPage window, or its 16 bytes of ports as boards without I/O
 * instructions map them, with or without the window beside. Memory is /dev/mem by physical address,
 * or a file (a UIO device, a resource file of sysfs) by offset.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus.h"
#include "regs.h"

struct mem_bus {
	struct cs_bus bus;
	struct cs_map ports, window;
};

static inline struct mem_bus *mem(struct cs_bus *b)
{
	return (struct mem_bus *)b;
}

static inline volatile uint16_t *port_at(struct cs_bus *b, unsigned port)
{
	return (volatile uint16_t *)(mem(b)->ports.at + port);
}

static uint16_t in16(struct cs_bus *b, unsigned port)
{
	return *port_at(b, port);
}

static void out16(struct cs_bus *b, unsigned port, uint16_t value)
{
	*port_at(b, port) = value;
}

static uint8_t in8(struct cs_bus *b, unsigned port)
{
	return mem(b)->ports.at[port];
}

static void in_words(struct cs_bus *b, unsigned port, uint16_t *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = *port_at(b, port);
}

static void out_words(struct cs_bus *b, unsigned port, const uint16_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*port_at(b, port) = from[i];
}

static uint16_t peek(struct cs_bus *b, unsigned addr)
{
	return *(volatile uint16_t *)(mem(b)->window.at + addr);
}

static void poke(struct cs_bus *b, unsigned addr, uint16_t value)
{
	*(volatile uint16_t *)(mem(b)->window.at + addr) = value;
}

static void close_bus(struct cs_bus *b)
{
	cs_map_close(&mem(b)->ports);
	cs_map_close(&mem(b)->window);
	free(b);
}

static const struct cs_bus_ops window_only = {
	.kind = "mem", .peek = peek, .poke = poke,
	.now = cs_real_now, .sleep = cs_real_sleep, .close = close_bus,
};

static const struct cs_bus_ops ports_only = {
	.kind = "mem", .in16 = in16, .out16 = out16, .in8 = in8,
	.in_words = in_words, .out_words = out_words,
	.now = cs_real_now, .sleep = cs_real_sleep, .close = close_bus,
};

static const struct cs_bus_ops ports_and_window = {
	.kind = "mem", .in16 = in16, .out16 = out16, .in8 = in8,
	.in_words = in_words, .out_words = out_words, .peek = peek, .poke = poke,
	.now = cs_real_now, .sleep = cs_real_sleep, .close = close_bus,
};

static int open_maps(struct mem_bus *b, const struct cs_bus_conf *conf, struct cs_why *why)
{
	int err = 0;

	if (!conf->mapped_ports)
		return cs_map_open(&b->window, conf->file, conf->base, CS_MEM_SIZE, why);
	err = cs_map_open(&b->ports, conf->file, conf->base, CS_IO_SIZE, why);
	if (err == 0 && conf->window)
		err = cs_map_open(&b->window, conf->file, conf->window, CS_MEM_SIZE, why);
	return err;
}

int cs_bus_mem_open(const struct cs_bus_conf *conf, struct cs_bus **bus, struct cs_why *why)
{
	struct mem_bus *b = calloc(1, sizeof(*b));
	int err;

	if (b == NULL)
		return cs_say(why, -ENOMEM, "no memory");
	if (!conf->mapped_ports)
		b->bus.ops = &window_only;
	else
		b->bus.ops = conf->window ? &ports_and_window : &ports_only;
	b->bus.window_base = (uint32_t)conf->window;
	snprintf(b->bus.name, sizeof(b->bus.name), "address 0x%llx",
		(unsigned long long)conf->base);
	err = open_maps(b, conf, why);
	if (err < 0) {
		close_bus(&b->bus);
		return err;
	}
	*bus = &b->bus;
	return 0;
}
