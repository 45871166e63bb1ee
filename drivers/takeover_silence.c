/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Silencing the kernel on an interface: an nftables netdev table that belongs to our netlink socket
 * (NFT_TABLE_F_OWNER: nobody else may change it, and it goes when the socket does), or, where
 * nf_tables is missing, a traffic control filter. Both stand behind the packet sockets in the
 * kernel's receive path. Called by takeover.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/syscall.h>

#include "takeover_priv.h"

#ifndef NFT_TABLE_F_OWNER
#define NFT_TABLE_F_OWNER 2
#endif
#define EGRESS_HOOK 1 /* NF_NETDEV_EGRESS, since Linux 5.16 */
#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, since Linux 6.6 */
#define TCX_DROP 2

struct batch {
	uint8_t data[2048] __attribute__((aligned(MNL_ALIGNTO)));
	size_t len;
	unsigned seq;
};

static struct nlmsghdr *put(struct batch *b, uint16_t type, uint16_t flags, uint16_t res_id)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(b->data + b->len);
	struct nfgenmsg *g;

	n->nlmsg_type = type;
	n->nlmsg_flags = NLM_F_REQUEST | flags;
	n->nlmsg_seq = b->seq++;
	g = mnl_nlmsg_put_extra_header(n, sizeof(*g));
	g->nfgen_family = res_id ? AF_UNSPEC : NFPROTO_NETDEV;
	g->version = NFNETLINK_V0;
	g->res_id = htons(res_id);
	return n;
}

static void done(struct batch *b, const struct nlmsghdr *n)
{
	b->len += MNL_ALIGN(n->nlmsg_len);
}

static void put_chain(
	struct batch *b, const char *table, const char *iface, const char *name, uint32_t hook)
{
	struct nlmsghdr *n = put(b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN,
		NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, 0);
	struct nlattr *nest;

