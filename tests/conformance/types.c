/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The port types under test, and what each cannot do. A reason here is printed in the run and
 * stands in docs/compatibility.md (`conformance --doc` writes that part).
 */
#include "conformance.h"

#define NOWHERE "its frames are made up and what is sent goes nowhere"
#define TAKES_ALL "the driver takes whatever it is given: it never refuses a frame"
#define KERNEL_TAKES_ALL "the kernel takes whatever it is given at once, and drops what it has no room for"
#define NO_NOMBUF "DPDK's driver does not count that it had no mbuf to receive into"
#define MEMIF_KEEPS "DPDK's driver does not close the socket it listens at, leaves memory at close, and does not count that it " \
	"had no mbuf to receive into"
#define NO_LINK "it has no link that could go down"
#define NO_PEER "there is no other end that could be removed"

const struct put_type put_types[] = {
	{
		.name = "af_packet",
		.words = "put af_packet iface sk0",
		.stall_words = "put af_packet iface sk0 qdisc yes",
		.ops = &peer_veth,
	},
	{
		.name = "af_packet socket", /* without AF_XDP, as where the kernel does not have it */
		.words = "put af_packet iface sk0 xdp no bpf no",
		.stall_words = "put af_packet iface sk0 xdp no bpf no qdisc yes",
		.ops = &peer_veth,
	},
	{
		.name = "af_xdp",
		.words = "put af_xdp iface sk0",
		.ops = &peer_veth,
		.needs_root = true,
		.loses_silently = true,
		.keeps_fds = 2,
		.keeps_allocs = 1,
		.keeps_mbufs = 2048 + 1024 + 64,
		.quirk = "DPDK's driver keeps the mbufs of its fill ring, and those on their way, "
			 "at close, and its program's and map's descriptors; what the kernel drops counts as sent",
		.not_able = {
			[CASE_ring_full] = KERNEL_TAKES_ALL,
			[CASE_back_pressure] = KERNEL_TAKES_ALL,
			[CASE_watchdog] = KERNEL_TAKES_ALL,
			[CASE_link] = "DPDK's driver does not look at the link: it says up as long "
				      "as the port is started",
		},
	},
	{
		.name = "cs8900a",
		.words = "put cs8900a bus model wire iface:sk0",
		.hang_words = "put cs8900a bus model wire iface:sk0 faults /run/faults",
		.hang_script = "at tx 40: hang\n",
		.hang_xstat = "recoveries",
		.ops = &peer_wire,
		.takes_padding = true,
		.quirk = "frames go at 10 Mb/s and are padded to 60 bytes; its watchdog is the driver's",
		.filters = true,
	},
	{
		.name = "tap",
		.words = "put tap iface tsk0",
		.ops = &peer_tap,
		.sleeps_empty = true,
		.quirk = "DPDK's driver polls after a signal only: frames that wait when it has no "
			 "mbuf wait for the next one's signal, and a full queue sends none; setting "
			 "the link down and up helps",
		.not_able = {
			[CASE_ring_full] = KERNEL_TAKES_ALL,
			[CASE_back_pressure] = KERNEL_TAKES_ALL,
			[CASE_watchdog] = KERNEL_TAKES_ALL,
		},
	},
	{
		.name = "virtio",
		.words = "put virtio path /run/v.sock",
		.peer = "far vhost path /run/v.sock",
		.link_words = "put virtio path /run/v.sock server yes",
		.link_peer = "far vhost path /run/v.sock client yes",
		.ops = &peer_first,
	},
	{
		.name = "vhost",
		.words = "put vhost path /run/v.sock",
		.peer = "far virtio path /run/v.sock",
		.ops = &peer_second,
		.silent_nombuf = true,
		.quirk = NO_NOMBUF,
	},
	{
		.name = "memif server",
		.words = "put memif socket /run/m.sock role server",
		.peer = "far memif socket /run/m.sock role client",
		.ops = &peer_memif_client,
		.silent_nombuf = true,
		.keeps_fds = 1,
		.keeps_allocs = 16,
		.quirk = MEMIF_KEEPS,
	},
	{
		.name = "memif client",
		.words = "put memif socket /run/m.sock role client",
		.peer = "far memif socket /run/m.sock role server",
		.ops = &peer_first,
		.silent_nombuf = true,
		.keeps_fds = 1,
		.keeps_allocs = 16,
		.quirk = MEMIF_KEEPS,
	},
	{
		.name = "ring",
		.words = "put ring link w side a",
		.peer = "far ring link w side b",
		.ops = &peer_second,
		.no_bytes = true,
		.quirk = "DPDK's driver counts no bytes (skiff's counters do)",
		.not_able = {
			[CASE_pool_empty] = "it needs no mbufs of its own: the sender's are handed over",
			[CASE_link] = NO_LINK,
		},
	},
	{
		.name = "pcap",
		.silent_nombuf = true,
		.words = "put pcap rx /run/in.pcap tx /run/out.pcap",
		.ops = &peer_file,
		.not_able = {
			[CASE_ring_full] = TAKES_ALL,
			[CASE_back_pressure] = TAKES_ALL,
			[CASE_watchdog] = TAKES_ALL,
			[CASE_link] = NO_LINK,
			[CASE_removal] = NO_PEER,
			[CASE_wake] = "a file's frames are there from the start: nothing arrives "
				      "later that could wake",
		},
	},
	{
		.name = "null",
		.words = "put null",
		.ops = &peer_none,
		.blind = true,
		.silent_nombuf = true,
		.no_bytes = true,
		.keeps_allocs = 2,
		.quirk = "DPDK's driver loses a frame's worth of memory per queue at close; it "
			 "counts no bytes",
		.not_able = {
			[CASE_lengths] = NOWHERE,
			[CASE_runts] = NOWHERE,
			[CASE_oversize] = NOWHERE,
			[CASE_largest] = NOWHERE,
			[CASE_ring_full] = TAKES_ALL,
			[CASE_back_pressure] = TAKES_ALL,
			[CASE_watchdog] = TAKES_ALL,
			[CASE_filters] = NOWHERE,
			[CASE_link] = NO_LINK,
			[CASE_removal] = NO_PEER,
			[CASE_wake] = "frames arrive without end: a worker with such a port does "
				      "not sleep",
		},
	},
};

const unsigned put_type_count = sizeof(put_types) / sizeof(put_types[0]);
