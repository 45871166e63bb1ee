/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The chip at x86 I/O ports, with or without its memory window beside them. Linux gives port
 * permission to a thread, not to a process: enter() takes it in each thread's first access.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "regs.h"

#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>

#define PORTS 0x10000u

struct io_bus {
	struct cs_bus bus;
	uint16_t base;
	struct cs_map window;
};

/* The blocks of 16 ports that this thread may touch. A permission lasts as long as the thread. */
static _Thread_local uint8_t entered[PORTS / CS_IO_SIZE / 8];

static inline struct io_bus *io(struct cs_bus *b)
{
	return (struct io_bus *)b;
}

static int enter(struct cs_bus *b)
{
	const unsigned block = io(b)->base / CS_IO_SIZE;

	if (entered[block / 8] & 1u << block % 8)
		return 0;
	if (ioperm(io(b)->base, CS_IO_SIZE, 1) < 0)
		return -errno;
	entered[block / 8] |= 1u << block % 8;
	return 0;
}

static uint16_t in16(struct cs_bus *b, unsigned port)
{
	return inw(io(b)->base + port);
}

static void out16(struct cs_bus *b, unsigned port, uint16_t value)
{
	outw(value, io(b)->base + port);
}

static uint8_t in8(struct cs_bus *b, unsigned port)
{
	return inb(io(b)->base + port);
}

static void in_words(struct cs_bus *b, unsigned port, uint16_t *to, unsigned n)
{
	insw(io(b)->base + port, to, n);
}

static void out_words(struct cs_bus *b, unsigned port, const uint16_t *from, unsigned n)
{
	outsw(io(b)->base + port, from, n);
}

static uint16_t peek(struct cs_bus *b, unsigned addr)
{
	return *(volatile uint16_t *)(io(b)->window.at + addr);
}

static void poke(struct cs_bus *b, unsigned addr, uint16_t value)
{
	*(volatile uint16_t *)(io(b)->window.at + addr) = value;
}

static void close_bus(struct cs_bus *b)
{
	cs_map_close(&io(b)->window);
	free(b);
}

static const struct cs_bus_ops ports_only = {
	.kind = "io", .enter = enter, .in16 = in16, .out16 = out16, .in8 = in8,
	.in_words = in_words, .out_words = out_words,
	.now = cs_real_now, .sleep = cs_real_sleep, .close = close_bus,
};

static const struct cs_bus_ops ports_and_window = {
	.kind = "io", .enter = enter, .in16 = in16, .out16 = out16, .in8 = in8,
	.in_words = in_words, .out_words = out_words, .peek = peek, .poke = poke,
	.now = cs_real_now, .sleep = cs_real_sleep, .close = close_bus,
};

static int no_permission(int err, unsigned base, struct cs_why *why)
{
	if (err == -ENOSYS)
		return cs_say(why, err,
			"this kernel gives programs no I/O ports (ioperm: %s): it needs "
			"CONFIG_X86_IOPL_IOPERM and no sandbox in between", strerror(-err));
	if (err == -EPERM)
		return cs_say(why, err,
			"I/O port 0x%x needs CAP_SYS_RAWIO (ioperm: %s): run as root, and with Secure "
			"Boot's lockdown off", base, strerror(-err));
	return cs_say(why, err, "I/O port 0x%x: ioperm: %s", base, strerror(-err));
}

int cs_bus_io_open(const struct cs_bus_conf *conf, struct cs_bus **bus, struct cs_why *why)
{
	struct io_bus *b;
	int err;

	if (conf->base % CS_IO_SIZE || conf->base == 0 || conf->base > PORTS - CS_IO_SIZE)
		return cs_say(why, -EINVAL,
			"base 0x%llx: the chip's ports begin at a multiple of 0x10, as 0x300",
			(unsigned long long)conf->base);
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return cs_say(why, -ENOMEM, "no memory");
	b->base = (uint16_t)conf->base;
	b->bus.ops = conf->window ? &ports_and_window : &ports_only;
	b->bus.window_base = (uint32_t)conf->window;
	snprintf(b->bus.name, sizeof(b->bus.name), "I/O port 0x%x", b->base);
	err = enter(&b->bus);
	if (err < 0)
		err = no_permission(err, b->base, why);
	else if (conf->window)
		err = cs_map_open(&b->window, conf->file, conf->window, CS_MEM_SIZE, why);
	if (err < 0) {
		free(b);
		return err;
	}
	*bus = &b->bus;
	return 0;
}

#else

int cs_bus_io_open(const struct cs_bus_conf *conf, struct cs_bus **bus, struct cs_why *why)
{
	(void)conf;
	(void)bus;
	return cs_say(why, -ENOTSUP,
		"this processor has no I/O ports: use bus=mem, with layout=ports where the board "
		"maps the chip's ports to memory");
}

#endif
