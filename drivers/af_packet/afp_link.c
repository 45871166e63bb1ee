/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interface itself: its flags, MTU, address and memberships by ioctl and setsockopt, and news
 * of it by rtnetlink. Called by afp_ethdev.c in the control thread; the netlink socket is read in
 * EAL's interrupt thread, which tells the application of link changes (LSC) and removal (RMV).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <net/if_arp.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

#include <ethdev_driver.h>
#include <rte_interrupts.h>

#include "afp.h"

static void request(const struct afp_dev *d, struct ifreq *r)
{
	memset(r, 0, sizeof(*r));
	memcpy(r->ifr_name, d->ifname, IFNAMSIZ);
}

static int do_ioctl(const struct afp_dev *d, unsigned long op, struct ifreq *r)
{
	return ioctl(d->ctl_fd, op, r) < 0 ? -errno : 0;
}

/* Finds the interface of this name as it is now: index and address. */
int afp_if_lookup(struct afp_dev *d)
{
	struct ifreq r;
	int err;

	request(d, &r);
	err = do_ioctl(d, SIOCGIFINDEX, &r);
	if (err < 0) {
		AFP_LOG(ERR, "no interface %s: %s", d->ifname, strerror(-err));
		return err;
	}
	d->ifindex = r.ifr_ifindex;
	request(d, &r);
	err = do_ioctl(d, SIOCGIFHWADDR, &r);
	if (err < 0)
		return err;
	if (r.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
		AFP_LOG(ERR, "%s is not an Ethernet interface (type %u)", d->ifname,
			r.ifr_hwaddr.sa_family);
		return -EAFNOSUPPORT;
	}
	memcpy(&d->mac, r.ifr_hwaddr.sa_data, sizeof(d->mac));
	return 0;
}

int afp_if_flags(struct afp_dev *d, short set, short clear)
{
	struct ifreq r;
	short flags;
	int err;

	request(d, &r);
	err = do_ioctl(d, SIOCGIFFLAGS, &r);
	if (err < 0)
		return err;
	flags = (r.ifr_flags | set) & ~clear;
	if (flags == r.ifr_flags)
		return 0;
	r.ifr_flags = flags;
	return do_ioctl(d, SIOCSIFFLAGS, &r);
}

/*
 * The carrier itself. IFF_RUNNING, the operational state, follows it by way of the kernel's link
 * watch, up to a second late: a port opened on a new veth pair would be without carrier for as long.
 */
static bool has_carrier(const struct afp_dev *d, short flags)
{
	struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
	struct ifreq r;

	request(d, &r);
	r.ifr_data = (void *)&link;
	if (do_ioctl(d, SIOCETHTOOL, &r) < 0)
		return flags & IFF_RUNNING;
	return link.data;
}

int afp_if_running(struct afp_dev *d, bool *up, uint32_t *mbps)
{
	struct ethtool_cmd cmd = {.cmd = ETHTOOL_GSET};
	struct ifreq r;
	int err;

	request(d, &r);
	err = do_ioctl(d, SIOCGIFFLAGS, &r);
	if (err < 0)
		return err;
	*up = (r.ifr_flags & IFF_UP) && has_carrier(d, r.ifr_flags);
	request(d, &r);
	r.ifr_data = (void *)&cmd;
	*mbps = RTE_ETH_SPEED_NUM_UNKNOWN;
	if (do_ioctl(d, SIOCETHTOOL, &r) == 0 &&
		ethtool_cmd_speed(&cmd) != (uint32_t)SPEED_UNKNOWN && ethtool_cmd_speed(&cmd) != 0)
		*mbps = ethtool_cmd_speed(&cmd);
	return 0;
}

int afp_if_mtu(struct afp_dev *d, uint16_t *mtu)
{
	struct ifreq r;
	int err;

	request(d, &r);
	err = do_ioctl(d, SIOCGIFMTU, &r);
	if (err == 0)
		*mtu = RTE_MIN(r.ifr_mtu, UINT16_MAX);
	return err;
}

int afp_if_set_mtu(struct afp_dev *d, uint16_t mtu)
{
	struct ifreq r;

	request(d, &r);
	r.ifr_mtu = mtu;
	return do_ioctl(d, SIOCSIFMTU, &r);
}

