/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of /proc/net and /sys/class/net, made from skiff's tables when a program opens one.
 * Called by hooks_file.c. A file that skiff has nothing to say to does not exist (ENOENT): the
 * kernel's would tell of another stack.
 */
#include "proc_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libc.h"
#include "rtnl.h"

typedef int (*text_fn)(FILE *f);

static const char *name_of(const struct rtnl_link *l, int n, int index)
{
	for (int i = 0; i < n; i++)
		if (l[i].index == index)
			return l[i].name;
	return "*";
}

static int text_dev(FILE *f)
{
	struct rtnl_link *l;
	int n = rtnl_links(&l);

	if (n < 0)
		return -1;
	fputs("Inter-|   Receive                                                |  Transmit\n"
	      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets "
	      "errs drop fifo colls carrier compressed\n", f);
	for (int i = 0; i < n; i++) {
		const struct rtnl_link_stats64 *s = &l[i].stats;

		fprintf(f, "%6s: %7llu %7llu %4llu %4llu %4llu %5llu %10llu %9llu %8llu %7llu %4llu "
			"%4llu %4llu %5llu %7llu %10llu\n", l[i].name, s->rx_bytes, s->rx_packets,
			s->rx_errors, s->rx_dropped + s->rx_missed_errors, s->rx_fifo_errors,
			s->rx_length_errors + s->rx_over_errors + s->rx_crc_errors +
				s->rx_frame_errors,
			s->rx_compressed, s->multicast, s->tx_bytes, s->tx_packets, s->tx_errors,
			s->tx_dropped, s->tx_fifo_errors, s->collisions,
			s->tx_carrier_errors + s->tx_aborted_errors + s->tx_window_errors +
				s->tx_heartbeat_errors, s->tx_compressed);
	}
	free(l);
	return 0;
}

static int text_route(FILE *f)
{
	struct rtnl_link *l = NULL;
	struct rtnl_route *r = NULL;
	int links = rtnl_links(&l), n = links < 0 ? -1 : rtnl_routes(&r);

	if (n >= 0)
		fprintf(f, "%-127s\n", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\t"
			"Mask\t\tMTU\tWindow\tIRTT");
	for (int i = 0; i < n; i++) {
		char line[128];
		uint32_t mask = r[i].plen == 0 ? 0 : htonl(UINT32_MAX << (32 - r[i].plen));
		unsigned int flags = 1 | (r[i].gateway != 0) << 1 | (r[i].plen == 32) << 2;

		if (r[i].type == RTN_UNREACHABLE || r[i].type == RTN_PROHIBIT)
			flags |= 0x200;
		if (r[i].type == RTN_BROADCAST || r[i].type == RTN_MULTICAST)
			continue;
		snprintf(line, sizeof(line), "%s\t%08X\t%08X\t%04X\t%d\t%u\t%" PRIu32 "\t%08X\t%"
			PRIu32 "\t%u\t%u", name_of(l, links, r[i].oif), r[i].dst, r[i].gateway,
			flags, 0, 0, r[i].prio, mask, r[i].mtu, 0, 0);
		fprintf(f, "%-127s\n", line);
	}
	free(l);
	free(r);
	return n < 0 ? -1 : 0;
}

static int text_arp(FILE *f)
{
	struct rtnl_link *l = NULL;
	struct rtnl_neigh *e = NULL;
	int links = rtnl_links(&l), n = links < 0 ? -1 : rtnl_neighs(&e);

	if (n >= 0)
		fputs("IP address       HW type     Flags       HW address            Mask     "
		      "Device\n", f);
	for (int i = 0; i < n; i++) {
		char ip[INET_ADDRSTRLEN];
		const uint8_t *m = e[i].mac;
		unsigned int flags = e[i].state & NUD_PERMANENT ? 6 :
			e[i].state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE) ? 2 : 0;

		if (e[i].state & NUD_NOARP)
			continue;
		inet_ntop(AF_INET, &e[i].ip, ip, sizeof(ip));
		fprintf(f, "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *        %s\n", ip,
			ARPHRD_ETHER, flags, m[0], m[1], m[2], m[3], m[4], m[5],
			name_of(l, links, e[i].index));
	}
	free(l);
	free(e);
	return n < 0 ? -1 : 0;
}

static int text_if_inet6(FILE *f)
{
	struct rtnl_link *l = NULL;
	struct rtnl_addr *a = NULL;
	int links = rtnl_links(&l), n = links < 0 ? -1 : rtnl_addrs(&a);

	for (int i = 0; i < n; i++) {
		if (a[i].family != AF_INET6)
			continue;
		for (int b = 0; b < 16; b++)
			fprintf(f, "%02x", a[i].local[b]);
		fprintf(f, " %02x %02x %02x %02x %8s\n", a[i].index, a[i].plen,
			a[i].scope == RT_SCOPE_LINK ? 0x20 : a[i].scope == RT_SCOPE_HOST ? 0x10 :
			a[i].scope == RT_SCOPE_SITE ? 0x40 : 0, a[i].flags & 0xff,
			name_of(l, links, a[i].index));
	}
	free(l);
	free(a);
	return n < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	text_fn text; /* NULL: the kernel's, which says nothing about the network's state */
} proc_net[] = {
	{"dev", text_dev}, {"route", text_route}, {"arp", text_arp}, {"if_inet6", text_if_inet6},
	{"unix", NULL}, {"netlink", NULL}, {"psched", NULL}, {"protocols", NULL},
};

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

