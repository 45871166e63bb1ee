/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP packets, RFC 826: the checks that need nothing but the bytes. Used by l2/arp_input on the way
 * in and by the control thread, which answers and asks.
 */
#include "wire/arp.h"

#include <arpa/inet.h>

#define ARP_HRD_ETHER 1

const struct arp_hdr *arp_parse(const void *data, uint32_t len)
{
	const struct arp_hdr *arp = data;

	if (len < sizeof(*arp))
		return NULL;
	if (arp->hrd != htons(ARP_HRD_ETHER) || arp->pro != htons(ETH_TYPE_IP4))
		return NULL;
	if (arp->hln != ETH_ADDR_LEN || arp->pln != 4)
		return NULL;
	if (arp->op != htons(ARP_REQUEST) && arp->op != htons(ARP_REPLY))
		return NULL;
	return arp;
}

void arp_build(struct arp_hdr *arp, enum arp_op op, const uint8_t *sha, uint32_t spa,
	const uint8_t *tha, uint32_t tpa)
{
	static const uint8_t zero[ETH_ADDR_LEN];

	arp->hrd = htons(ARP_HRD_ETHER);
	arp->pro = htons(ETH_TYPE_IP4);
	arp->hln = ETH_ADDR_LEN;
	arp->pln = 4;
	arp->op = htons(op);
	memcpy(arp->sha, sha, ETH_ADDR_LEN);
	arp->spa = spa;
	memcpy(arp->tha, tha ? tha : zero, ETH_ADDR_LEN);
	arp->tpa = tpa;
}
