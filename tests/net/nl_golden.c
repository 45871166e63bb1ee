/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program sees of a netlink socket, call by call: result, errno, flags, lengths, never
 * what the tables hold. The same program runs once on the kernel and once under skiff-run;
 * test_netlink.py compares the two transcripts. A line is one observation.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, long r)
{
	if (r < 0)
		printf("%s: %ld %s\n", what, r, strerrorname_np(errno));
	else
		printf("%s: %ld\n", what, r);
}

static int opt(int fd, int level, int name)
{
	int v = -1;
	socklen_t len = sizeof(v);

	return getsockopt(fd, level, name, &v, &len) < 0 ? -errno : v;
}

static int set(int fd, int level, int name, int v)
{
	return setsockopt(fd, level, name, &v, sizeof(v));
}

struct request {
	struct nlmsghdr h;
	union {
		struct ifinfomsg i;
		struct rtmsg r;
	};
	char attrs[64];
};

static struct request getlink(int flags, int index)
{
	return (struct request){.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		.nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = 77},
		.i = {.ifi_index = index}};
}

/* One datagram, told without its contents. */
static long receive(const char *what, int fd, int flags, struct nlmsghdr **first)
{
	static char buf[65536] __attribute__((aligned(8)));
	struct sockaddr_nl from = {.nl_pid = 99};
	struct iovec v = {buf, sizeof(buf)};
	struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &v,
		.msg_iovlen = 1};
	long n = recvmsg(fd, &m, flags);
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	if (first != NULL)
		*first = h;
	if (n < 0) {
		say(what, n);
		return n;
	}
	printf("%s: type %d flags %x seq %u from family %d pid %u groups %u namelen %u%s", what,
		h->nlmsg_type, h->nlmsg_flags, h->nlmsg_seq, from.nl_family, from.nl_pid,
		from.nl_groups, m.msg_namelen, m.msg_flags & MSG_TRUNC ? " TRUNC" : "");
	if (h->nlmsg_type == NLMSG_ERROR) {
		struct nlmsgerr *e = NLMSG_DATA(h);

		printf(" error %s quoted %d", e->error ? strerrorname_np(-e->error) : "0",
			e->msg.nlmsg_type);
		if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
			printf(" len %u", h->nlmsg_len);
	}
	puts("");
	return n;
}

static int to_end(int fd)
{
	static char buf[65536] __attribute__((aligned(8)));

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n < 0)
			return -1;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buf; NLMSG_OK(h, (size_t)n);
			h = NLMSG_NEXT(h, n))
			if (h->nlmsg_type == NLMSG_DONE)
				return h->nlmsg_flags;
	}
}

static void names(void)
{
	int a = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int b = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK, NETLINK_ROUTE);
	struct sockaddr_nl n = {.nl_family = AF_NETLINK}, got;
	socklen_t len = sizeof(got);

	say("stream socket", socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
	say("cloexec", fcntl(a, F_GETFD));
	say("cloexec b", fcntl(b, F_GETFD));
	say("nonblock", (fcntl(a, F_GETFL) & O_NONBLOCK) != 0);
	say("nonblock b", (fcntl(b, F_GETFL) & O_NONBLOCK) != 0);
	say("domain", opt(a, SOL_SOCKET, SO_DOMAIN));
	say("type", opt(a, SOL_SOCKET, SO_TYPE));
	say("type b", opt(b, SOL_SOCKET, SO_TYPE));
	say("protocol", opt(a, SOL_SOCKET, SO_PROTOCOL));
	say("error", opt(a, SOL_SOCKET, SO_ERROR));
	say("acceptconn", opt(a, SOL_SOCKET, SO_ACCEPTCONN));
	getsockname(a, (struct sockaddr *)&got, &len);
	printf("unbound: family %d pid %u len %u\n", got.nl_family, got.nl_pid, len);
	say("bind short", bind(a, (struct sockaddr *)&n, 4));
	say("bind", bind(a, (struct sockaddr *)&n, sizeof(n)));
	getsockname(a, (struct sockaddr *)&got, &len);
	printf("bound: own pid %d\n", got.nl_pid == (unsigned int)getpid());
	n.nl_pid = 4711;
	say("bind again", bind(a, (struct sockaddr *)&n, sizeof(n)));
	n.nl_pid = 0;
	n.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE;
	say("bind b", bind(b, (struct sockaddr *)&n, sizeof(n)));
	getsockname(b, (struct sockaddr *)&got, &len);
	printf("bound b: other pid %d groups %x\n", got.nl_pid != (unsigned int)getpid() &&
		got.nl_pid != 0, got.nl_groups);
	getpeername(b, (struct sockaddr *)&got, &len);
	printf("peer: family %d pid %u len %u\n", got.nl_family, got.nl_pid, len);
	n = (struct sockaddr_nl){.nl_family = AF_INET};
	say("connect inet", connect(b, (struct sockaddr *)&n, sizeof(n)));
	n.nl_family = AF_NETLINK;
	say("connect", connect(b, (struct sockaddr *)&n, sizeof(n)));
	say("listen", listen(a, 1));
	say("shutdown", shutdown(a, SHUT_RD));
	close(a);
	close(b);
	say("closed", send(a, "", 1, 0));
}

