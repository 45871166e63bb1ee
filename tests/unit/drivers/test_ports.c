/* SPDX-License-Identifier: BSD-3-Clause */
/* drivers/ports.c: the words of `port add`, and what is checked before a port is opened. No EAL. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "ports.h"
#include "unit.h"

static struct port_spec spec;
static struct port_why why;

static int parse(const char *line)
{
	static char copy[512];
	char *words[32], *save;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	port_spec_free(&spec);
	memset(&why, 0, sizeof(why));
	return port_parse(n, words, &spec, &why);
}

/* Refused at that word, with a sentence that has `part` in it; nothing is left in the spec. */
static void refused(const char *line, int word, const char *part)
{
	assert_int_equal(parse(line), -EINVAL);
	if (why.word != word || !strstr(why.text, part))
		fail_msg("'%s': word %d, '%s'", line, why.word, why.text);
	assert_null(spec.type);
}

static void reads_options(void **state)
{
	char back[256];

	assert_int_equal(parse("wan af_packet iface eth0"), 0);
	assert_string_equal(spec.name, "wan");
	assert_string_equal(spec.type->name, "af_packet");
	assert_string_equal(spec.value[0], "eth0");
	assert_int_equal(spec.word[0], 3);
	assert_int_equal(parse("lan virtio mac 02:00:00:00:00:01 path /run/vhost.sock"), 0);
	port_spec_format(&spec, back, sizeof(back));
	assert_string_equal(back, "lan virtio path /run/vhost.sock mac 02:00:00:00:00:01");
	assert_int_equal(parse("n null"), 0);
	port_spec_format(&spec, back, sizeof(back));
	assert_string_equal(back, "n null");
}

/* What is written back means the same, for every type and all its options at once. */
static void format_and_parse_agree(void **state)
{
	static const char *const lines[] = {
		"a af_packet iface e0 takeover yes qdisc no queues 2",
		"b af_xdp iface e0 takeover no",
		"c tap iface t0 mac 02:00:00:00:00:01",
		"d virtio path /x mac 02:00:00:00:00:01 queues 2 server yes",
		"e vhost path /x client yes queues 2",
		"f memif socket /x role server id 3 mac 02:00:00:00:00:01",
		"g pcap rx /x tx /y infinite yes",
		"h ring link l side a slots 128",
		"i null size 64 silent yes",
		"j pci address 0000:03:00.0 queues 4",
		"k cs8900a bus io base 0x300 window 0xd0000 media aui duplex full txstart 381",
		"l cs8900a bus mem base 0x19000300 layout ports file /dev/uio0 mac 02:00:00:00:00:01",
		"m cs8900a bus model poll isq wire iface:veth0 eeprom none faults /x",
	};
	char back[256];

	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(lines[i]))
			fail_msg("%s: %s", lines[i], why.text);
		port_spec_format(&spec, back, sizeof(back));
		assert_string_equal(back, lines[i]);
	}
}

static void names_the_wrong_word(void **state)
{
	refused("wan", 0, "needs a driver");
	refused("wan eth0", 1, "no driver 'eth0'");
	refused("lo null", 0, "not free");
	refused("averyveryverylongname null", 0, "1 to 15");
	refused("a/b null", 0, "letters");
	refused("wan af_packet", 1, "needs 'iface'");
	refused("wan af_packet iface", 2, "needs a value");
	refused("wan af_packet iface e0 iface e1", 4, "twice");
	refused("wan af_packet iface e0 colour red", 4,
		"no option 'colour'; it has: iface takeover");
	refused("wan af_packet iface e0 takeover maybe", 5, "yes or no");
	refused("wan af_packet iface e0 takeover y", 5, "yes or no");
	refused("wan af_packet iface e0 queues 0", 5, "from 1 to 16");
	refused("wan af_packet iface e0 queues 17", 5, "from 1 to 16");
	refused("wan af_packet iface e0 queues 1x", 5, "from 1 to 16");
	refused("wan af_packet iface e0 queues -1", 5, "from 1 to 16");
	refused("wan af_packet iface sixteen-letters0", 3, "not an interface name");
	refused("m memif socket /x role master", 5, "server|client");
	refused("m memif socket /a,b role server", 3, "commas");
	refused("t tap iface t0 mac 01:00:00:00:00:01", 5, "unicast");
	refused("t tap iface t0 mac 2:0:0:0:0:1", 5, "unicast");
	refused("c cs8900a", 1, "needs 'bus'");
	refused("c cs8900a bus isa", 3, "io|mem|model");
	refused("c cs8900a bus io base x300", 5, "must be a number");
	refused("c cs8900a bus io window 0x100", 5, "from 4096");
	refused("c cs8900a bus io txstart 7", 5, "5|381|1021|all");
	refused("p pci address 03:00", 3, "0000:03:00.0");
	refused("p pci address 0000:03:00.9", 3, "0000:03:00.0");
}

