/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff-traffic: sends numbered UDP frames at a pace and counts what arrives: missing, duplicate,
 * reordered, corrupt, and how late. The benchmarks and tests run it beside skiffd and its peers.
 * This file reads the words, runs the two threads and reports.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "traffic.h"

static const char help[] =
	"usage: skiff-traffic [--tx [NETNS/]IFACE[@CPU]] [--rx [NETNS/]IFACE[@CPU]] [options]\n"
	"Sends numbered UDP frames out of one interface and counts those that arrive at another.\n"
	"With --tx or --rx alone it only sends or only counts (then give both the same --run).\n"
	"\n"
	"  --rate PPS       frames per second; 0: as fast as possible (default 0)\n"
	"  --seconds S      how long (default 2)         --count N     stop after N frames\n"
	"  --size BYTES     frame without FCS, 60..9014 (default 60)\n"
	"  --flows N        UDP source ports in turn, 1..65536 (default 1)\n"
	"  --src IP --dst IP --dport PORT   (defaults 198.18.0.1, 198.18.0.2, 9)\n"
	"  --dst-mac MAC    the next hop's address (default broadcast)\n"
	"  --src-mac MAC    default: the interface's own\n"
	"  --via packet|xdp way out: packet socket or AF_XDP in copy mode (default packet)\n"
	"  --lump N         a sender that fell behind --rate catches up by at most N frames and\n"
	"                   slows down by the rest, 0: catches up all (default 0)\n"
	"  --gap US         with --rate: sleep so long between lumps of frames, instead of turning in\n"
	"                   wait for the next frame, which takes a whole CPU (default 0)\n"
	"  --batch N        frames per system call, 1..256 (default 32)\n"
	"  --grace S        wait for stragglers (default 0.3)\n"
	"  --run N          number of the run, 0..65535, told apart by the receiver (default 1)\n"
	"  --tally          only count what arrives, by the interface's counters: takes no CPU from the\n"
	"                   forwarder, but sees neither doubles nor damage\n"
	"  --promisc        receive frames of other addresses too\n"
	"  --json           one line of JSON\n"
	"\n"
	"exit status: 0 all arrived once; 1 error; 3 some are missing, duplicate or corrupt\n";

volatile bool traffic_sent, traffic_stop;

static void on_signal(int sig)
{
	(void)sig;
	traffic_stop = true;
}

int traffic_enter(const struct traffic_place *p)
{
	if (p->netns) {
		char path[256];
		snprintf(path, sizeof(path), "/run/netns/%s", p->netns);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) {
			fprintf(stderr, "skiff-traffic: cannot enter namespace %s: %s\n", p->netns,
				strerror(errno));
			return -1;
		}
		close(fd);
	}
	if (p->cpu >= 0) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(p->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) < 0) {
			fprintf(stderr, "skiff-traffic: no CPU %d\n", p->cpu);
			return -1;
		}
	}
	if (if_nametoindex(p->iface) == 0) {
		fprintf(stderr, "skiff-traffic: no interface %s%s%s\n", p->iface,
			p->netns ? " in namespace " : "", p->netns ? p->netns : "");
		return -1;
	}
	return 0;
}

static int read_place(char *word, struct traffic_place *p)
{
	char *slash = strchr(word, '/'), *at = strchr(word, '@');

	p->cpu = -1;
	if (at) {
		*at = '\0';
		p->cpu = atoi(at + 1);
	}
	if (slash) {
		*slash = '\0';
		p->netns = word;
		word = slash + 1;
	}
	p->iface = word;
	return *word == '\0' ? -1 : 0;
}

static int read_mac(const char *s, uint8_t mac[6])
{
	char rest;

	return sscanf(s, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%c", &mac[0], &mac[1], &mac[2], &mac[3],
		       &mac[4], &mac[5], &rest) == 6
		       ? 0
		       : -1;
}

static int read_number(const char *s, double low, double high, double *out)
{
	char *end;

	*out = strtod(s, &end);
	return *s == '\0' || *end != '\0' || !(*out >= low && *out <= high) ? -1 : 0;
}

enum {
	TX = 1,
	RX,
	RATE,
	SECONDS,
	COUNT,
	SIZE,
	FLOWS,
	SRC,
	DST,
	DPORT,
	DMAC,
	SMAC,
	VIA,
	BATCH,
	LUMP,
	GAP,
	GRACE,
	RUN,
	TALLY,
	PROMISC,
	JSON,
	HELP
};