int afp_if_set_mac(struct afp_dev *d, const struct rte_ether_addr *mac)
{
	struct ifreq r;

	request(d, &r);
	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(r.ifr_hwaddr.sa_data, mac, sizeof(*mac));
	return do_ioctl(d, SIOCSIFHWADDR, &r);
}

/* Memberships count per socket and end with it, so nothing of this outlives the process. */
int afp_if_member(struct afp_dev *d, bool add, int type, const struct rte_ether_addr *mac)
{
	struct packet_mreq r = {.mr_ifindex = d->ifindex, .mr_type = type};

	if (mac) {
		r.mr_alen = sizeof(*mac);
		memcpy(r.mr_address, mac, sizeof(*mac));
	}
	if (setsockopt(d->ctl_fd, SOL_PACKET, add ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP,
		    &r, sizeof(r)) == 0)
		return 0;
	return -errno;
}

/* Updates dev_link; 0 where it changed, -1 where not, as rte_eth_linkstatus_set() says it. */
int afp_link_read(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;
	struct rte_eth_link link = {
		.link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
		.link_autoneg = RTE_ETH_LINK_FIXED,
		.link_speed = RTE_ETH_SPEED_NUM_UNKNOWN,
	};
	bool up = false;
	uint32_t mbps;

	if (afp_if_running(d, &up, &mbps) == 0 && up)
		link.link_speed = mbps;
	link.link_status = up && dev->data->dev_started;
	return rte_eth_linkstatus_set(dev, &link);
}

/* Of the messages about all interfaces only ours count; those that were lost may have been ours. */
static bool concerns_us(const struct afp_dev *d, const struct nlmsghdr *n, bool *gone)
{
	const struct ifinfomsg *info = NLMSG_DATA(n);

	if (n->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->ifi_index != d->ifindex)
		return false;
	if (n->nlmsg_type == RTM_DELLINK && info->ifi_family == AF_UNSPEC)
		*gone = true;
	return n->nlmsg_type == RTM_NEWLINK || n->nlmsg_type == RTM_DELLINK;
}

static void link_news(void *arg)
{
	struct rte_eth_dev *dev = arg;
	struct afp_dev *d = dev->data->dev_private;
	char buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool ours = false, gone = false;
	int fd = rte_intr_fd_get(d->link_intr);

	for (;;) {
		ssize_t len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (len < 0 && errno == ENOBUFS) {
			ours = true;
			continue;
		}
		if (len <= 0)
			break;
		for (struct nlmsghdr *n = (void *)buf; NLMSG_OK(n, len); n = NLMSG_NEXT(n, len))
			ours |= concerns_us(d, n, &gone);
	}
	if (ours && afp_link_read(dev) == 0)
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_LSC, NULL);
	if (gone)
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_RMV, NULL);
}

int afp_watch_open(struct afp_dev *d)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int err, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	err = bind(fd, (struct sockaddr *)&nl, sizeof(nl)) < 0 ? -errno : 0;
	d->link_intr = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (err == 0 && d->link_intr == NULL)
		err = -ENOMEM;
	if (err == 0) {
		rte_intr_type_set(d->link_intr, RTE_INTR_HANDLE_EXT);
		rte_intr_fd_set(d->link_intr, fd);
		err = rte_intr_callback_register(
			d->link_intr, link_news, &rte_eth_devices[d->port]);
	}
	if (err < 0) {
		rte_intr_instance_free(d->link_intr);
		d->link_intr = NULL;
		close(fd);
		AFP_LOG(ERR, "cannot watch %s for link changes: %s", d->ifname, strerror(-err));
	}
	return err;
}

void afp_watch_close(struct afp_dev *d)
{
	int fd;

	if (d->link_intr == NULL)
		return;
	fd = rte_intr_fd_get(d->link_intr);
	rte_intr_callback_unregister_sync(d->link_intr, link_news, &rte_eth_devices[d->port]);
	rte_intr_instance_free(d->link_intr);
	d->link_intr = NULL;
	close(fd);
}
