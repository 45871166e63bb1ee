/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The serial EEPROM: commands take their time under SIBUSY; at reset the chip reads the
 * configuration block itself.
 */
#include "model_priv.h"
#include "model_enter.h"

#define WORD_BLANK 0xFFFF
#define OPCODE_SHIFT 8

bool csm_ee_present(const struct cs8900a_model *m)
{
	return m->ee.words && !m->ee.missing;
}

/* What the chip sees: a spoiled one has a bit wrong in the last word of its first block. */
static uint16_t word(const struct cs8900a_model *m, unsigned addr)
{
	uint16_t v;
	unsigned last = (m->ee.word[0] & CS_EEPROM_LINK_MASK) / 2;

	if (!csm_ee_present(m))
		return WORD_BLANK;
	addr %= m->ee.words;
	v = m->ee.word[addr];
	if (m->ee.spoiled && (addr == last || addr == CS_EEPROM_DRIVER_FIRST
			+ CS_EEPROM_DRIVER_WORDS - 1))
		v ^= 0x0100;
	return v;
}

/* With a command under way another one is lost, as is one for external logic, of which is none. */
void csm_ee_command(struct cs8900a_model *m, uint16_t command)
{
	if (m->ee.stuck || m->ee.done_at != CSM_NEVER || !m->initd) {
		m->stats.reserved++;
		return;
	}
	m->ee.command = command & (CS_EEPROM_ADDR | CS_EEPROM_OPCODE | CS_EEPROM_ELSEL);
	m->ee.done_at = m->now + m->conf.eeprom_ns;
}

static void execute(struct cs8900a_model *m, unsigned addr, uint16_t opcode)
{
	switch (opcode) {
	case CS_EEPROM_READ:
		m->ee.data = word(m, addr);
		break;
	case CS_EEPROM_WRITE:
		if (m->ee.writable)
			m->ee.word[addr % m->ee.words] = m->ee.data;
		break;
	case CS_EEPROM_ERASE:
		if (m->ee.writable)
			m->ee.word[addr % m->ee.words] = WORD_BLANK;
		break;
	default: /* the top address bits tell enable (11) from disable (00) */
		if ((addr & 0xC0) == 0xC0 || (m->ee.words == 64 && (addr & 0x30) == 0x30))
			m->ee.writable = true;
		else if (!(addr & 0xC0))
			m->ee.writable = false;
	}
}

void csm_ee_done(struct cs8900a_model *m)
{
	uint16_t opcode = m->ee.command & CS_EEPROM_OPCODE;

	m->ee.done_at = CSM_NEVER;
	if (csm_ee_present(m) && !(m->ee.command & CS_EEPROM_ELSEL))
		execute(m, m->ee.command & CS_EEPROM_ADDR, opcode);
	else if (opcode == CS_EEPROM_READ)
		m->ee.data = WORD_BLANK;
}

unsigned csm_ee_load_words(const struct cs8900a_model *m)
{
	if (!csm_ee_present(m))
		return 0;
	if ((word(m, 0) & CS_EEPROM_VALID_MASK) != CS_EEPROM_VALID)
		return 1;
	return 1 + (word(m, 0) & CS_EEPROM_LINK_MASK) / 2;
}

/* Is the checksum, the high byte of the last word, what makes all bytes sum to zero? */
static bool block_sound(const struct cs8900a_model *m, unsigned last)
{
	unsigned sum = 0;

	if ((word(m, 0) & CS_EEPROM_VALID_MASK) != CS_EEPROM_VALID || !last)
		return false;
	for (unsigned i = 0; i < last; i++)
		sum += (word(m, i) & 0xFF) + (word(m, i) >> 8);
	return (uint8_t)(sum + (word(m, last) >> 8)) == 0;
}

/* Groups of words, each with its PacketPage address, until all are read or a blank one. */
void csm_ee_load(struct cs8900a_model *m)
{
	unsigned last = csm_ee_load_words(m) - 1, at = 1, n, addr;
	uint16_t header;

	if (!csm_ee_present(m) || !block_sound(m, last))
		return;
	while (at < last) {
		header = word(m, at++);
		if (header == WORD_BLANK)
			break;
		addr = header & CS_EEPROM_GROUP_ADDR;
		n = (header >> CS_EEPROM_GROUP_COUNT_SHIFT) + 1u;
		for (; n && at < last; n--, addr += 2)
			if (addr != CS_PP_SELFCTL && addr != CS_PP_EEPROM_COMMAND)
				csm_pp_write(m, addr & 0xFFE, word(m, at++));
			else
				at++; /* the chip cannot reset itself while it starts */
	}
	m->eeprom_ok = true;
}

unsigned cs8900a_model_eeprom(struct cs8900a_model *m, uint16_t words[CS8900A_MODEL_EEPROM_WORDS])
{
	csm_enter(m);
	memcpy(words, m->ee.word, m->ee.words * sizeof(words[0]));
	csm_leave(m);
	return m->ee.words;
}

static uint16_t pair_of(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static void configuration_block(uint16_t *w, const uint8_t mac[6], unsigned pin)
{
	unsigned sum = 0, n = 1;

	w[n++] = CS_PP_IO_BASE | 1 << CS_EEPROM_GROUP_COUNT_SHIFT;
	w[n++] = CS_RESET_IO_BASE;
	w[n++] = (uint16_t)(pin & CS_INTERRUPT_MASK);
	w[n++] = CS_PP_IA | 2 << CS_EEPROM_GROUP_COUNT_SHIFT;
	for (unsigned i = 0; i < 6; i += 2)
		w[n++] = pair_of(mac + i);
	w[0] = (uint16_t)(CS_EEPROM_VALID | 0x0100 | n * 2);
	for (unsigned i = 0; i < n; i++)
		sum += (w[i] & 0xFF) + (w[i] >> 8);
	w[n] = (uint16_t)((-sum & 0xFF) << 8);
}

static void driver_block(uint16_t *w, const uint8_t mac[6], unsigned pin)
{
	unsigned last = CS_EEPROM_DRIVER_FIRST + CS_EEPROM_DRIVER_WORDS - 1;
	uint16_t sum = 0;

	for (unsigned i = CS_EEPROM_DRIVER_FIRST; i <= last; i++)
		w[i] = 0;
	for (unsigned i = 0; i < 3; i++)
		w[CS_EEPROM_DRIVER_IA + i] = pair_of(mac + 2 * i);
	w[CS_EEPROM_DRIVER_ISA] = (uint16_t)(pin & 0xF);
	w[CS_EEPROM_DRIVER_ADAPTER] = CS_EEPROM_ADAPTER_10BT | CS_EEPROM_ADAPTER_MEDIA_10BT;
	for (unsigned i = CS_EEPROM_DRIVER_FIRST; i < last; i++)
		sum += w[i];
	w[last] = -sum;
}

void cs8900a_model_eeprom_image(uint16_t *words, unsigned nb_words, const uint8_t mac[6],
	unsigned pin)
{
	for (unsigned i = 0; i < nb_words; i++)
		words[i] = WORD_BLANK;
	configuration_block(words, mac, pin);
	driver_block(words, mac, pin);
}
