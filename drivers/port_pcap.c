/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type pcap: frames from and to capture files. In ports.c's table. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ports_priv.h"

enum { RX, TX, INFINITE };

static const struct port_option options[] = {
	[RX] = {"rx", PORT_PATH, "capture file whose frames arrive"},
	[TX] = {"tx", PORT_PATH, "capture file that sent frames are written to"},
	[INFINITE] = {"infinite", PORT_YESNO, "yes: the file's frames arrive again and again"},
	{0},
};

static int check_magic(const struct port_spec *s, struct port_why *why)
{
	static const uint32_t known[] = {
		0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a};
	uint32_t magic = 0;
	int fd = open(port_value(s, RX), O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, &magic, sizeof(magic)) != sizeof(magic))
			magic = 0;
		close(fd);
	}
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (magic == known[i])
			return 0;
	return port_fail(s, why, -EINVAL, RX, "%s is not a capture file", port_value(s, RX));
}

static int check(const struct port_spec *s, struct port_why *why)
{
	int err = 0;

	if (!port_value(s, RX) && !port_value(s, TX))
		return port_fail(s, why, -EINVAL, -1, "pcap needs 'rx FILE' or 'tx FILE' or both");
	if (port_yes(s, INFINITE) && !port_value(s, RX))
		return port_fail(s, why, -EINVAL, INFINITE, "infinite goes with rx");
	if (port_value(s, RX)) {
		err = port_check_file(s, RX, why);
		if (err == 0)
			err = check_magic(s, why);
	}
	if (err == 0 && port_value(s, TX))
		err = port_check_makes(s, TX, why);
	return err;
}

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	const char *rx = port_value(s, RX), *tx = port_value(s, TX);

	return snprintf(buf, len, "%s%s%s%s%s%s", rx ? "rx_pcap=" : "", rx ? rx : "",
		rx && tx ? "," : "", tx ? "tx_pcap=" : "", tx ? tx : "",
		port_yes(s, INFINITE) ? ",infinite_rx=1" : "");
}

const struct port_type port_pcap = {
	.name = "pcap",
	.help = "frames from a capture file, frames to a capture file",
	.device = "net_pcap",
	.options = options,
	.wait = PORT_WAIT_TIMER,
	.limits = {.max_segments = 1,
		.indirect = true,
		.external = true,
		.max_frame = PORT_ONE_SEGMENT,
		.max_mtu = PORT_ONE_SEGMENT_MTU,
		.software = true},
	.check = check,
	.devargs = devargs,
};
