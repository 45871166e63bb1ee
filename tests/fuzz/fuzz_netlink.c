/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hostile program at the rings of its netlink socket: the input is a list of what it does,
 * each a byte for the deed and one for a length: frames of either kind, and bytes written anywhere
 * into the shared memory, counters included. The server must outlive it.
 */
#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skiff/netlink.h>

#include "netlink/nl_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct nl_policy policy[] = {
	[1] = {.type = NL_U32}, [2] = {.type = NL_STRING, .max = 8}, [3] = {.type = NL_NESTED},
};

static int request(struct nl_req *rq)
{
	const struct nlattr *tb[5], *in[5];
	int err = nl_req_parse(rq, 4, policy, NL_N(policy), tb, 4);
	char name[9];

	if (err < 0)
		return err;
	if (tb[3] != NULL && nl_nest_parse(rq, tb[3], policy, NL_N(policy), in, 4) < 0)
		return nl_err_attr(rq, tb[3], EINVAL, "bad nest");
	struct nl_msg *m = nl_notice(rq);

	nl_msg_begin(m, 16, 0, 4);
	if (tb[2] != NULL)
		nl_put_str(m, 2, nl_str(tb[2], name, sizeof(name)));
	if (tb[4] != NULL)
		nl_put(m, 4, nl_data(tb[4]), nl_len(tb[4]));
	nl_msg_end(m);
	nl_notice_send(rq, m, 1);
	return tb[1] != NULL ? -(int)(nl_u32(tb[1]) & 0xff) : 0;
}

static int next(struct nl_dump *d, struct nl_msg *m)
{
	for (; d->pos < 3000; d->pos++) {
		nl_msg_begin(m, 16, 0, 4);
		nl_put_u64(m, 1, d->pos);
		if (nl_msg_end(m) < 0)
			return NL_MORE;
	}
	return NL_DONE;
}

static bool is_get(uint16_t type)
{
	return type == 18;
}

static const struct nl_op ops[] = {
	{.type = 16, .name = "NEW", .request = request},
	{.type = 18, .name = "GET", .request = request, .dump = {.next = next}},
};
static const struct nl_family family = {.protocol = 0, .name = "fuzz", .ops = ops, .n_ops = 2,
	.max_group = 40, .is_get = is_get};

static void turn(struct event_base *base, struct nl_server *ns, int fd)
{
	char c[64];

	if (send(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
		event_base_loop(base, EVLOOP_NONBLOCK);
	nl_server_poll(ns);
	while (recv(fd, c, sizeof(c), MSG_DONTWAIT) > 0)
		;
}

static void deed(uint8_t what, uint8_t *mem, const struct skiff_netlink_opened *o,
	const uint8_t *bytes, uint32_t len)
{
	struct skiff_nl_page *page = (struct skiff_nl_page *)mem;
	struct skiff_ring tx = {.data = mem + o->tx_off, .size = o->tx_size,
		.head = &page->tx_head, .tail = &page->tx_tail};
	uint64_t pos = page->tx_head, at = 0;

	memcpy(&at, bytes, len < 4 ? len : 4);
	switch (what & 7) {
	case 0:
	case 1:
	case 2:
		skiff_ring_put(&tx, &pos, 1 + (what & 1), what >> 3 & 1, bytes, len);
		skiff_ring_publish(&tx, pos);
		break;
	case 3:
		page->rx_tail = page->rx_head;
		break;
	case 4:
		memcpy(mem + at % sizeof(*page), bytes,
			len < sizeof(*page) - at % sizeof(*page) ? len : 0);
		break;
	case 5:
		memcpy(tx.data + (pos + at % 64) % (tx.size - 256), bytes, len);
		break;
	case 6:
		page->tx_head += at;
		break;
	default:
		page->arm++;
		page->recv_max = at;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_base *base = event_base_new();
	struct nl_server *ns = nl_server_new(base);
	struct nl_peer peer = {.uid = 1000, .pid = 1, .role = SKIFF_ROLE_ADMIN, .ctx = ns};
	struct skiff_netlink_open open = {.protocol = 0, .type = SOCK_RAW};
	struct skiff_netlink_opened o;
	int fd[2], memfd;

	nl_server_register(ns, &family);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0 ||
		nl_server_open(ns, fd[0], &peer, &open, &o, &memfd) < 0)
		abort();
	uint8_t *mem = mmap(NULL, o.map_len, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);

	for (size_t i = 0; i + 2 <= size;) {
		uint8_t what = data[i], len = data[i + 1];

		i += 2;
		if (len > size - i)
			len = size - i;
		deed(what, mem, &o, data + i, len);
		i += len;
		if (what & 0x80)
			turn(base, ns, fd[1]);
	}
	turn(base, ns, fd[1]);
	close(fd[1]);
	munmap(mem, o.map_len);
	close(memfd);
	nl_server_free(ns);
	event_base_free(base);
	return 0;
}
