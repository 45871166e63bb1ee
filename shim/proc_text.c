/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of /proc/net, made from skiff's tables when a program opens one. Called by proc_tree.c. A
 * file that skiff has nothing to say to does not exist (ENOENT): the kernel's would tell of
 * another stack.
 */
#include "proc_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
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

/* skiff is a member of 224.0.0.1 on every link that is up, and of no other group. */
static bool has_groups(const struct rtnl_link *l)
{
	return (l->flags & IFF_UP) && (l->flags & (IFF_MULTICAST | IFF_LOOPBACK));
}

static int text_igmp(FILE *f)
{
	struct rtnl_link *l;
	int n = rtnl_links(&l);

	if (n < 0)
		return -1;
	fputs("Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n", f);
	for (int i = 0; i < n; i++) {
		if (!has_groups(&l[i]))
			continue;
		fprintf(f, "%d\t%-10s: %5d %7s\n", l[i].index, l[i].name, 1, "V3");
		fprintf(f, "\t\t\t\t%08X %5d %d:%08X\t\t%d\n", htonl(INADDR_ALLHOSTS_GROUP), 1, 0,
			0, 0);
	}
	free(l);
	return 0;
}

static int text_dev_mcast(FILE *f)
{
	struct rtnl_link *l;
	int n = rtnl_links(&l);

	for (int i = 0; i < n; i++)
		if (has_groups(&l[i]) && l[i].type == ARPHRD_ETHER)
			fprintf(f, "%-4d %-15s %-5d %-5d %s\n", l[i].index, l[i].name, 1, 0,
				"01005e000001");
	if (n >= 0)
		free(l);
	return n < 0 ? -1 : 0;
}

/* What skiffd counts, in Linux's form already. */
static int ask_skiffd(FILE *f, const char *name)
{
	static _Bool said;
	const char *const words[] = {"show", "proc", name, NULL};
	char why[SKIFF_TEXT_MAX];
	int status = conn_command(words, f, why, sizeof(why));

	if (status > 0) {
		shim_say_once(&said, "/proc/net/%s: %s", name, why);
		errno = EIO;
	}
	return status == 0 ? 0 : -1;
}

/* Sockets: skiff's stack has none yet, and the kernel's are another's. */
#define V4 "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define V6 "  sl  local_address                         remote_address                        st tx_queue " \
	"rx_queue tr tm->when retrnsmt   uid  timeout inode"

static const struct {
	const char *name;
	const char *text; /* all of it */
	text_fn make;
	_Bool asked;	  /* of skiffd; none of the three: the kernel's, which tells nothing of the
			   * network's state */
} proc_net[] = {
	{"dev", NULL, text_dev}, {"route", NULL, text_route}, {"arp", NULL, text_arp},
	{"if_inet6", NULL, text_if_inet6}, {"igmp", NULL, text_igmp},
	{"dev_mcast", NULL, text_dev_mcast}, {"snmp", .asked = 1},
	{"netstat", .asked = 1}, {"sockstat", .asked = 1}, {"sockstat6", .asked = 1},
	{"tcp", V4 "                                                     \n", NULL},
	{"udp", " " V4 " ref pointer drops            \n", NULL},
	{"udplite", " " V4 " ref pointer drops            \n", NULL},
	{"raw", V4 " ref pointer drops\n", NULL},
	{"tcp6", V6 "\n", NULL}, {"udp6", V6 " ref pointer drops\n", NULL},
	{"udplite6", V6 " ref pointer drops\n", NULL}, {"raw6", V6 " ref pointer drops\n", NULL},
	{"packet", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n", NULL},
	{"unix", NULL, NULL}, {"netlink", NULL, NULL}, {"psched", NULL, NULL},
	{"protocols", NULL, NULL},
};

int proc_net_text(const char *name, FILE *f)
{
	for (size_t i = 0; i < sizeof(proc_net) / sizeof(proc_net[0]); i++) {
		if (strcmp(proc_net[i].name, name) != 0)
			continue;
		if (proc_net[i].text != NULL)
			return f == NULL || fputs(proc_net[i].text, f) >= 0 ? 1 : -1;
		if (proc_net[i].make != NULL)
			return f == NULL || proc_net[i].make(f) == 0 ? 1 : -1;
		if (proc_net[i].asked)
			return f == NULL || ask_skiffd(f, name) == 0 ? 1 : -1;
		return 0;
	}
	errno = ENOENT;
	return -1;
}

const char *proc_net_name(size_t i)
{
	return i < sizeof(proc_net) / sizeof(proc_net[0]) ? proc_net[i].name : NULL;
}
