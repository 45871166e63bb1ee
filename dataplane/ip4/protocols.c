/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol table's writer, called by the control thread at start (ICMP, UDP, TCP) and by
 * protocols that come and go. Readers are ip4_deliver and icmp_input.
 */

#include "ip4/protocols.h"

#include <errno.h>
#include <stdlib.h>

#include "wire/ip4.h"

static const struct inet_proto built_in[] = {
	{ .protocol = IP4_PROTO_ICMP, .no_policy = 1, .stage = STAGE_icmp_input, .name = "icmp" },
	{ .protocol = IP4_PROTO_TCP, .no_policy = 1, .stage = STAGE_tcp_input, .name = "tcp" },
	{ .protocol = IP4_PROTO_UDP, .no_policy = 1, .stage = STAGE_udp_input, .name = "udp" },
};

int inet_protos_init(struct dp *dp)
{
	dp->protos = calloc(1, sizeof(*dp->protos));
	if (!dp->protos)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		inet_add_protocol(dp, &built_in[i]);
	return 0;
}

void inet_protos_fini(struct dp *dp)
{
	free(dp->protos);
	dp->protos = NULL;
}

int inet_add_protocol(struct dp *dp, const struct inet_proto *p)
{
	const struct inet_proto *none = NULL;

	return atomic_compare_exchange_strong(&dp->protos->proto[p->protocol], &none, p) ? 0 : -EEXIST;
}

int inet_del_protocol(struct dp *dp, const struct inet_proto *p)
{
	const struct inet_proto *mine = p;

	if (!atomic_compare_exchange_strong(&dp->protos->proto[p->protocol], &mine, NULL))
		return -ENOENT;
	dp_synchronize(dp);
	return 0;
}
