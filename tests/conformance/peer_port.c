/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that are ports themselves, in this process, opened before the port under test or after it,
 * as their protocol wants: the end that makes a socket comes first. Nothing reads such a peer
 * unless the test does, so not reading is how it stalls.
 */
#include <string.h>

#include <rte_ethdev.h>

#include "conformance.h"

static void open_peer(struct put *t)
{
	struct port_why why;

	if (rig_port(t->peer_words, &t->peer, t->peer_pool, &why))
		fail_msg("%s: %s", t->peer_words, why.text);
	t->peer_open = true;
}

static void close_peer(struct put *t)
{
	if (!t->peer_open)
		return;
	t->peer_open = false;
	rig_port_close(&t->peer);
}

static bool port_send(struct put *t, const uint8_t *frame, unsigned len)
{
	struct rte_mbuf *head = NULL;
	unsigned at = 0;

	if (!t->peer_open || !rig_turn())
		return false;
	do {
		struct rte_mbuf *m = rte_pktmbuf_alloc(t->peer_pool);
		unsigned n = RTE_MIN(len - at, 2048u);

		if (m == NULL) {
			rte_pktmbuf_free(head);
			return false;
		}
		memcpy(rte_pktmbuf_append(m, n), frame + at, n);
		if (head)
			rte_pktmbuf_chain(head, m);
		else
			head = m;
		at += n;
	} while (at < len);
	if (rte_eth_tx_burst(t->peer.port_id, 0, &head, 1) == 1)
		return true;
	rte_pktmbuf_free(head);
	return false;
}

static void port_read(struct put *t)
{
	struct rte_mbuf *m[32];
	uint16_t n = t->peer_open && rig_turn() ? rte_eth_rx_burst(t->peer.port_id, 0, m, 32) : 0;

	for (uint16_t i = 0; i < n; i++) {
		inbox_put(&t->from_port, m[i], 0);
		rte_pktmbuf_free(m[i]);
	}
}

static void port_grow(struct put *t, unsigned mtu, bool both)
{
	(void)both;
	rte_eth_dev_set_mtu(t->peer.port_id, mtu); /* where it has one to set */
}

static void port_link(struct put *t, bool up)
{
	if (up)
		open_peer(t);
	else
		close_peer(t);
}

const struct peer_ops peer_memif_client = {
	.after = open_peer,
	.leave = close_peer,
	.send = port_send,
	.read = port_read,
	.link = port_link,
	.remove = close_peer,
	.grow = port_grow,
};

const struct peer_ops peer_first = {
	.before = open_peer,
	.gone = close_peer,
	.send = port_send,
	.read = port_read,
	.link = port_link,
	.remove = close_peer,
	.grow = port_grow,
};

const struct peer_ops peer_second = {
	.after = open_peer,
	.leave = close_peer,
	.send = port_send,
	.read = port_read,
	.link = port_link,
	.remove = close_peer,
	.grow = port_grow,
};
