/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drivers/cs8900a/bus_*.c and chip_eeprom.c: buses that cannot be had, memory mapped from a file, and
 * EEPROMs that are missing, hang or lie. Numbers are the data sheet's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cs8900a/chip.h"
#include "fake_cs8900a.h"
#include "unit.h"

#define PATH_LEN 64

static const uint8_t mac_a[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

static struct fake f;
static struct cs_chip c;
static struct cs_why why;

static void ready(void)
{
	fake_init(&f, FAKE_PORTS);
	memset(&why, 0, sizeof(why));
	cs_chip_init(&c, &f.bus);
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	f.n = 0;
}

static void says(const char *part)
{
	if (strstr(why.text, part) == NULL)
		fail_msg("'%s' should say '%s'", why.text, part);
}

static void eeprom_is_missing(void **state)
{
	uint8_t mac[6];

	ready();
	assert_int_equal(cs_eeprom_load(&c, &why), 0);
	assert_false(c.eeprom.present);
	assert_int_equal(fake_count(&f, 'w', 0x40), 0);
	assert_int_equal(cs_eeprom_address(&c, mac, &why), -ENOENT);
	says("has no EEPROM");
	says("give mac=");
}

static void eeprom_lies(void **state)
{
	uint8_t mac[6];

	ready();
	f.page[0x136 / 2] = 0x1296; /* there, 64 words, not OK */
	fake_driver_block(&f, mac_a);
	f.eeprom[0x2f]++;
	assert_int_equal(cs_eeprom_load(&c, &why), 0);
	assert_int_equal(c.eeprom.words, 64);
	assert_int_equal(cs_eeprom_address(&c, mac, &why), -ENOENT);
	says("wrong checksum");
	says("does not sum to 0");
	memset(f.eeprom, 0xff, sizeof(f.eeprom));
	assert_int_equal(cs_eeprom_load(&c, &why), 0);
	assert_int_equal(cs_eeprom_address(&c, mac, &why), -ENOENT);
	says("is blank");
	fake_driver_block(&f, (const uint8_t[]){0x01, 0, 0x5e, 0, 0, 1});
	assert_int_equal(cs_eeprom_load(&c, &why), 0);
	assert_int_equal(cs_eeprom_address(&c, mac, &why), -ENOENT);
	says("01:00:5e:00:00:01, which is no station's address");
}

/* Section 11: the driver's block counts when its sum is 0, else what the chip loaded itself. */
static void eeprom_gives_the_address(void **state)
{
	uint8_t mac[6];

	ready();
	f.page[0x136 / 2] = 0x0696; /* there and OK, 128 words */
	f.page[0x158 / 2] = 0x1000;
	f.page[0x15a / 2] = 0x3020;
	f.page[0x15c / 2] = 0x5040;
	fake_driver_block(&f, mac_a);
	assert_int_equal(cs_eeprom_load(&c, &why), 0);
	assert_int_equal(c.eeprom.words, 128);
	assert_int_equal(cs_eeprom_address(&c, mac, &why), 0);
	assert_memory_equal(mac, mac_a, 6);
	f.eeprom[0x20]++;
	assert_int_equal(cs_eeprom_load(&c, &why), 0);
	assert_int_equal(cs_eeprom_address(&c, mac, &why), 0);
	assert_memory_equal(mac, ((const uint8_t[]){0x00, 0x10, 0x20, 0x30, 0x40, 0x50}), 6);
}

static void eeprom_says_media(void **state)
{
	static const struct {
		uint16_t word;
		enum cs_media media;
	} of[] = {{0x0010, CS_MEDIA_10B2}, {0x0020, CS_MEDIA_10BT}, {0x0040, CS_MEDIA_AUI},
		{0x0070, CS_MEDIA_AUTO}, {0x0000, CS_MEDIA_AUTO}};

	for (unsigned i = 0; i < 5; i++) {
		ready();
		f.page[0x136 / 2] = 0x1696;
		fake_driver_block(&f, mac_a);
		f.eeprom[0x24] = of[i].word;
		f.eeprom[0x23] = i & 1 ? 0x8000 : 0;
		f.eeprom[0x2f] -= (uint16_t)(f.eeprom[0x24] + f.eeprom[0x23]);
		assert_int_equal(cs_eeprom_load(&c, &why), 0);
		assert_true(c.eeprom.driver_ok);
		assert_int_equal(cs_eeprom_media(&c), of[i].media);
		assert_int_equal(cs_eeprom_full_duplex(&c), i & 1);
	}
}

static void eeprom_hangs(void **state)
{
	uint16_t v;
	uint64_t before;

	ready();
	f.page[0x136 / 2] = 0x1796;
	before = f.now;
	assert_int_equal(cs_eeprom_load(&c, &why), -ETIMEDOUT);
	says("SIBUSY stays set");
	assert_true(f.now - before < 1000000000);
	f.pulled = true;
	assert_int_equal(cs_eeprom_read(&c, 0, &v), -ENODEV);
	assert_int_equal(cs_eeprom_load(&c, &why), -EIO);
}

/* Section 11: no command while the chip is busy with the last, its own reading after a reset included. */
static void eeprom_is_awaited(void **state)
{
	uint16_t v;

	ready();
	f.stream_addr = 0x136;
	memcpy(f.stream, (uint16_t[]){0x1796, 0x1796, 0x1696, 0x1796, 0x1696}, 10);
	f.nb_stream = 5;
	assert_int_equal(cs_eeprom_read(&c, 0x1c, &v), 0);
	int at = fake_find(&f, 0, 'w', 0x40), data = fake_find(&f, 0, 'r', 0x42), before = 0;

	for (int i = 0; i < data; i++)
		before += f.log[i].what == 'r' && f.log[i].at == 0x136 && i < at;
	assert_int_equal(before, 3);
	assert_int_equal(fake_count(&f, 'r', 0x136), 5);
}

static void eeprom_is_written(void **state)
{
	uint16_t v = 0;

	ready();
	f.page[0x136 / 2] = 0x1696;
	assert_int_equal(cs_eeprom_write(&c, 0x2a, 0xbeef), 0);
	assert_int_equal(f.eeprom[0x2a], 0xbeef);
	assert_int_equal(cs_eeprom_read(&c, 0x2a, &v), 0);
	assert_int_equal(v, 0xbeef);
	/* enabled, erased, written, disabled */
	int at = fake_find(&f, 0, 'w', 0x40);
	static const uint16_t order[] = {0x00f0, 0x032a, 0x012a, 0x0000};
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(f.log[at].value, order[i]);
		at = fake_find(&f, (unsigned)at + 1, 'w', 0x40);
	}
}