static void options(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	static const int flags[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK,
		NETLINK_NO_ENOBUFS, NETLINK_BROADCAST_ERROR, NETLINK_PKTINFO};
	uint32_t mask[8] = {0};
	socklen_t len = sizeof(mask);

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		printf("flag %d: %d", flags[i], opt(fd, SOL_NETLINK, flags[i]));
		printf(" %d", set(fd, SOL_NETLINK, flags[i], 5));
		printf(" %d\n", opt(fd, SOL_NETLINK, flags[i]));
	}
	say("unknown get", opt(fd, SOL_NETLINK, 99));
	say("unknown set", set(fd, SOL_NETLINK, 99, 1));
	say("other level", set(fd, 6, 1, 1));
	say("short", setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, "", 1));
	say("add group 0", set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 0));
	say("add group 9999", set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 9999));
	say("add link", set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK));
	say("add nexthop", set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, RTNLGRP_NEXTHOP));
	getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, mask, &len);
	printf("members %x %x\n", mask[0], mask[1]);
	say("drop link", set(fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, RTNLGRP_LINK));
	getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, mask, &len);
	printf("members %x %x\n", mask[0], mask[1]);
	say("rcvbuf", set(fd, SOL_SOCKET, SO_RCVBUF, 32768));
	say("rcvbuf is", opt(fd, SOL_SOCKET, SO_RCVBUF));
	say("rcvbuf tiny", set(fd, SOL_SOCKET, SO_RCVBUF, 1));
	say("rcvbuf is", opt(fd, SOL_SOCKET, SO_RCVBUF));
	say("rcvbuf force", set(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20));
	say("rcvbuf is", opt(fd, SOL_SOCKET, SO_RCVBUF));
	say("sndbuf", set(fd, SOL_SOCKET, SO_SNDBUF, 32768));
	say("sndbuf is", opt(fd, SOL_SOCKET, SO_SNDBUF));
	say("sndbuf tiny", set(fd, SOL_SOCKET, SO_SNDBUF, 1));
	say("sndbuf is", opt(fd, SOL_SOCKET, SO_SNDBUF));
	close(fd);
}

