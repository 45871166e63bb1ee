/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets and rings. Called by the control side of the port (afp_queue.c); hands afp_rx.c a mapped
 * TPACKET_V2 ring and afp_tx.c a socket to send on. See packet(7), packet_mmap.rst.
 *
 * A socket is opened with protocol 0, so that it sees nothing, gets its ring, and is bound with a
 * filter that drops everything until the port is started. Frames larger than a slot (a veth peer's
 * 64 KB GSO frames) wait whole in the socket's queue: PACKET_COPY_THRESH.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <sys/mman.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "afp.h"

#define COPY_QUEUE_BYTES (32 << 20)
#define SEND_QUEUE_BYTES (4 << 20)

int afp_socket_open(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		return fd;
	int err = errno;
	if (err == EPERM || err == EACCES)
		AFP_LOG(ERR, "no permission for packet sockets; run as root or grant the program "
			     "CAP_NET_RAW and CAP_NET_ADMIN (setcap cap_net_raw,cap_net_admin+ep)");
	else
		AFP_LOG(ERR, "cannot open a packet socket: %s", strerror(err));
	return -err;
}

static int set_int(int fd, int level, int option, int value, const char *name)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) == 0)
		return 0;
	int err = errno;
	AFP_LOG(ERR, "the kernel refuses %s: %s", name, strerror(err));
	return -err;
}

/* More than the system's limit needs CAP_NET_ADMIN; without it, take what the limit allows. */
static void set_buffer(int fd, int force, int plain, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes));
}

