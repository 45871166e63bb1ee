/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port type cs8900a: the 10 Mb/s ISA chip, or a model of it, through our own driver (cs8900a/). In
 * ports.c's table.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <net/if.h>

#include "cs8900a/cs8900a.h"
#include "ports_priv.h"

enum { BUS, BASE, LAYOUT, WINDOW, FILE_, MEDIA, DUPLEX, MAC, TXSTART, POLL, WIRE, EEPROM, FAULTS };

static const struct port_option options[] = {
	[BUS] = {"bus", PORT_CHOICE, "how the chip is reached; model: a chip in software",
		.required = true, .choices = "io|mem|model"},
	[BASE] = {"base", PORT_NUMBER, "I/O port (io, by default 0x300) or address (mem)",
		.min = 0, .max = UINT64_MAX},
	[LAYOUT] = {"layout", PORT_CHOICE, "mem: what is at base, the 4 KB window or the ports",
		.choices = "window|ports"},
	[WINDOW] = {"window", PORT_NUMBER, "address for the memory window beside the ports",
		.min = 0x1000, .max = 0xff000},
	[FILE_] = {"file", PORT_PATH, "in place of /dev/mem: a UIO device or a resource file"},
	[MEDIA] = {"media", PORT_CHOICE, "in place of what the EEPROM says",
		.choices = "auto|10baset|aui|10base2"},
	[DUPLEX] = {"duplex", PORT_CHOICE, "full must be set at the other end, too",
		.choices = "half|full"},
	[MAC] = {"mac", PORT_MAC, "address in place of the EEPROM's"},
	[TXSTART] = {"txstart", PORT_CHOICE, "bytes in the chip before it begins to send",
		.choices = "5|381|1021|all"},
	[POLL] = {"poll", PORT_CHOICE, "how the chip is asked for news", .choices = "event|isq"},
	[WIRE] = {"wire", PORT_PATH, "model: iface:NAME, pair:NAME, pcap:IN:OUT or none"},
	[EEPROM] = {"eeprom", PORT_PATH, "model: a file of hexadecimal words, or none"},
	[FAULTS] = {"faults", PORT_PATH, "model: a script of faults"},
	{0},
};

/* The options are the driver's own words; what does not go together the driver refuses. */
static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	int at = 0;

	for (unsigned i = 0; options[i].name; i++) {
		size_t used = (size_t)at < len ? (size_t)at : len;
		if (port_value(s, i))
			at += snprintf(buf + used, len - used, "%s%s=%s", at ? "," : "",
				options[i].name, port_value(s, i));
	}
	return at;
}

static int check(const struct port_spec *s, struct port_why *why)
{
	const char *wire = port_value(s, WIRE);

	if (strcmp(port_value(s, BUS), "mem") == 0 && port_value(s, BASE) == NULL)
		return port_fail(s, why, -EINVAL, BUS, "bus mem needs 'base': the chip's address");
	if (wire && strncmp(wire, "iface:", 6) == 0 && if_nametoindex(wire + 6) == 0)
		return port_fail(s, why, -ENODEV, WIRE,
			"there is no interface %s; `ip link` lists them", wire + 6);
	if (port_value(s, FAULTS))
		return port_check_file(s, FAULTS, why);
	if (port_value(s, EEPROM) && strcmp(port_value(s, EEPROM), "none") != 0)
		return port_check_file(s, EEPROM, why);
	if (port_value(s, FILE_))
		return port_check_file(s, FILE_, why);
	return 0;
}

/* The driver's sentence is better than a number. */
static int open_port(struct port *p, struct port_why *why)
{
	int err = port_attach_vdev(p, why);

	if (err < 0 && *cs8900a_why())
		return port_fail(&p->spec, why, err, -1, "%s", cs8900a_why());
	return err;
}

const struct port_type port_cs8900a = {
	.name = "cs8900a",
	.help = "a Crystal CS8900A (ISA, 10 Mb/s) or a model of it, by skiff's own driver",
	.device = CS8900A_DRIVER,
	.options = options,
	.wait = PORT_WAIT_TIMER,
	.tx_desc = 4,
	.limits = {.max_segments = 64,
		.indirect = true,
		.external = true,
		.max_frame = 1514,
		.max_mtu = 1500},
	.quirks = "no interrupt is used: a worker looks every millisecond; a worker keeps the chip "
		  "busy for about half a millisecond per large frame on a real ISA bus",
	.check = check,
	.devargs = devargs,
	.open = open_port,
};