static void io_bus_says_what_it_lacks(void **state)
{
	struct cs_bus_conf conf = {.kind = CS_BUS_IO};
	struct cs_bus *bus;
	int err;

#if defined(__x86_64__) || defined(__i386__)
	static const uint64_t bad[] = {0, 0x301, 0x308, 0x10000, UINT64_MAX};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		conf.base = bad[i];
		assert_int_equal(cs_bus_io_open(&conf, &bus, &why), -EINVAL);
		says("multiple of 0x10");
	}
#endif
	conf.base = 0x300;
	err = cs_bus_io_open(&conf, &bus, &why);
	if (err == 0) /* this test has the privilege: nothing is touched */
		cs_bus_close(bus);
	else if (err == -ENOSYS)
		says("this kernel gives programs no I/O ports");
	else if (err == -EPERM)
		says("needs CAP_SYS_RAWIO");
	else
		assert_int_equal(err, -ENOTSUP);
}

static int new_file(char name[PATH_LEN])
{
	const char *folder = getenv("TMPDIR");

	snprintf(name, PATH_LEN, "%s/skiff-test-cs8900a-XXXXXX", folder ? folder : "/tmp");
	return mkstemp(name);
}

static void mem_bus_says_what_it_lacks(void **state)
{
	struct cs_bus_conf conf = {.kind = CS_BUS_MEM, .base = 0xd0000};
	char name[PATH_LEN];
	int fd = new_file(name);
	struct cs_bus *bus;

	assert_true(fd >= 0);
	conf.file = "/nonexistent/uio0";
	assert_int_equal(cs_bus_mem_open(&conf, &bus, &why), -ENOENT);
	says("/nonexistent/uio0: No such file");
	conf.file = name;
	assert_int_equal(cs_bus_mem_open(&conf, &bus, &why), -EINVAL);
	says("has 0 bytes");
	conf.base = 1;
	assert_int_equal(cs_bus_mem_open(&conf, &bus, &why), -EINVAL);
	says("is odd");
	close(fd);
	unlink(name);
}

/* The window and the ports of a file, where they belong in it. */
static void mem_bus_maps(void **state)
{
	struct cs_bus_conf conf = {.kind = CS_BUS_MEM, .base = 0x1000};
	char name[PATH_LEN];
	uint16_t page[0x1000] = {0}, word[2] = {0xcafe, 0xbabe};
	int fd = new_file(name);
	struct cs_bus *bus;

	page[0x1000 / 2] = 0x630e;
	page[(0x1000 + 0x136) / 2] = 0x0096;
	page[(0x300 + 0xa) / 2] = 0x3000;
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	conf.file = name;
	assert_int_equal(cs_bus_mem_open(&conf, &bus, &why), 0);
	assert_true(cs_bus_has_window(bus) && !cs_bus_has_ports(bus));
	assert_int_equal(bus->ops->peek(bus, 0), 0x630e);
	assert_int_equal(bus->ops->peek(bus, 0x136), 0x0096);
	bus->ops->poke(bus, 0x104, 0x0d00);
	cs_bus_close(bus);
	assert_int_equal(pread(fd, page, 2, 0x1104), 2);
	assert_int_equal(page[0], 0x0d00);

	conf.base = 0x300;
	conf.mapped_ports = true;
	conf.window = 0x1000;
	assert_int_equal(cs_bus_mem_open(&conf, &bus, &why), 0);
	assert_true(cs_bus_has_window(bus) && cs_bus_has_ports(bus));
	assert_int_equal(bus->ops->in16(bus, 0xa), 0x3000);
	assert_int_equal(bus->ops->in8(bus, 0xb), 0x30);
	assert_int_equal(bus->ops->peek(bus, 0), 0x630e);
	bus->ops->out_words(bus, 0, word, 2);
	cs_bus_close(bus);
	assert_int_equal(pread(fd, page, 4, 0x300), 4);
	assert_int_equal(page[0], 0xbabe); /* both to the same port */
	assert_int_equal(page[1], 0);
	close(fd);
	unlink(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eeprom_is_missing),
		cmocka_unit_test(eeprom_lies),
		cmocka_unit_test(eeprom_gives_the_address),
		cmocka_unit_test(eeprom_says_media),
		cmocka_unit_test(eeprom_hangs),
		cmocka_unit_test(eeprom_is_awaited),
		cmocka_unit_test(eeprom_is_written),
		cmocka_unit_test(io_bus_says_what_it_lacks),
		cmocka_unit_test(mem_bus_says_what_it_lacks),
		cmocka_unit_test(mem_bus_maps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
