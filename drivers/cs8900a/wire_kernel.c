/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wire that ends in a kernel interface: a raw packet socket, non-blocking. What the model sends
 * with a right CRC goes out there without it; what arrives there comes to the model. Offloads of the
 * interface must be off (ethtool -K), for a chip of 1518 bytes: larger frames are counted as lost.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "model_wire.h"

#define POLL_NS 20000      /* a system call each; the shortest frame lasts 67 us */
#define LINK_POLL_NS 100000000
#define RING_BYTES 262144  /* of frames that wait: as a switch would hold them */

struct kernel_wire {
	struct cs8900a_wire wire;
	int fd;
	bool up;
	uint64_t now, asked_at; /* for the carrier, which is not asked at each frame */
	char ifname[IFNAMSIZ];
};

static struct kernel_wire *kernel_of(struct cs8900a_wire *wire)
{
	return (struct kernel_wire *)wire;
}

static bool running(const struct kernel_wire *k)
{
	struct ifreq ifr = { 0 };

	strcpy(ifr.ifr_name, k->ifname);
	return !ioctl(k->fd, SIOCGIFFLAGS, &ifr) && (ifr.ifr_flags & IFF_RUNNING);
}

/* The kernel leaves the checksum of its own packets to the device; the wire wants it right. */
static void finish_checksum(const struct virtio_net_hdr *vnet, uint8_t *data, uint32_t len)
{
	uint32_t start = vnet->csum_start, at = start + vnet->csum_offset, sum = 0;

	if (!(vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || at + 2 > len || at < start)
		return;
	for (uint32_t i = start; i < len; i += 2)
		sum += (uint32_t)data[i] << 8 | (i + 1 < len ? data[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	sum = ~sum & 0xFFFF;
	if (!sum)
		sum = 0xFFFF;
	data[at] = (uint8_t)(sum >> 8);
	data[at + 1] = (uint8_t)sum;
}

/* One frame of what is not ours. A message of an interface gone down is taken off, too. */
static int kernel_receive(struct cs8900a_wire *wire, uint64_t now, struct cs8900a_wire_frame *f)
{
	struct kernel_wire *k = kernel_of(wire);
	struct virtio_net_hdr vnet;
	struct iovec iov[2] = {
		{ .iov_base = &vnet, .iov_len = sizeof(vnet) },
		{ .iov_base = f->data, .iov_len = sizeof(f->data) - 4 },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	k->now = now;
	for (;;) {
		n = recvmsg(k->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0)
			return 0;
		n -= (ssize_t)sizeof(vnet);
		if (n < ETH_HLEN || vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE
			|| n > (ssize_t)sizeof(f->data) - 4) {
			wire->lost++;
			continue;
		}
		break;
	}
	f->at_ns = 0;
	f->len = (uint32_t)n;
	finish_checksum(&vnet, f->data, f->len);
	if (f->len < ETH_ZLEN) { /* as every station on the wire pads */
		memset(f->data + f->len, 0, ETH_ZLEN - f->len);
		f->len = ETH_ZLEN;
	}
	f->has_crc = f->bad_crc = f->dribble = false;
	return 1;
}

/* The station behind the wire drops what has a wrong CRC. */
static void kernel_send(struct cs8900a_wire *wire, const struct cs8900a_wire_frame *f)
{
	struct kernel_wire *k = kernel_of(wire);
	struct virtio_net_hdr vnet = { 0 };
	struct iovec iov[2] = {
		{ .iov_base = &vnet, .iov_len = sizeof(vnet) },
		{ .iov_base = (void *)f->data, .iov_len = f->len - 4 },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (!f->has_crc || f->bad_crc || f->len < ETH_ZLEN + 4
		|| sendmsg(k->fd, &msg, MSG_DONTWAIT) < 0)
		wire->lost++;
}

static bool kernel_link(struct cs8900a_wire *wire)
{
	struct kernel_wire *k = kernel_of(wire);

	if (k->now >= k->asked_at + LINK_POLL_NS || !k->asked_at) {
		k->asked_at = k->now ? k->now : 1;
		k->up = running(k);
	}
	return k->up;
}

static int kernel_wait_fd(struct cs8900a_wire *wire)
{
	return kernel_of(wire)->fd;
}

static void kernel_close(struct cs8900a_wire *wire)
{
	close(kernel_of(wire)->fd);
	free(wire);
}

static const struct cs8900a_wire_ops kernel_ops = {
	.receive = kernel_receive, .send = kernel_send, .link = kernel_link,
	.wait_fd = kernel_wait_fd, .close = kernel_close,
};

static int bind_to(int fd, unsigned ifindex)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)ifindex,
	};
	struct packet_mreq promisc = { .mr_ifindex = (int)ifindex, .mr_type = PACKET_MR_PROMISC };
	int one = 1, size = RING_BYTES;

	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one))
		|| setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one))
		|| setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size))
		|| bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc));
}

struct cs8900a_wire *cs8900a_wire_kernel(const char *ifname, char *err, size_t errlen)
{
	unsigned ifindex = if_nametoindex(ifname);
	struct kernel_wire *k;

	if (!ifindex || strlen(ifname) >= IFNAMSIZ) {
		snprintf(err, errlen, "there is no interface \"%s\" for the wire", ifname);
		return NULL;
	}
	k = calloc(1, sizeof(*k));
	if (!k) {
		snprintf(err, errlen, "no memory for a wire");
		return NULL;
	}
	k->wire.ops = &kernel_ops;
	k->wire.poll_ns = POLL_NS;
	strcpy(k->ifname, ifname);
	k->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (k->fd < 0 || bind_to(k->fd, ifindex)) {
		snprintf(err, errlen, "no raw socket on %s for the wire: %s%s", ifname, strerror(errno),
			errno == EPERM ? " (it needs CAP_NET_RAW)" : "");
		if (k->fd >= 0)
			close(k->fd);
		free(k);
		return NULL;
	}
	return &k->wire;
}
