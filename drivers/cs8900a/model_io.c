/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's side of the chip: sixteen I/O ports and the memory window, in words and bytes. A word
 * at an odd place is the word around it. The pointer port leads to PacketPage memory, model_pp.c.
 */
#include "model_priv.h"
#include "model_enter.h"

#define ALL_ONES 0xFFFF

/* True: the card is there. Counts the access and lets the script act on its number. */
static bool begin(struct cs8900a_model *m, uint64_t *counter)
{
	csm_enter(m);
	(*counter)++;
	m->accesses++;
	if (m->nb_faults)
		csm_fault_at(m, AT_ACCESS, m->accesses);
	if (!m->initd)
		m->stats.in_reset++;
	return !m->pulled;
}

static void pointer_write(struct cs8900a_model *m, uint16_t value)
{
	m->ptr = (uint16_t)((value & (CS_PTR_AUTO_INCREMENT | CS_PTR_ADDR)) | CS_PTR_FIXED);
}

/* By what the access was wide: the one place to change if a chip steps otherwise. */
static void pointer_step(struct cs8900a_model *m, unsigned width)
{
	if (m->ptr & CS_PTR_AUTO_INCREMENT)
		pointer_write(m, (uint16_t)(CS_PTR_AUTO_INCREMENT | ((m->ptr + width) & CS_PTR_ADDR)));
}

/*
 * Data port 1 is the upper half of a 32-bit access, which arrives as two words: the next word, which
 * an auto-incremented pointer names already.
 */
static unsigned pointer_word(const struct cs8900a_model *m, unsigned off)
{
	unsigned addr = m->ptr & CS_PTR_ADDR & ~1u;

	if (off == CS_IO_DATA1 && !(m->ptr & CS_PTR_AUTO_INCREMENT))
		addr = (addr + 2) & CS_PTR_ADDR;
	return addr;
}

static uint16_t port_read16(struct cs8900a_model *m, unsigned off)
{
	uint16_t v;

	switch (off) {
	case CS_IO_RXTX0:
	case CS_IO_RXTX1:
		return csm_ram_port(m);
	case CS_IO_ISQ:
		return csm_isq_read(m);
	case CS_IO_PTR:
		return m->ptr;
	case CS_IO_DATA0:
	case CS_IO_DATA1:
		v = csm_pp_read(m, pointer_word(m, off));
		pointer_step(m, 2);
		return v;
	}
	m->stats.reserved++; /* TxCMD and TxLength are write only */
	return 0;
}

uint16_t cs8900a_model_io_read16(struct cs8900a_model *m, unsigned off)
{
	uint16_t v = begin(m, &m->stats.reads) ? port_read16(m, off & 0xE) : ALL_ONES;

	csm_leave(m);
	return v;
}

static uint8_t port_read8(struct cs8900a_model *m, unsigned off)
{
	uint8_t v;

	switch (off & ~1u) {
	case CS_IO_RXTX0:
	case CS_IO_RXTX1:
		return csm_ram_port8(m, off & 1);
	case CS_IO_ISQ:
		return csm_pp_read8(m, CS_PP_ISQ + (off & 1));
	case CS_IO_PTR:
		return (uint8_t)(m->ptr >> 8 * (off & 1));
	case CS_IO_DATA0:
	case CS_IO_DATA1:
		v = csm_pp_read8(m, (m->ptr & CS_PTR_ADDR & ~1u) + (off & 1));
		pointer_step(m, 1);
		return v;
	}
	m->stats.reserved++;
	return 0;
}

uint8_t cs8900a_model_io_read8(struct cs8900a_model *m, unsigned off)
{
	uint8_t v = begin(m, &m->stats.reads) ? port_read8(m, off & 0xF) : 0xFF;

	csm_leave(m);
	return v;
}