static void sending(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pid = 12345678};
	struct request q = getlink(NLM_F_ACK, 1);
	static char big[300000];

	say("empty", send(fd, "", 0, 0));
	say("to another", sendto(fd, &q, q.h.nlmsg_len, 0, (struct sockaddr *)&to, sizeof(to)));
	to.nl_family = AF_INET;
	say("to inet", sendto(fd, &q, q.h.nlmsg_len, 0, (struct sockaddr *)&to, sizeof(to)));
	to = (struct sockaddr_nl){.nl_family = AF_NETLINK};
	say("short address", sendto(fd, &q, q.h.nlmsg_len, 0, (struct sockaddr *)&to, 3));
	set(fd, SOL_SOCKET, SO_SNDBUF, 32768);
	say("too big", send(fd, big, sizeof(big), 0));
	say("oob", send(fd, &q, q.h.nlmsg_len, MSG_OOB));
	say("get", write(fd, &q, q.h.nlmsg_len));
	receive("answer", fd, 0, NULL);
	receive("its ack", fd, 0, NULL);
	receive("nothing", fd, MSG_DONTWAIT, NULL);
	q.h.nlmsg_flags = 0;
	say("no request", send(fd, &q, q.h.nlmsg_len, 0));
	receive("nothing", fd, MSG_DONTWAIT, NULL);
	q.h.nlmsg_flags = NLM_F_ACK;
	say("no request, ack", send(fd, &q, q.h.nlmsg_len, 0));
	receive("ack", fd, MSG_DONTWAIT, NULL);
	q.h.nlmsg_flags = NLM_F_REQUEST;
	q.h.nlmsg_type = NLMSG_NOOP;
	say("noop", send(fd, &q, q.h.nlmsg_len, 0));
	receive("nothing", fd, MSG_DONTWAIT, NULL);
	q.h.nlmsg_type = 9999;
	say("unknown type", send(fd, &q, q.h.nlmsg_len, 0));
	receive("its ack", fd, MSG_DONTWAIT, NULL);
	say("truncated", send(fd, &q, 8, 0));
	receive("nothing", fd, MSG_DONTWAIT, NULL);
	say("cut short", send(fd, &q, q.h.nlmsg_len - 4, 0));
	receive("nothing", fd, MSG_DONTWAIT, NULL);
	q.h.nlmsg_len = 3;
	say("lying", send(fd, &q, 32, 0));
	receive("nothing", fd, MSG_DONTWAIT, NULL);
	close(fd);
}

static void errors(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct request q = getlink(0, 999);

	for (int mode = 0; mode < 4; mode++) {
		set(fd, SOL_NETLINK, NETLINK_CAP_ACK, mode & 1);
		set(fd, SOL_NETLINK, NETLINK_EXT_ACK, mode >> 1);
		printf("cap %d ext %d\n", mode & 1, mode >> 1);
		send(fd, &q, q.h.nlmsg_len, 0);
		receive("no such link", fd, 0, NULL);
	}
	struct {
		struct request a, b;
	} two = {.a = getlink(NLM_F_ACK, 999), .b = getlink(NLM_F_ACK, 1)};

	/* Messages one behind another in one datagram: each its own answer. */
	two.a.h.nlmsg_len = sizeof(two.a);
	two.b.h.nlmsg_seq = 78;
	say("two", send(fd, &two, sizeof(two.a) + two.b.h.nlmsg_len, 0));
	receive("first", fd, 0, NULL);
	receive("second", fd, 0, NULL);
	receive("second's ack", fd, 0, NULL);
	close(fd);
}

static void dumps(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct request q = getlink(NLM_F_DUMP, 0);
	struct msghdr m = {0};
	struct iovec v = {NULL, 0};
	char little[20];

	m.msg_iov = &v;
	m.msg_iovlen = 1;
	say("dump", send(fd, &q, q.h.nlmsg_len, 0));
	long size = recvmsg(fd, &m, MSG_PEEK | MSG_TRUNC);

	printf("sized without a buffer: %d\n", size > 32);
	printf("again: %d\n", recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC) == size);
	printf("peek: %d\n", (int)recv(fd, little, sizeof(little), MSG_PEEK));
	long n = receive("first", fd, 0, NULL);

	printf("as announced: %d\n", n == size);
	to_end(fd);
	receive("nothing", fd, MSG_DONTWAIT, NULL);
	send(fd, &q, q.h.nlmsg_len, 0);
	v = (struct iovec){little, sizeof(little)};
	n = recvmsg(fd, &m, MSG_TRUNC);
	printf("cut: %d %x\n", n > 20, m.msg_flags);
	to_end(fd);
	/* Two dumps at once on one socket are refused; a dump and a request are not. */
	send(fd, &q, q.h.nlmsg_len, 0);
	receive("dump", fd, 0, NULL);
	printf("done flags %x\n", to_end(fd));
	q = getlink(NLM_F_DUMP | NLM_F_ACK, 0);
	send(fd, &q, q.h.nlmsg_len, 0);
	printf("done flags with ack asked %x\n", to_end(fd));
	receive("no ack of a dump", fd, MSG_DONTWAIT, NULL);
	close(fd);
}