static void no_words_at_all(void **state)
{
	char *none[1] = {NULL};

	assert_int_equal(port_parse(0, none, &spec, &why), -EINVAL);
	assert_int_equal(why.word, -1);
}

static void check_says(const char *line, int err, int word, const char *part)
{
	assert_int_equal(parse(line), 0);
	memset(&why, 0, sizeof(why));
	assert_int_equal(port_check(&spec, &why), err);
	if (err && (why.word != word || !strstr(why.text, part)))
		fail_msg("'%s': word %d, '%s'", line, why.word, why.text);
}

static void checks_interfaces(void **state)
{
	check_says("w af_packet iface nosuch0", -ENODEV, 3, "no interface nosuch0");
	check_says("w af_xdp iface nosuch0", -ENODEV, 3, "no interface nosuch0");
	check_says("w af_packet iface lo", -EAFNOSUPPORT, 3, "not an Ethernet interface");
	check_says("p pci address ffff:1f:1f.7", -ENODEV, 3, "lspci");
	check_says("w virtio", -EINVAL, 1, "either 'path SOCKET' or 'pci ADDRESS'");
	check_says("w virtio pci 03:00.0 mac 02:00:00:00:00:01", -EINVAL, 5, "not with pci");
	check_says("c cs8900a bus mem", -EINVAL, 3, "needs 'base'");
	check_says("c cs8900a bus model wire iface:nosuch0", -ENODEV, 5, "no interface nosuch0");
	check_says("c cs8900a bus model eeprom /nonexistent", -ENOENT, 5, "No such file");
	check_says("c cs8900a bus model faults /nonexistent", -ENOENT, 5, "No such file");
	check_says("c cs8900a bus io", 0, 0, NULL);
	check_says("r ring link x", -EINVAL, 3, "go together");
	check_says("r ring", 0, 0, NULL);
}

static int listener(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(un.sun_path, path, sizeof(un.sun_path) - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void checks_files_and_sockets(void **state)
{
	char dir[] = "/tmp/skiff-test-ports-XXXXXX", line[256], path[64];
	FILE *f;
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(line, sizeof(line), "p pcap rx %s/none", dir);
	check_says(line, -ENOENT, 3, "none");
	snprintf(line, sizeof(line), "p pcap rx %s", dir);
	check_says(line, -EISDIR, 3, "folder");
	snprintf(path, sizeof(path), "%s/text", dir);
	f = fopen(path, "w");
	fputs("this is no capture", f);
	fclose(f);
	snprintf(line, sizeof(line), "p pcap rx %s", path);
	check_says(line, -EINVAL, 3, "not a capture file");
	f = fopen(path, "w");
	fwrite((uint32_t[]){0xa1b2c3d4, 0, 0, 0, 0, 0}, 4, 6, f);
	fclose(f);
	check_says(line, 0, 0, NULL);
	snprintf(line, sizeof(line), "p pcap tx %s/no/out", dir);
	check_says(line, -ENOENT, 3, "no folder");
	check_says("p pcap", -EINVAL, 1, "rx FILE");

	snprintf(line, sizeof(line), "v virtio path %s", path);
	check_says(line, -ENOTSOCK, 3, "not a socket");
	snprintf(line, sizeof(line), "v vhost path %s", path);
	check_says(line, -EEXIST, 3, "not a socket");
	unlink(path);
	snprintf(line, sizeof(line), "v virtio path %s", path);
	check_says(line, -ENOENT, 3, "start its other end first");
	fd = listener(path);
	check_says(line, 0, 0, NULL);
	snprintf(line, sizeof(line), "v vhost path %s", path);
	check_says(line, -EADDRINUSE, 3, "listens");
	close(fd);
	check_says(line, -EEXIST, 3, "left over");
	unlink(path);
	check_says(line, 0, 0, NULL);
	rmdir(dir);
	port_spec_free(&spec);
}

/* The table holds together: names unique, options within bounds, limits that agree. */
static void table_is_sound(void **state)
{
	for (unsigned i = 0; port_types[i]; i++) {
		const struct port_type *t = port_types[i];
		unsigned n = 0;

		assert_ptr_equal(port_type_find(t->name), t);
		for (; t->options[n].name; n++)
			if (t->options[n].value == PORT_CHOICE)
				assert_non_null(t->options[n].choices);
		assert_true(n <= PORT_MAX_OPTIONS);
		assert_true(t->device || t->open);
		assert_true(t->limits.max_segments >= 1);
		assert_true(t->limits.max_frame >= 1514);
		assert_true((uint32_t)t->limits.max_mtu <= t->limits.max_frame - 14);
	}
	assert_null(port_type_find("eth"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options),
		cmocka_unit_test(format_and_parse_agree),
		cmocka_unit_test(names_the_wrong_word),
		cmocka_unit_test(no_words_at_all),
		cmocka_unit_test(checks_interfaces),
		cmocka_unit_test(checks_files_and_sockets),
		cmocka_unit_test(table_is_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