static void port_write16(struct cs8900a_model *m, unsigned off, uint16_t value)
{
	uint8_t bytes[2] = { (uint8_t)value, (uint8_t)(value >> 8) };

	switch (off) {
	case CS_IO_RXTX0:
	case CS_IO_RXTX1:
		csm_tx_data(m, csm_tx_cursor(m) & ~1u, bytes, 2);
		break;
	case CS_IO_TXCMD:
		csm_tx_cmd(m, value);
		break;
	case CS_IO_TXLENGTH:
		csm_tx_length(m, value);
		break;
	case CS_IO_PTR:
		pointer_write(m, value);
		break;
	case CS_IO_DATA0:
	case CS_IO_DATA1:
		csm_pp_write(m, pointer_word(m, off), value);
		pointer_step(m, 2);
		break;
	default:
		m->stats.reserved++; /* the ISQ is read only */
	}
}

void cs8900a_model_io_write16(struct cs8900a_model *m, unsigned off, uint16_t value)
{
	if (begin(m, &m->stats.writes))
		port_write16(m, off & 0xE, value);
	csm_leave(m);
}

static void port_write8(struct cs8900a_model *m, unsigned off, uint8_t value)
{
	unsigned odd = off & 1;

	switch (off & ~1u) {
	case CS_IO_RXTX0:
	case CS_IO_RXTX1:
		csm_tx_data(m, (csm_tx_cursor(m) & ~1u) + odd, &value, 1);
		break;
	case CS_IO_TXCMD:
		csm_pp_write8(m, CS_PP_TXCMD + odd, value);
		break;
	case CS_IO_TXLENGTH:
		csm_pp_write8(m, CS_PP_TXLENGTH + odd, value);
		break;
	case CS_IO_PTR:
		pointer_write(m, odd ? (uint16_t)(value << 8 | (m->ptr & 0xFF))
				     : (uint16_t)((m->ptr & 0xFF00) | value));
		break;
	case CS_IO_DATA0:
	case CS_IO_DATA1:
		csm_pp_write8(m, (m->ptr & CS_PTR_ADDR & ~1u) + odd, value);
		pointer_step(m, 1);
		break;
	default:
		m->stats.reserved++;
	}
}

void cs8900a_model_io_write8(struct cs8900a_model *m, unsigned off, uint8_t value)
{
	if (begin(m, &m->stats.writes))
		port_write8(m, off & 0xF, value);
	csm_leave(m);
}

static bool window_open(const struct cs8900a_model *m)
{
	return m->busctl & CS_BUSCTL_MEMORYE;
}

uint16_t cs8900a_model_mem_read16(struct cs8900a_model *m, unsigned off)
{
	uint16_t v = ALL_ONES;

	if (begin(m, &m->stats.reads) && window_open(m))
		v = csm_pp_read(m, off & (CS_MEM_SIZE - 2));
	csm_leave(m);
	return v;
}

uint8_t cs8900a_model_mem_read8(struct cs8900a_model *m, unsigned off)
{
	uint8_t v = 0xFF;

	if (begin(m, &m->stats.reads) && window_open(m))
		v = csm_pp_read8(m, off & (CS_MEM_SIZE - 1));
	csm_leave(m);
	return v;
}

void cs8900a_model_mem_write16(struct cs8900a_model *m, unsigned off, uint16_t value)
{
	if (begin(m, &m->stats.writes) && window_open(m))
		csm_pp_write(m, off & (CS_MEM_SIZE - 2), value);
	csm_leave(m);
}

void cs8900a_model_mem_write8(struct cs8900a_model *m, unsigned off, uint8_t value)
{
	if (begin(m, &m->stats.writes) && window_open(m))
		csm_pp_write8(m, off & (CS_MEM_SIZE - 1), value);
	csm_leave(m);
}

int cs8900a_model_io_decode(struct cs8900a_model *m, uint32_t port)
{
	int off = -1;

	csm_enter(m);
	if ((port & ~0xFu) == (m->io_base & ~0xFu))
		off = port & 0xF;
	csm_leave(m);
	return off;
}

/* The address lines 19-12 are compared; CHIPSEL says what is above them. */
int cs8900a_model_mem_decode(struct cs8900a_model *m, uint32_t address)
{
	uint32_t base;
	int off = -1;

	csm_enter(m);
	base = (uint32_t)m->mem_base[1] << 16 | m->mem_base[0];
	if (window_open(m) && (address & 0xFF000) == (base & 0xFF000))
		off = address & 0xFFF;
	csm_leave(m);
	return off;
}