static void ready(const char *what, int fd, int ep)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	struct epoll_event ev = {0};
	struct timeval zero = {0};
	fd_set r;

	FD_ZERO(&r);
	FD_SET(fd, &r);
	int polled = poll(&p, 1, 0), selected = select(fd + 1, &r, NULL, NULL, &zero);
	int waited = epoll_wait(ep, &ev, 1, 0);

	printf("%s: poll %d %x select %d epoll %d %x\n", what, polled, p.revents, selected, waited,
		ev.events);
}

static void *delayed(void *arg)
{
	struct request q = getlink(0, 1);
	int fd = *(int *)arg;

	usleep(50000);
	send(fd, &q, q.h.nlmsg_len, 0);
	return NULL;
}

static void waiting(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), ep = epoll_create1(0), two;
	struct epoll_event ev = {.events = EPOLLIN};
	struct request q = getlink(0, 1);
	struct timeval t = {.tv_usec = 30000};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	pthread_t thread;

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	ready("idle", fd, ep);
	send(fd, &q, q.h.nlmsg_len, 0);
	send(fd, &q, q.h.nlmsg_len, 0);
	ready("two", fd, ep);
	receive("one", fd, 0, NULL);
	ready("one left", fd, ep);
	receive("other", fd, 0, NULL);
	ready("none left", fd, ep);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	receive("timeout", fd, 0, NULL);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	receive("nonblock", fd, 0, NULL);
	fcntl(fd, F_SETFL, 0);
	say("poll timeout", poll(&p, 1, 20));
	pthread_create(&thread, NULL, delayed, &fd);
	say("poll wakes", poll(&p, 1, 5000));
	pthread_join(thread, NULL);
	receive("woken", fd, 0, NULL);
	t = (struct timeval){.tv_sec = 5};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	pthread_create(&thread, NULL, delayed, &fd);
	receive("recv wakes", fd, 0, NULL);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, delayed, &fd);
	say("epoll wakes", epoll_wait(ep, &ev, 1, 5000));
	pthread_join(thread, NULL);
	receive("woken", fd, MSG_DONTWAIT, NULL);
	ready("none left", fd, ep);
	two = dup(fd);
	close(fd);
	send(two, &q, q.h.nlmsg_len, 0);
	receive("dup", two, 0, NULL);
	say("fcntl dup", fcntl(two, F_DUPFD_CLOEXEC, 100) >= 100);
	send(100, &q, q.h.nlmsg_len, 0);
	receive("dup 100", two, 0, NULL);
	fflush(stdout);
	if (fork() == 0) {
		send(two, &q, q.h.nlmsg_len, 0);
		receive("child", 100, 0, NULL);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	send(two, &q, q.h.nlmsg_len, 0);
	receive("parent", two, 0, NULL);
	close(two);
	close(100);
	close(ep);
}

static void filters(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	/* Only messages with sequence number 77 (host order, seen as bytes). */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 77u << 24, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {4, code}, bad = {3, code + 1};
	struct request q = getlink(0, 1);
	int none = 0;

	code[3].code = 0xffff;
	say("attach bad", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &bad, sizeof(bad)));
	code[3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	say("attach short", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, 4));
	say("attach", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	q.h.nlmsg_seq = 78;
	send(fd, &q, q.h.nlmsg_len, 0);
	receive("filtered", fd, MSG_DONTWAIT, NULL);
	q.h.nlmsg_seq = 77;
	send(fd, &q, q.h.nlmsg_len, 0);
	receive("passed", fd, MSG_DONTWAIT, NULL);
	say("detach", setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)));
	say("detach again", setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)));
	q.h.nlmsg_seq = 78;
	send(fd, &q, q.h.nlmsg_len, 0);
	receive("unfiltered", fd, MSG_DONTWAIT, NULL);
	close(fd);
}

int main(void)
{
	names();
	options();
	sending();
	errors();
	dumps();
	waiting();
	filters();
	return 0;
}
