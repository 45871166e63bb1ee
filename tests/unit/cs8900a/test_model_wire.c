/* SPDX-License-Identifier: BSD-3-Clause */
/* What a wire can end in besides a test: nothing, pcap files; how a wrong description is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chip.h"

#define PATH_LEN 64

static void refused(const char *text, const char *says)
{
	char err[300] = "";

	assert_null(cs8900a_wire_open(text, err, sizeof(err)));
	assert_string_equal(err, says);
}

static void bad_descriptions(void **state)
{
	refused("", "wire \"\" is not none, kernel:IFNAME, pcap:IN:OUT or pair:NAME");
	refused("coax", "wire \"coax\" is not none, kernel:IFNAME, pcap:IN:OUT or pair:NAME");
	refused("pcap:x", "wire \"pcap:x\": write pcap:IN:OUT, either may be empty");
	refused("pcap:/does/not/exist:", "/does/not/exist: No such file or directory");
	refused("pcap:/dev/null:", "/dev/null is no pcap file: it is too short");
	refused("pcap::/does/not/exist", "/does/not/exist: No such file or directory");
	refused("kernel:nosuchif0", "there is no interface \"nosuchif0\" for the wire");
	refused("pair:", "a pair's name has 1 to 31 letters");
	refused("pair:01234567890123456789012345678901", "a pair's name has 1 to 31 letters");
}

static void nothing(void **state)
{
	char err[100];
	struct cs8900a_model_conf conf = { .wire = cs8900a_wire_open("none", err, sizeof(err)) };
	struct chip *c = chip_up(&conf);

	assert_int_equal(rd(c, 0x0134), 0x0214); /* 10BASE-T without a link: section 3.2 */
	assert_int_equal(cs8900a_wire_wait_fd(conf.wire), -1);
	assert_true(cs8900a_model_next_event(c->m) == UINT64_MAX);
	chip_down(c);
	cs8900a_wire_close(conf.wire);
}

/* Two may have one name, a third is refused; a name is free when its ends are closed. */
static void names_of_pairs(void **state)
{
	struct cs8900a_wire *a, *b, *other;
	char err[100];

	for (unsigned i = 0; i < 3; i++) {
		a = cs8900a_wire_open("pair:x", err, sizeof(err));
		b = cs8900a_wire_open("pair:x", err, sizeof(err));
		other = cs8900a_wire_open("pair:y", err, sizeof(err));
		assert_non_null(a);
		assert_non_null(b);
		assert_non_null(other);
		assert_ptr_not_equal(a, b);
		refused("pair:x", "both ends of the pair \"x\" are taken");
		cs8900a_wire_close(a);
		assert_ptr_equal(cs8900a_wire_open("pair:x", err, sizeof(err)), a);
		cs8900a_wire_close(b);
		cs8900a_wire_close(a);
		cs8900a_wire_close(other);
	}
	for (unsigned i = 0; i < 17; i++) {
		static struct cs8900a_wire *many[16];
		char name[20];

		snprintf(name, sizeof(name), "pair:%u", i);
		if (i < 16)
			many[i] = cs8900a_wire_open(name, err, sizeof(err));
		else
			refused(name, "a process has at most 16 pairs");
		for (unsigned k = 0; i == 16 && k < 16; k++)
			cs8900a_wire_close(many[k]);
	}
}