static const struct option words[] = {{"tx", 1, 0, TX}, {"rx", 1, 0, RX}, {"rate", 1, 0, RATE},
	{"seconds", 1, 0, SECONDS}, {"count", 1, 0, COUNT}, {"size", 1, 0, SIZE},
	{"flows", 1, 0, FLOWS}, {"src", 1, 0, SRC}, {"dst", 1, 0, DST}, {"dport", 1, 0, DPORT},
	{"dst-mac", 1, 0, DMAC}, {"src-mac", 1, 0, SMAC}, {"via", 1, 0, VIA},
	{"batch", 1, 0, BATCH}, {"lump", 1, 0, LUMP},
	{"gap", 1, 0, GAP}, {"grace", 1, 0, GRACE}, {"run", 1, 0, RUN},
	{"tally", 0, 0, TALLY}, {"promisc", 0, 0, PROMISC}, {"json", 0, 0, JSON}, {"help", 0, 0, HELP}, {0}};

static int take_word(struct traffic_options *o, int word, char *arg)
{
	double v = 0;
	int err = 0;

	switch (word) {
	case TX:
		return read_place(arg, &o->tx);
	case RX:
		return read_place(arg, &o->rx);
	case RATE:
		return read_number(arg, 0, 1e9, &o->rate);
	case SECONDS:
		return read_number(arg, 0, 1e6, &o->seconds);
	case GRACE:
		return read_number(arg, 0, 1e3, &o->grace);
	case COUNT:
		err = read_number(arg, 1, 8e9, &v);
		o->count = v;
		return err;
	case SIZE:
		err = read_number(arg, TRAFFIC_MIN_FRAME, TRAFFIC_MAX_FRAME, &v);
		o->size = v;
		return err;
	case FLOWS:
		err = read_number(arg, 1, 64512, &v);
		o->flows = v;
		return err;
	case DPORT:
		err = read_number(arg, 1, 65535, &v);
		o->dport = v;
		return err;
	case BATCH:
		err = read_number(arg, 1, 256, &v);
		o->batch = v;
		return err;
	case LUMP:
		err = read_number(arg, 0, 1e9, &v);
		o->lump = v;
		return err;
	case GAP:
		err = read_number(arg, 0, 1e6, &v);
		o->gap = v;
		return err;
	case RUN:
		err = read_number(arg, 0, 65535, &v);
		o->magic = TRAFFIC_MAGIC + (int)v;
		return err;
	case SRC:
		return inet_pton(AF_INET, arg, &o->src) == 1 ? 0 : -1;
	case DST:
		return inet_pton(AF_INET, arg, &o->dst) == 1 ? 0 : -1;
	case DMAC:
		o->have_dst_mac = true;
		return read_mac(arg, o->dst_mac);
	case SMAC:
		o->have_src_mac = true;
		return read_mac(arg, o->src_mac);
	case VIA:
		o->use_xdp = strcmp(arg, "xdp") == 0;
		return o->use_xdp || !strcmp(arg, "packet") ? 0 : -1;
	case TALLY:
		o->tally = true;
		return 0;
	case PROMISC:
		o->any_dst = true;
		return 0;
	case JSON:
		o->json = true;
		return 0;
	}
	return -1;
}

static int read_words(int argc, char **argv, struct traffic_options *o)
{
	int word, index;

	while ((word = getopt_long(argc, argv, "", words, &index)) != -1) {
		if (word == HELP) {
			fputs(help, stdout);
			exit(0);
		}
		if (word == '?')
			return -1;
		if (take_word(o, word, optarg) < 0) {
			fprintf(stderr,
				"skiff-traffic: --%s %s: not a value it takes; see --help\n",
				words[index].name, optarg ? optarg : "");
			return -1;
		}
	}
	if (o->tally && (!o->tx.iface || !o->rx.iface)) {
		fputs("skiff-traffic: --tally needs both --tx and --rx\n", stderr);
		return -1;
	}
	if (optind != argc || (!o->tx.iface && !o->rx.iface)) {
		fputs("skiff-traffic: give --tx or --rx or both; see --help\n", stderr);
		return -1;
	}
	return 0;
}

struct task {
	struct traffic_options *o;
	struct traffic_result *r;
	bool ready;
	int err;
};

static void *receive_task(void *arg)
{
	struct task *t = arg;

	t->err = t->o->tally ? traffic_tally(t->o, t->r, &t->ready)
		: traffic_receive(t->o, t->r, &t->ready);
	__atomic_store_n(&t->ready, true, __ATOMIC_RELEASE);
	return NULL;
}

/* The interface's own address, asked inside its namespace. */
static int own_mac(struct traffic_options *o)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", o->tx.iface);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &r) < 0) {
		perror("skiff-traffic: cannot read the interface's address");
		return -1;
	}
	close(fd);
	memcpy(o->src_mac, r.ifr_hwaddr.sa_data, 6);
	return 0;
}

