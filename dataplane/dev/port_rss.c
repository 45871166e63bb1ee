/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive side scaling by the port itself: the symmetric key of wire/rss.h, and the table by which
 * the low bits of the hash choose a queue, so that hardware and spread.h agree on whose a flow is.
 * Called by port.c at open.
 */
#include <string.h>

#include <rte_ethdev.h>

#include "dev/port.h"
#include "wire/rss.h"

#define KEY_MAX 64
#define WANTED (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

/* The port takes our key, and hashes fragments without ports. */
bool port_rss_places(const struct rte_eth_dev_info *info)
{
	return info->hash_key_size && info->hash_key_size <= KEY_MAX && info->reta_size &&
		info->flow_type_rss_offloads & RTE_ETH_RSS_IPV4 &&
		(info->flow_type_rss_offloads & RTE_ETH_RSS_FRAG_IPV4 ||
		!(info->flow_type_rss_offloads & (RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)));
}

void port_rss_conf(const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	static uint8_t key[KEY_MAX];
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;

	rss->rss_hf = info->flow_type_rss_offloads & WANTED;
	conf->rxmode.mq_mode = rss->rss_hf ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE;
	if (!rss->rss_hf || !port_rss_places(info))
		return;
	for (unsigned int i = 0; i < KEY_MAX; i += 2) {
		key[i] = RSS_KEY_WORD >> 8;
		key[i + 1] = RSS_KEY_WORD & 255;
	}
	rss->rss_key = key;
	rss->rss_key_len = info->hash_key_size;
}

void port_rss_table(uint16_t port, uint16_t size, uint16_t queues)
{
	struct rte_eth_rss_reta_entry64 reta[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];

	if (!size || size > RTE_ETH_RSS_RETA_SIZE_512)
		return;
	memset(reta, 0, sizeof(reta));
	for (unsigned int i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *g = &reta[i / RTE_ETH_RETA_GROUP_SIZE];

		g->mask |= UINT64_C(1) << (i % RTE_ETH_RETA_GROUP_SIZE);
		g->reta[i % RTE_ETH_RETA_GROUP_SIZE] = (uint16_t)(i % RSS_RETA % queues);
	}
	/* a port without a table of its own keeps to the same rule or spreads as it likes */
	(void)rte_eth_dev_rss_reta_update(port, reta, size);
}
