/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How the chip is reached: x86 I/O ports, memory, or a model in place of the chip. What stands
 * behind these operations may be anything that behaves like a CS8900A; the chip rules (chip.h) know
 * nothing else of it. No DPDK.
 *
 * A bus is used by one thread at a time; who uses it sees to that. Words are little-endian on the
 * wire of every kind, and so must the host be.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the CS8900A driver copies words as they are: little-endian hosts only"
#endif

struct cs_bus;

/* Why something failed: one sentence. */
struct cs_why {
	char text[256];
};

struct cs_bus_ops {
	const char *kind;
	/*
	 * To be called before the first access in a thread, cheap when called again: port permission
	 * is per thread. 0 or a negative errno.
	 */
	int (*enter)(struct cs_bus *b);
	/* I/O ports, by offset from the base (CS_IO_*). Unset where there is only the window. */
	uint16_t (*in16)(struct cs_bus *b, unsigned port);
	void (*out16)(struct cs_bus *b, unsigned port, uint16_t value);
	uint8_t (*in8)(struct cs_bus *b, unsigned port);
	void (*in_words)(struct cs_bus *b, unsigned port, uint16_t *to, unsigned n);
	void (*out_words)(struct cs_bus *b, unsigned port, const uint16_t *from, unsigned n);
	/* The 4 KB memory window, by PacketPage address. Unset where there are only the ports. */
	uint16_t (*peek)(struct cs_bus *b, unsigned addr);
	void (*poke)(struct cs_bus *b, unsigned addr, uint16_t value);
	/* The clock that the chip's timing is measured by, in ns, and waiting on it. */
	uint64_t (*now)(struct cs_bus *b);
	void (*sleep)(struct cs_bus *b, uint64_t ns);
	void (*close)(struct cs_bus *b);
};

struct cs_bus {
	const struct cs_bus_ops *ops;
	/* The window's address for the chip (002Ch), where it can be reached beside the ports. */
	uint32_t window_base;
	char name[64]; /* "I/O port 0x300": for sentences */
};

static inline bool cs_bus_has_ports(const struct cs_bus *b)
{
	return b->ops->in16 != NULL;
}

static inline bool cs_bus_has_window(const struct cs_bus *b)
{
	return b->ops->peek != NULL;
}

static inline int cs_bus_enter(struct cs_bus *b)
{
	return b->ops->enter ? b->ops->enter(b) : 0;
}

static inline void cs_bus_close(struct cs_bus *b)
{
	b->ops->close(b);
}

enum cs_bus_kind { CS_BUS_IO, CS_BUS_MEM, CS_BUS_MODEL };
enum cs_bus_clock { CS_CLOCK_TSC, CS_CLOCK_VIRTUAL };

struct cs_bus_conf {
	enum cs_bus_kind kind;
	uint64_t base;      /* io: port; mem: address, or offset in `file` */
	uint64_t window;    /* where the window is to be beside the ports; 0: no window */
	bool mapped_ports;  /* mem: the 16 bytes of the ports are mapped, not the window */
	const char *file;   /* mem and window; NULL: /dev/mem */
	const char *eeprom; /* model: its options, NULL: as the model says */
	const char *wire;
	bool aui; /* model: the wire is in the AUI's socket, not the 10BASE-T one */
	const char *faults;
	enum cs_bus_clock clock;
	const char *name;   /* of the device: the model's address is made from it */
};

/*
 * Opens what `conf` describes; touches no register. 0, or a negative errno with a sentence and
 * nothing left open.
 */
int cs_bus_io_open(const struct cs_bus_conf *conf, struct cs_bus **bus, struct cs_why *why);
int cs_bus_mem_open(const struct cs_bus_conf *conf, struct cs_bus **bus, struct cs_why *why);
int cs_bus_model_open(const struct cs_bus_conf *conf, struct cs_bus **bus, struct cs_why *why);

/* The model of a bus of that kind. */
struct cs8900a_model;
struct cs8900a_model *cs_bus_model_of(struct cs_bus *b);

/* Sets the sentence and returns err. */
int cs_say(struct cs_why *why, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Monotonic time and sleep of the machine, for buses to real hardware. */
uint64_t cs_real_now(struct cs_bus *b);
void cs_real_sleep(struct cs_bus *b, uint64_t ns);

/* A piece of physical memory or of a file, mapped. */
struct cs_map {
	void *pages;
	size_t length;
	volatile uint8_t *at;
};

int cs_map_open(struct cs_map *m, const char *file, uint64_t base, size_t size,
	struct cs_why *why);
void cs_map_close(struct cs_map *m);
