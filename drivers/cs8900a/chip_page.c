/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PacketPage registers, through the pointer and data ports or through the memory window, and what
 * tells a chip from an empty bus: status registers carry their number in their low six bits, and
 * all ones is no register's number. By that number a status register is also read again without
 * pointing at it anew, so that a poll of the same register is one access to a port.
 */
#include <errno.h>

#include "chip.h"

#define GARBAGE_LIMIT 64 /* bad words in a row with the id still there: the bus is no good */

static void point_at(struct cs_chip *c, unsigned addr)
{
	c->bus->ops->out16(c->bus, CS_IO_PTR, (uint16_t)addr);
	c->pointer = (int)addr;
}

uint16_t cs_page_read(struct cs_chip *c, unsigned addr)
{
	struct cs_bus *b = c->bus;

	if (c->window)
		return b->ops->peek(b, addr);
	point_at(c, addr);
	return b->ops->in16(b, CS_IO_DATA0);
}

void cs_page_write(struct cs_chip *c, unsigned addr, uint16_t value)
{
	struct cs_bus *b = c->bus;

	if (c->window) {
		b->ops->poke(b, addr, value);
		return;
	}
	point_at(c, addr);
	b->ops->out16(b, CS_IO_DATA0, value);
}

bool cs_chip_present(struct cs_chip *c)
{
	if (!c->gone && cs_page_read(c, CS_PP_EISA_ID) != CS_EISA_ID)
		c->gone = true;
	return !c->gone;
}

bool cs_status_read(struct cs_chip *c, unsigned addr, uint16_t *value)
{
	const uint16_t number = addr & 0x1f; /* of 0120h to 013Fh */

	if (!c->window && c->pointer == (int)addr)
		*value = c->bus->ops->in16(c->bus, CS_IO_DATA0);
	else
		*value = cs_page_read(c, addr);
	if ((*value & CS_REGNO_MASK) == number) {
		c->garbage_run = 0;
		return true;
	}
	c->count.garbage++;
	if (++c->garbage_run >= GARBAGE_LIMIT)
		c->gone = true;
	cs_chip_present(c);
	return false;
}

int cs_window_open(struct cs_chip *c, struct cs_why *why)
{
	struct cs_bus *b = c->bus;

	if (!cs_bus_has_window(b) || !cs_bus_has_ports(b))
		return 0;
	c->window = false;
	cs_page_write(c, CS_PP_MEM_BASE, b->window_base & 0xffff);
	cs_page_write(c, CS_PP_MEM_BASE + 2, b->window_base >> 16);
	cs_page_write(c, CS_PP_BUSCTL, CS_BUSCTL_MEMORYE);
	if (b->ops->peek(b, CS_PP_EISA_ID) != CS_EISA_ID)
		return cs_say(why, -ENODEV,
			"the chip at %s does not show its memory window at 0x%x (id %04Xh there, "
			"630Eh expected): leave `window` out, or free that address", b->name,
			b->window_base, b->ops->peek(b, CS_PP_EISA_ID));
	c->window = true;
	return 0;
}
