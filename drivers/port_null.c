/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type null: endless frames in, nothing out; for measuring. In ports.c's table. */
#include <stdio.h>

#include "ports_priv.h"

enum { SIZE, SILENT };

static const struct port_option options[] = {
	[SIZE] = {"size", PORT_NUMBER, "bytes of each frame that arrives", .min = 60, .max = 2000},
	[SILENT] = {"silent", PORT_YESNO, "yes: nothing arrives, what is sent is dropped"},
	{0},
};

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	return snprintf(
		buf, len, "size=%lu,no-rx=%d", port_number(s, SIZE, 64), port_yes(s, SILENT));
}

const struct port_type port_null = {
	.name = "null",
	.help = "empty frames without end, and a sink for what is sent",
	.device = "net_null",
	.options = options,
	.wait = PORT_WAIT_TIMER,
	.limits = {.max_segments = 1,
		.indirect = true,
		.external = true,
		.max_frame = PORT_ONE_SEGMENT,
		.max_mtu = PORT_ONE_SEGMENT_MTU,
		.software = true},
	.devargs = devargs,
};
