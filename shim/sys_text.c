/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of /sys/class/net/NAME, made from skiff's link. Called by proc_tree.c. */
#include <errno.h>
#include <inttypes.h>
#include <linux/if.h>
#include <string.h>

#include "proc_text.h"

static const char *operstate(uint8_t state)
{
	static const char *const names[] = {"unknown", "notpresent", "down", "lowerlayerdown",
		"testing", "dormant", "up"};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

static void put_mac(FILE *f, const uint8_t *mac, int len)
{
	for (int i = 0; i < len; i++)
		fprintf(f, "%s%02x", i != 0 ? ":" : "", mac[i]);
	fputc('\n', f);
}

#define STATS(X) \
	X(rx_packets) X(tx_packets) X(rx_bytes) X(tx_bytes) X(rx_errors) X(tx_errors) X(rx_dropped) \
	X(tx_dropped) X(multicast) X(collisions) X(rx_missed_errors) X(rx_length_errors) \
	X(rx_crc_errors) X(rx_frame_errors) X(rx_fifo_errors) X(rx_over_errors) X(tx_fifo_errors) \
	X(tx_aborted_errors) X(tx_carrier_errors) X(tx_heartbeat_errors) X(tx_window_errors) \
	X(rx_compressed) X(tx_compressed)

static int put_stat(FILE *f, const struct rtnl_link_stats64 *s, const char *name)
{
	const struct {
		const char *name;
		uint64_t v;
	} all[] = {
#define X(n) {#n, s->n},
		STATS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return fprintf(f, "%" PRIu64 "\n", all[i].v) < 0 ? -1 : 0;
	errno = ENOENT;
	return -1;
}

static int put_address(FILE *f, const struct rtnl_link *l, const char *name)
{
	put_mac(f, name[0] == 'a' ? l->addr : l->brd, l->addr_len);
	return 0;
}

static int put_number(FILE *f, const struct rtnl_link *l, const char *name)
{
	const struct {
		const char *name;
		uint32_t v;
	} all[] = {
		{"mtu", l->mtu}, {"ifindex", l->index}, {"iflink", l->index},
		{"carrier", l->carrier}, {"tx_queue_len", l->txqlen}, {"type", l->type},
		{"addr_len", l->addr_len}, {"dormant", l->operstate == IF_OPER_DORMANT},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			fprintf(f, "%u\n", all[i].v);
	return 0;
}

static int put_flags(FILE *f, const struct rtnl_link *l, const char *name)
{
	fprintf(f, "0x%x\n", l->flags & 0xffff);
	return 0;
}

static int put_state(FILE *f, const struct rtnl_link *l, const char *name)
{
	fprintf(f, "%s\n", operstate(l->operstate));
	return 0;
}

static int put_uevent(FILE *f, const struct rtnl_link *l, const char *name)
{
	fprintf(f, "INTERFACE=%s\nIFINDEX=%d\n", l->name, l->index);
	return 0;
}

static const struct {
	const char *name;
	int (*put)(FILE *f, const struct rtnl_link *l, const char *name);
} attributes[] = {
	{"addr_len", put_number}, {"address", put_address}, {"broadcast", put_address},
	{"carrier", put_number}, {"dormant", put_number}, {"flags", put_flags},
	{"ifindex", put_number}, {"iflink", put_number}, {"mtu", put_number},
	{"operstate", put_state}, {"tx_queue_len", put_number}, {"type", put_number},
	{"uevent", put_uevent},
};

int sys_net_text(const struct rtnl_link *l, const char *attr, FILE *f)
{
	if (strncmp(attr, "statistics/", 11) == 0)
		return put_stat(f, &l->stats, attr + 11);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (strcmp(attributes[i].name, attr) == 0)
			return attributes[i].put(f, l, attr);
	errno = ENOENT;
	return -1;
}

const char *sys_net_name(bool statistics, size_t i)
{
#define X(n) #n,
	static const char *const stats[] = {STATS(X)};
#undef X
	size_t n = sizeof(attributes) / sizeof(attributes[0]);

	if (statistics)
		return i < sizeof(stats) / sizeof(stats[0]) ? stats[i] : NULL;
	return i < n ? attributes[i].name : i == n ? "statistics" : NULL;
}