static void in_file(char *path, const void *data, size_t n)
{
	int fd;

	snprintf(path, PATH_LEN, "%s/skiff-wire-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}

/* As a program of libpcap writes them: microseconds, host order; both swapped; nanoseconds. */
static size_t make_pcap(uint32_t *w, bool swap, bool nano, uint32_t linktype)
{
	size_t n = 0;

	w[n++] = nano ? 0xA1B23C4D : 0xA1B2C3D4;
	w[n++] = 0x00040002;
	w[n++] = 0;
	w[n++] = 0;
	w[n++] = 65535;
	w[n++] = linktype;
	if (swap)
		w[1] = 0x00020004; /* two halves, each swapped below as a word would be */
	for (uint32_t i = 0; i < 3; i++) {
		w[n++] = 1000;
		w[n++] = i * 2000 * (nano ? 1000 : 1); /* 2 ms apart */
		w[n++] = 60;
		w[n++] = 60;
		for (unsigned k = 0; swap && k < 4; k++)
			w[n - 4 + k] = __builtin_bswap32(w[n - 4 + k]);
		memset(&w[n], 0, 60);
		memcpy(&w[n], chip_mac, 6);
		memset((uint8_t *)&w[n] + 14, (int)(0x40 + i), 46);
		n += 15;
	}
	for (unsigned k = 0; swap && k < 6; k++)
		w[k] = __builtin_bswap32(w[k]);
	return n * 4;
}

static void replay(bool swap, bool nano)
{
	uint32_t words[100];
	char path[PATH_LEN], text[100], err[100];
	struct cs8900a_model_conf conf = { 0 };
	struct chip *c;

	in_file(path, words, make_pcap(words, swap, nano, 1));
	snprintf(text, sizeof(text), "pcap:%s:", path);
	conf.wire = cs8900a_wire_open(text, err, sizeof(err));
	assert_non_null(conf.wire);
	c = chip_power(&conf);
	chip_us(c, 15000); /* the first frames pass while the chip is not ready */
	c->now += 100000;
	chip_down(c);
	cs8900a_wire_close(conf.wire);

	conf.wire = cs8900a_wire_open(text, err, sizeof(err));
	conf.reset_ns = 1;
	c = chip_power(&conf);
	chip_wait(c, 1);
	chip_open(c, 0x0D00, 0);
	chip_us(c, 60);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(rd(c, 0x0124), i ? 0x0504 : 0x0004);
		for (unsigned k = 0; i && k < 32; k++)
			if (k == 20)
				assert_int_equal(in16(c, 0x0), 0x4040 + 0x101 * i);
			else
				in16(c, 0x0);
		chip_us(c, 2000);
	}
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
	cs8900a_wire_close(conf.wire);
	unlink(path);
}

static void replays(void **state)
{
	replay(false, false);
	replay(true, false);
	replay(false, true);
	replay(true, true);
}

static void other_files(void **state)
{
	uint32_t words[100];
	char path[PATH_LEN], text[100], says[160];
	size_t n = make_pcap(words, false, false, 113);

	in_file(path, words, n);
	snprintf(text, sizeof(text), "pcap:%s:", path);
	snprintf(says, sizeof(says), "%s holds no Ethernet frames", path);
	refused(text, says);
	unlink(path);
	words[0] = 0x0A0D0D0A; /* the newer format */
	in_file(path, words, n);
	snprintf(text, sizeof(text), "pcap:%s:", path);
	snprintf(says, sizeof(says), "%s is no pcap file of the classic format", path);
	refused(text, says);
	unlink(path);
}

/* A record cut off, or of a length that no frame has, ends the file or is cut; no crash. */
static void broken_records(void **state)
{
	uint32_t words[100];
	char path[PATH_LEN], text[100], err[100];

	for (unsigned cut = 24; cut < 24 + 76; cut += 5) {
		struct cs8900a_wire_frame f;
		struct cs8900a_wire *wire;

		make_pcap(words, false, false, 1);
		words[8] = 0xFFFFFFFF;
		in_file(path, words, cut);
		snprintf(text, sizeof(text), "pcap:%s:", path);
		wire = cs8900a_wire_open(text, err, sizeof(err));
		assert_non_null(wire);
		assert_int_equal(wire->ops->receive(wire, 1, &f), 0);
		cs8900a_wire_close(wire);
		unlink(path);
	}
}

/* What the chip sends is in the file, padded, without CRC, and can be played again. */
static void written(void **state)
{
	char path[PATH_LEN], text[100], err[100];
	struct cs8900a_model_conf conf = { 0 };
	struct cs8900a_wire_frame f;
	struct cs8900a_wire *wire;
	struct chip *c;

	in_file(path, "", 0);
	snprintf(text, sizeof(text), "pcap::%s", path);
	conf.wire = cs8900a_wire_open(text, err, sizeof(err));
	assert_non_null(conf.wire);
	conf.faults = "at tx 3: late-collision";
	c = chip_up(&conf);
	chip_open(c, 0x0D00, 0);
	chip_send(c, 0x00C9, 42);
	chip_send(c, 0x00C9, 1514);
	chip_send(c, 0x00C9, 1514); /* its CRC is wrong: not a frame for a file */
	assert_int_equal(conf.wire->lost, 1);
	chip_down(c);
	cs8900a_wire_close(conf.wire);

	snprintf(text, sizeof(text), "pcap:%s:", path);
	wire = cs8900a_wire_open(text, err, sizeof(err));
	assert_non_null(wire);
	assert_int_equal(wire->ops->receive(wire, 5, &f), 1);
	assert_int_equal(f.len, 60);
	assert_int_equal(f.at_ns, 5);
	assert_int_equal(f.data[41], chip_pattern(41));
	assert_int_equal(f.data[42], 0);
	assert_int_equal(wire->ops->receive(wire, 5, &f), 1);
	assert_int_equal(f.len, 1514);
	assert_int_equal(f.data[1513], chip_pattern(1513));
	assert_int_equal(wire->ops->receive(wire, 5, &f), 0);
	cs8900a_wire_close(wire);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_descriptions), cmocka_unit_test(nothing),
		cmocka_unit_test(names_of_pairs), cmocka_unit_test(replays),
		cmocka_unit_test(other_files), cmocka_unit_test(broken_records),
		cmocka_unit_test(written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
