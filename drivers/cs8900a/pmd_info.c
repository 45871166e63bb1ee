/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For reports: registers (rte_eth_dev_get_reg_info, or as text by rte_eth_dev_priv_dump), EEPROM by
 * bytes, revision. Control thread; a worker that polls meanwhile comes back empty-handed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pmd.h"

int cs_get_reg(struct rte_eth_dev *dev, struct rte_dev_reg_info *info)
{
	struct cs_dev *d = dev->data->dev_private;
	int err;

	if (info->data == NULL) {
		info->length = CS_DUMP_WORDS;
		info->width = sizeof(uint16_t);
		return 0;
	}
	if (info->offset || (info->length && info->length != CS_DUMP_WORDS))
		return -ENOTSUP;
	err = cs_dev_enter(d);
	if (err < 0)
		return err;
	cs_dump(&d->chip, info->data);
	info->length = CS_DUMP_WORDS;
	info->width = sizeof(uint16_t);
	info->version = d->chip.product;
	cs_dev_leave(d);
	return d->dead ? -EIO : 0;
}

int cs_get_eeprom_length(struct rte_eth_dev *dev)
{
	const struct cs_dev *d = dev->data->dev_private;

	return 2 * d->chip.eeprom.words;
}

static int check_range(const struct cs_dev *d, const struct rte_dev_eeprom_info *info)
{
	const uint32_t size = 2 * d->chip.eeprom.words;

	if (size == 0)
		return -ENODEV;
	return info->offset <= size && info->length <= size - info->offset ? 0 : -EINVAL;
}

int cs_get_eeprom(struct rte_eth_dev *dev, struct rte_dev_eeprom_info *info)
{
	struct cs_dev *d = dev->data->dev_private;
	int err = check_range(d, info);
	uint8_t *to = info->data;
	uint16_t word = 0;

	if (err == 0)
		err = cs_dev_enter(d);
	if (err < 0)
		return err;
	for (uint32_t i = 0; i < info->length && err == 0; i++) {
		const uint32_t at = info->offset + i;

		if (i == 0 || at % 2 == 0)
			err = cs_eeprom_read(&d->chip, at / 2, &word);
		to[i] = (uint8_t)(at % 2 ? word >> 8 : word);
	}
	info->magic = CS_EISA_ID;
	cs_dev_leave(d);
	return err;
}

/* Whole words only, and only for who knows the magic number that reading gives. */
int cs_set_eeprom(struct rte_eth_dev *dev, struct rte_dev_eeprom_info *info)
{
	struct cs_dev *d = dev->data->dev_private;
	int err = check_range(d, info);
	const uint8_t *from = info->data;

	if (err == 0 && (info->magic != CS_EISA_ID || info->offset % 2 || info->length % 2))
		err = -EINVAL;
	if (err == 0)
		err = cs_dev_enter(d);
	if (err < 0)
		return err;
	for (uint32_t i = 0; i < info->length && err == 0; i += 2)
		err = cs_eeprom_write(&d->chip, (info->offset + i) / 2,
			(uint16_t)(from[i] | from[i + 1] << 8));
	cs_dev_leave(d);
	return err;
}

static void print_device(const struct cs_dev *d, FILE *out)
{
	static const char *const media[] = {"auto", "10baset", "aui", "10base2"};
	const struct cs_eeprom *e = &d->chip.eeprom;

	fprintf(out, "CS8900A revision %c at %s, bus %s%s%s\n", cs_chip_revision(&d->chip),
		d->bus->name, d->bus->ops->kind, d->chip.window ? ", memory window" : "",
		d->dead ? ", does not answer" : "");
	fprintf(out, "media %s, %s duplex, link %s\n", media[d->conf.media],
		d->conf.full_duplex ? "full" : "half",
		d->link == CS_LINK_DOWN ? "down" : d->link == CS_LINK_AUI ? "up (AUI)" : "up (10BASE-T)");
	fprintf(out, "EEPROM %s, chip's block %s, driver's block %s\n",
		e->present ? "present" : "absent", e->config_ok ? "good" : "not good",
		e->driver_ok ? "good" : e->driver_blank ? "blank" : "not good");
}

static int print_eeprom(struct cs_dev *d, FILE *out)
{
	uint16_t word;
	int err = 0;

	for (unsigned i = 0; i < d->chip.eeprom.words && err == 0; i++) {
		if (i % 8 == 0)
			fprintf(out, "EEPROM %02Xh ", i);
		err = cs_eeprom_read(&d->chip, i, &word);
		if (err == 0)
			fprintf(out, " %04X%s", word, i % 8 == 7 ? "\n" : "");
	}
	return err;
}

int cs_priv_dump(struct rte_eth_dev *dev, FILE *out)
{
	struct cs_dev *d = dev->data->dev_private;
	uint16_t words[CS_DUMP_WORDS];
	int err;

	print_device(d, out);
	err = cs_dev_enter(d);
	if (err < 0)
		return err;
	cs_dump(&d->chip, words);
	err = print_eeprom(d, out);
	cs_dev_leave(d);
	for (unsigned i = 0; i < CS_DUMP_WORDS; i++) {
		const char *name = cs_dump_name(2 * i);

		if (name)
			fprintf(out, "%04Xh  %04Xh  %s\n", 2 * i, words[i], name);
	}
	return err;
}

int cs_fw_version(struct rte_eth_dev *dev, char *text, size_t len)
{
	const struct cs_dev *d = dev->data->dev_private;
	int need = snprintf(text, len, "CS8900A rev %c", cs_chip_revision(&d->chip)) + 1;

	return (size_t)need > len ? need : 0;
}