static void *send_task(void *arg)
{
	struct task *t = arg;

	t->err = traffic_enter(&t->o->tx);
	if (t->err == 0 && !t->o->have_src_mac)
		t->err = own_mac(t->o);
	if (t->err == 0)
		t->err = traffic_send(t->o, t->r);
	traffic_sent = true;
	return NULL;
}

/* Upper edge of the bucket in which the quantile falls, in us. */
static double quantile(const struct traffic_result *r, double q)
{
	uint64_t left = r->received * q, i;

	for (i = 0; i < TRAFFIC_BUCKETS - 1; i++) {
		if (r->delay[i] > left)
			break;
		left -= r->delay[i];
	}
	if (i < 32)
		return (i + 1) / 16.0;
	return (double)((16 + i % 16 + 1) * (1ull << (i / 16 - 1))) / 16;
}

static double per_second(uint64_t n, double seconds)
{
	return seconds > 0 ? n / seconds : 0;
}

static void report(const struct traffic_options *o, const struct traffic_result *r)
{
	const char *format =
		o->json ? "{\"sent\":%" PRIu64 ",\"sent_pps\":%.0f,\"send_full\":%" PRIu64
			  ",\"slipped\":%" PRIu64
			  ",\"received\":%" PRIu64 ",\"received_pps\":%.0f,\"missing\":%" PRIu64
			  ",\"duplicate\":%" PRIu64 ",\"reordered\":%" PRIu64
			  ",\"corrupt\":%" PRIu64 ",\"foreign\":%" PRIu64
			  ",\"receiver_dropped\":%" PRIu64
			  ",\"sender_cpu\":%.3f,\"receiver_cpu\":%.3f"
			  ",\"delay_us\":{\"min\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f}}\n"
			: "sent      %" PRIu64 " at %.0f/s, %" PRIu64 " calls met a full queue, %" PRIu64
			  " given up as late\n"
			  "received  %" PRIu64 " at %.0f/s\n"
			  "missing   %" PRIu64 ", duplicate %" PRIu64 ", reordered %" PRIu64
			  ", corrupt %" PRIu64 ", foreign %" PRIu64
			  ", dropped by the receiver %" PRIu64 "\n"
			  "CPU       sender %.3f s, receiver %.3f s\n"
			  "delay     min %.1f us, p50 %.1f, p99 %.1f, max %.1f\n";
	bool some = r->received > 0;

	printf(format, r->sent, per_second(r->sent, r->send_seconds), r->send_full, r->slipped,
		r->received, per_second(r->received, r->receive_seconds), r->missing, r->duplicate, r->reordered,
		r->corrupt, r->foreign, r->dropped, r->send_cpu, r->receive_cpu, some ? r->delay_min_ns / 1e3 : 0,
		some ? quantile(r, 0.5) : 0, some ? quantile(r, 0.99) : 0, r->delay_max_ns / 1e3);
}

int main(int argc, char **argv)
{
	struct traffic_options o = {.seconds = 2,
		.grace = 0.3,
		.size = 60,
		.flows = 1,
		.batch = 32,
		.dport = 9,
		.count = UINT64_MAX,
		.magic = TRAFFIC_MAGIC + 1,
		.tx = {.cpu = -1},
		.rx = {.cpu = -1}};
	struct traffic_result r = {0};
	struct task rx = {.o = &o, .r = &r}, tx = {.o = &o, .r = &r};
	struct timespec ms = {0, 1000000};
	pthread_t rx_thread, tx_thread;

	inet_pton(AF_INET, "198.18.0.1", &o.src);
	inet_pton(AF_INET, "198.18.0.2", &o.dst);
	memset(o.dst_mac, 0xff, 6);
	if (read_words(argc, argv, &o) < 0)
		return 1;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (o.rx.iface) {
		if (pthread_create(&rx_thread, NULL, receive_task, &rx) != 0)
			return 1;
		while (!__atomic_load_n(&rx.ready, __ATOMIC_ACQUIRE))
			nanosleep(&ms, NULL);
		if (rx.err == 0 && !o.tx.iface) {
			puts("ready");
			fflush(stdout);
		}
	}
	if (o.tx.iface && rx.err == 0) {
		if (pthread_create(&tx_thread, NULL, send_task, &tx) != 0)
			return 1;
		pthread_join(tx_thread, NULL);
	}
	traffic_sent = true;
	if (o.rx.iface)
		pthread_join(rx_thread, NULL);
	if (rx.err || tx.err)
		return 1;
	report(&o, &r);
	return o.rx.iface && (r.missing || r.duplicate || r.corrupt) ? 3 : 0;
}