	mnl_attr_put_strz(n, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(n, NFTA_CHAIN_NAME, name);
	nest = mnl_attr_nest_start(n, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(n, NFTA_HOOK_HOOKNUM, htonl(hook));
	/* Before all others; what skiff took, nobody filters. */
	mnl_attr_put_u32(n, NFTA_HOOK_PRIORITY, htonl((uint32_t)-10000));
	mnl_attr_put_strz(n, NFTA_HOOK_DEV, iface);
	mnl_attr_nest_end(n, nest);
	mnl_attr_put_strz(n, NFTA_CHAIN_TYPE, "filter");
	mnl_attr_put_u32(n, NFTA_CHAIN_POLICY, htonl(NF_DROP));
	done(b, n);
}

/* The answers to a batch: one per message that wanted one; the first error is the batch's. */
static int read_acks(struct mnl_socket *nl, unsigned wanted)
{
	uint8_t buf[8192];
	int err = 0;

	while (wanted > 0) {
		ssize_t len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		int left = len;

		if (len < 0)
			return -errno;
		for (struct nlmsghdr *n = (void *)buf; mnl_nlmsg_ok(n, left) && wanted > 0;
			n = mnl_nlmsg_next(n, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(n);
			if (n->nlmsg_type != NLMSG_ERROR)
				continue;
			wanted--;
			if (err == 0)
				err = e->error;
			/* The kernel may refuse the batch as a whole with one answer. */
			if (e->error && e->msg.nlmsg_type == NFNL_MSG_BATCH_BEGIN)
				return e->error;
		}
	}
	return err;
}

static int make_table(struct mnl_socket *nl, const char *iface, bool egress)
{
	static unsigned seq;
	struct batch b = {.seq = seq += 16};
	char table[32];
	struct nlmsghdr *n;

	snprintf(table, sizeof(table), "skiff-%s", iface);
	done(&b, put(&b, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES));
	n = put(&b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
		NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, 0);
	mnl_attr_put_strz(n, NFTA_TABLE_NAME, table);
	mnl_attr_put_u32(n, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
	done(&b, n);
	put_chain(&b, table, iface, "ingress", NF_NETDEV_INGRESS);
	if (egress)
		put_chain(&b, table, iface, "egress", EGRESS_HOOK);
	done(&b, put(&b, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES));
	if (mnl_socket_sendto(nl, b.data, b.len) < 0)
		return -errno;
	return read_acks(nl, egress ? 3 : 2);
}

static bool may_administrate(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[0].effective & (1u << CAP_NET_ADMIN));
}

/* `nl` is a NETLINK_NETFILTER socket; closing it takes the table away. -EBUSY: another has it. */
int takeover_nft(struct mnl_socket *nl, const char *iface, bool egress)
{
	int err = make_table(nl, iface, egress);

	if (egress && err == -EOPNOTSUPP) /* a kernel before 5.16 */
		err = make_table(nl, iface, false);
	/* A table that another socket owns answers EPERM, as does a lack of privilege. */
	if (err == -EEXIST || (err == -EPERM && may_administrate()))
		return -EBUSY;
	return err;
}

/*
 * Two instructions that drop every frame before the table above sees it: the same effect at a fifth
 * of its cost, which the kernel would pay for each frame on the CPU it arrived on. The link goes when
 * its descriptor, which is returned, is closed. Negative: not to be had, and not needed.
 */
int takeover_tcx(int ifindex)
{
	const struct bpf_insn drop[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TCX_DROP},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr a;
	int prog, link, err;

	memset(&a, 0, sizeof(a)); /* all of it: the kernel looks */
	a.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	a.insn_cnt = 2;
	a.insns = (uintptr_t)drop;
	a.license = (uintptr_t) "BSD";
	memcpy(a.prog_name, "skiff_silence", sizeof("skiff_silence"));
	prog = syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
	if (prog < 0)
		return -errno;
	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = prog;
	a.link_create.target_ifindex = ifindex;
	a.link_create.attach_type = TCX_INGRESS;
	link = syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof(a));
	err = -errno;
	close(prog);
	return link < 0 ? err : link;
}

static struct nlmsghdr *put_tc(
	uint8_t *buf, uint16_t type, uint16_t flags, int ifindex, uint32_t parent, const char *kind)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	struct tcmsg *t;

	n->nlmsg_type = type;
	n->nlmsg_flags = flags;
	t = mnl_nlmsg_put_extra_header(n, sizeof(*t));
	t->tcm_ifindex = ifindex;
	t->tcm_parent = parent;
	if (kind)
		mnl_attr_put_strz(n, TCA_KIND, kind);
	return n;
}

/* One instruction that drops everything, by itself: no action module is needed. */
static void put_drop(struct nlmsghdr *n)
{
	const struct sock_filter shot = BPF_STMT(BPF_RET | BPF_K, TC_ACT_SHOT);
	struct nlattr *options = mnl_attr_nest_start(n, TCA_OPTIONS);

	mnl_attr_put_u16(n, TCA_BPF_OPS_LEN, 1);
	mnl_attr_put(n, TCA_BPF_OPS, sizeof(shot), &shot);
	mnl_attr_put_u32(n, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(n, options);
}

static int add_filter(struct mnl_socket *rt, int ifindex, uint32_t hook)
{
	uint8_t buf[1024];
	struct nlmsghdr *n = put_tc(buf, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, ifindex,
		TC_H_MAKE(TC_H_CLSACT, hook), "bpf");
	struct tcmsg *t = mnl_nlmsg_get_payload(n);

	t->tcm_info = TC_H_MAKE(1 << 16, htons(ETH_P_ALL)); /* priority 1 */
	put_drop(n);
	return takeover_ask(rt, n);
}

/* A clsact queue discipline with filters. Stays after us, so it is journalled. */
int takeover_tc(struct mnl_socket *rt, int ifindex, bool on, bool egress)
{
	uint8_t buf[256];
	struct nlmsghdr *n = put_tc(buf, on ? RTM_NEWQDISC : RTM_DELQDISC,
		on ? NLM_F_CREATE | NLM_F_EXCL : 0, ifindex, TC_H_CLSACT, "clsact");
	struct tcmsg *t = mnl_nlmsg_get_payload(n);
	int err;

	t->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	err = takeover_ask(rt, n);
	if (err < 0 || !on)
		return err;
	err = add_filter(rt, ifindex, TC_H_MIN_INGRESS);
	if (err == 0 && egress)
		err = add_filter(rt, ifindex, TC_H_MIN_EGRESS);
	if (err < 0)
		takeover_tc(rt, ifindex, false, false);
	return err;
}