static int put_stat(FILE *f, const struct rtnl_link_stats64 *s, const char *name)
{
	const struct {
		const char *name;
		uint64_t v;
	} all[] = {
		{"rx_packets", s->rx_packets}, {"tx_packets", s->tx_packets},
		{"rx_bytes", s->rx_bytes}, {"tx_bytes", s->tx_bytes},
		{"rx_errors", s->rx_errors}, {"tx_errors", s->tx_errors},
		{"rx_dropped", s->rx_dropped}, {"tx_dropped", s->tx_dropped},
		{"multicast", s->multicast}, {"collisions", s->collisions},
		{"rx_missed_errors", s->rx_missed_errors},
		{"rx_length_errors", s->rx_length_errors}, {"rx_crc_errors", s->rx_crc_errors},
		{"rx_frame_errors", s->rx_frame_errors}, {"rx_fifo_errors", s->rx_fifo_errors},
		{"rx_over_errors", s->rx_over_errors}, {"tx_fifo_errors", s->tx_fifo_errors},
		{"tx_aborted_errors", s->tx_aborted_errors},
		{"tx_carrier_errors", s->tx_carrier_errors},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return fprintf(f, "%" PRIu64 "\n", all[i].v) < 0 ? -1 : 0;
	errno = ENOENT;
	return -1;
}

static int text_attribute(FILE *f, const struct rtnl_link *l, const char *attr)
{
	if (strncmp(attr, "statistics/", 11) == 0)
		return put_stat(f, &l->stats, attr + 11);
	if (strcmp(attr, "address") == 0)
		put_mac(f, l->addr, l->addr_len);
	else if (strcmp(attr, "broadcast") == 0)
		put_mac(f, l->brd, l->addr_len);
	else if (strcmp(attr, "mtu") == 0)
		fprintf(f, "%u\n", l->mtu);
	else if (strcmp(attr, "ifindex") == 0 || strcmp(attr, "iflink") == 0)
		fprintf(f, "%d\n", l->index);
	else if (strcmp(attr, "flags") == 0)
		fprintf(f, "0x%x\n", l->flags & 0xffff);
	else if (strcmp(attr, "operstate") == 0)
		fprintf(f, "%s\n", operstate(l->operstate));
	else if (strcmp(attr, "carrier") == 0)
		fprintf(f, "%d\n", l->carrier);
	else if (strcmp(attr, "tx_queue_len") == 0)
		fprintf(f, "%u\n", l->txqlen);
	else if (strcmp(attr, "type") == 0)
		fprintf(f, "%u\n", l->type);
	else if (strcmp(attr, "addr_len") == 0)
		fprintf(f, "%u\n", l->addr_len);
	else {
		errno = ENOENT;
		return -1;
	}
	return 0;
}

/* NAME/ATTR of /sys/class/net. */
static int text_sys(FILE *f, const char *rest)
{
	char name[IFNAMSIZ] = "";
	size_t n = strcspn(rest, "/");
	struct rtnl_link l;

	if (n >= sizeof(name) || rest[n] == '\0') {
		errno = ENOENT;
		return -1;
	}
	memcpy(name, rest, n);
	if (rtnl_find(name, 0, &l) < 0) {
		errno = errno == ENODEV ? ENOENT : errno;
		return -1;
	}
	return text_attribute(f, &l, rest + n + 1);
}

static const char *below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/' && path[n + 1] != '\0'
		? path + n + 1 : NULL;
}

static int write_text(text_fn text, const char *sys, int *out)
{
	char *buf = NULL;
	size_t len = 0, at = 0;
	FILE *f = open_memstream(&buf, &len);
	int err = f == NULL ? -1 : text != NULL ? text(f) : text_sys(f, sys);
	int saved = errno;

	if (f != NULL)
		fclose(f);
	*out = err < 0 ? -1 : memfd_create("skiff-proc", 0);
	while (*out >= 0 && at < len) {
		ssize_t n = real()->write(*out, buf + at, len - at);

		if (n <= 0)
			break;
		at += n;
	}
	free(buf);
	if (err < 0 || *out < 0) {
		errno = err < 0 ? saved : errno;
		return -1;
	}
	lseek(*out, 0, SEEK_SET);
	return 1;
}

int proc_open(const char *path, _Bool writing, int *out)
{
	const char *rest = below(path, "/proc/net");

	if (rest == NULL)
		rest = below(path, "/proc/self/net");
	if (rest != NULL) {
		for (size_t i = 0; i < sizeof(proc_net) / sizeof(proc_net[0]); i++)
			if (strcmp(proc_net[i].name, rest) == 0)
				return proc_net[i].text == NULL ? 0
					: write_text(proc_net[i].text, NULL, out);
		errno = ENOENT;
		return -1;
	}
	rest = below(path, "/sys/class/net");
	if (rest == NULL)
		return 0;
	if (writing) {
		errno = EROFS;
		return -1;
	}
	return write_text(NULL, rest, out);
}