int afp_rxq_flow(struct afp_rxq *q, bool on)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = {.len = 1, .filter = &drop};
	int unused = 0, err;

	if (on && q->bpf) {
		err = afp_bpf_attach(q->bpf, q->fd);
		if (err == 0)
			return 0;
		AFP_LOG(INFO, "the BPF filter is not taken (%s): all frames come by the socket's ring",
			strerror(-err));
		afp_bpf_close(q->bpf);
		q->bpf = NULL;
	}
	if (on)
		err = setsockopt(q->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	else
		err = setsockopt(q->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
	/* ENOENT: there was no filter to detach. */
	return err < 0 && errno != ENOENT ? -errno : 0;
}

static int map_ring(struct afp_rxq *q, uint32_t nb_slots, uint32_t slot_size)
{
	/*
	 * An odd number of cache lines per slot spreads the slot heads over all sets of the caches;
	 * 64 such slots are a whole number of pages, so that slots lie in one even row.
	 */
	uint32_t lines = ((slot_size + 63) / 64) | 1;
	uint32_t blocks = (nb_slots + AFP_SLOTS_PER_BLOCK - 1) / AFP_SLOTS_PER_BLOCK;
	struct tpacket_req req = {
		.tp_frame_size = lines * 64,
		.tp_block_size = lines * 64 * AFP_SLOTS_PER_BLOCK,
		.tp_block_nr = blocks,
		.tp_frame_nr = blocks * AFP_SLOTS_PER_BLOCK,
	};

	if (setsockopt(q->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0) {
		int err = errno;
		AFP_LOG(ERR,
			"no receive ring of %u slots of %u bytes: %s; ask for fewer descriptors",
			req.tp_frame_nr, req.tp_frame_size, strerror(err));
		return -err;
	}
	q->ring_len = (size_t)req.tp_block_size * req.tp_block_nr;
	q->ring = mmap(
		NULL, q->ring_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, q->fd, 0);
	if (q->ring == MAP_FAILED) {
		int err = errno;
		q->ring = NULL;
		AFP_LOG(ERR, "cannot map the receive ring: %s", strerror(err));
		return -err;
	}
	q->nb_slots = req.tp_frame_nr;
	q->slot_size = req.tp_frame_size;
	q->slot = 0;
	return 0;
}

int afp_rxq_open(struct afp_dev *d, struct afp_rxq *q, uint32_t nb_slots, uint32_t slot_size)
{
	int err;

	q->ring = NULL;
	q->fd = afp_socket_open();
	if (q->fd < 0)
		return q->fd;
	set_buffer(q->fd, SO_RCVBUFFORCE, SO_RCVBUF, COPY_QUEUE_BYTES);
	/* The order matters: the version and the header before the ring. */
	if ((err = afp_rxq_flow(q, false)) < 0 ||
		(err = set_int(q->fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2, "TPACKET_V2")) < 0 ||
		(err = set_int(q->fd, SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR")) < 0 ||
		(err = set_int(q->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1,
			 "PACKET_IGNORE_OUTGOING")) < 0 ||
		(err = set_int(q->fd, SOL_PACKET, PACKET_AUXDATA, 1, "PACKET_AUXDATA")) < 0 ||
		(err = set_int(q->fd, SOL_PACKET, PACKET_COPY_THRESH, 1, "PACKET_COPY_THRESH")) <
			0 ||
		(err = map_ring(q, nb_slots, slot_size)) < 0 ||
		(err = afp_rxq_bind(q, d->ifindex)) < 0) {
		afp_rxq_close(q);
		return err;
	}
	if (d->bpf_rx)
		q->bpf = afp_bpf_open(q->slot_size - AFP_SLOT_OVERHEAD);
	return 0;
}

int afp_rxq_bind(struct afp_rxq *q, int ifindex)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};

	if (bind(q->fd, (struct sockaddr *)&ll, sizeof(ll)) == 0)
		return 0;
	int err = errno;
	AFP_LOG(ERR, "cannot bind to interface %d: %s", ifindex, strerror(err));
	return -err;
}

/* Also the end of a queue that was never opened whole. */
void afp_rxq_close(struct afp_rxq *q)
{
	if (q->ring)
		munmap(q->ring, q->ring_len);
	q->ring = NULL;
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
	afp_bpf_close(q->bpf);
	q->bpf = NULL;
	rte_pktmbuf_free_bulk(q->spare, q->nb_spare);
	q->nb_spare = 0;
}

/* Throws away what came before the port was stopped. No frame arrives meanwhile: see afp_rxq_flow.
 */
void afp_rxq_discard(struct afp_rxq *q)
{
	for (uint32_t i = 0; i < q->nb_slots; i++) {
		struct tpacket2_hdr *h = (void *)(q->ring + (size_t)q->slot * q->slot_size);

		if (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		if (h->tp_status & TP_STATUS_COPY)
			recv(q->fd, NULL, 0, MSG_DONTWAIT | MSG_TRUNC);
		__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		q->slot = q->slot + 1 == q->nb_slots ? 0 : q->slot + 1;
	}
	afp_clear_error(q->fd);
}

void afp_send_buffer(int fd)
{
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_QUEUE_BYTES);
}

int afp_txq_open(struct afp_dev *d, struct afp_txq *q, uint16_t id)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_ifindex = d->ifindex};
	int err;

	q->fd = afp_socket_open();
	if (q->fd < 0)
		return q->fd;
	afp_send_buffer(q->fd);
	err = set_int(q->fd, SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
	if (err == 0 && d->qdisc_bypass)
		err = set_int(q->fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
	/* Protocol 0: this socket only sends. */
	if (err == 0 && bind(q->fd, (struct sockaddr *)&ll, sizeof(ll)) < 0) {
		err = -errno;
		AFP_LOG(ERR, "cannot bind to %s: %s", d->ifname, strerror(-err));
	}
	if (err < 0) {
		afp_txq_close(q);
		return err;
	}
	/* It passes by the queue discipline, too. */
	if (d->qdisc_bypass && d->xdp_tx)
		q->xdp = afp_xdp_open(d->ifindex, id);
	return 0;
}

void afp_txq_close(struct afp_txq *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
	afp_xdp_close(q->xdp);
	q->xdp = NULL;
}

/* A socket whose interface went down reports it once, and until then is ready for epoll. */
int afp_clear_error(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -errno;
	return -err;
}
