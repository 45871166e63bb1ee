/* SPDX-License-Identifier: BSD-3-Clause */
/* Registration, names, states, counters and events of interfaces, without DPDK. */
#include <errno.h>
#include <linux/if.h>
#include <string.h>

#include "core/burst.h"
#include "dev/netdev_update.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"
#include "unit.h"

static char seen[128];
static struct netdev *held;
static int fail_open, fail_init;

static int on_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	static const char *const names[] = {[NETDEV_EV_UP] = "up ", [NETDEV_EV_DOWN] = "down ",
		[NETDEV_EV_CHANGE] = "change ", [NETDEV_EV_REGISTER] = "reg ",
		[NETDEV_EV_UNREGISTER] = "unreg ", [NETDEV_EV_CHANGEMTU] = "mtu ",
		[NETDEV_EV_CHANGEADDR] = "addr ", [NETDEV_EV_GOING_DOWN] = "going ",
		[NETDEV_EV_CHANGENAME] = "name ", [NETDEV_EV_FEAT_CHANGE] = "feat "};
	struct netdev *dev = ptr;

	strcat(seen, names[event]);
	if (event == NETDEV_EV_GOING_DOWN)
		assert_true(netdev_running(dev));
	/* a holder gives up at the second reminder only */
	if (event == NETDEV_EV_UNREGISTER && dev == held && strstr(seen, "unreg unreg ")) {
		netdev_put(dev);
		held = NULL;
	}
	return NOTIFY_DONE;
}

static struct notifier_block watcher = {.call = on_event};

static void expect(const char *events)
{
	assert_string_equal(seen, events);
	seen[0] = 0;
}

static int setup(void **state)
{
	int rc = fake_worker_setup(state);
	struct fake_worker *f = *state;

	seen[0] = 0;
	fail_open = fail_init = 0;
	notifier_register(netdev_chain(&f->dp), &watcher);
	return rc;
}

static int teardown(void **state)
{
	struct fake_worker *f = *state;

	notifier_unregister(netdev_chain(&f->dp), &watcher);
	return fake_worker_teardown(state);
}

static char ops_seen[128];

static int op_init(struct dp *dp, struct netdev *dev)
{
	strcat(ops_seen, "init ");
	return fail_init;
}

static void op_uninit(struct dp *dp, struct netdev *dev)
{
	strcat(ops_seen, "uninit ");
}

static int op_open(struct dp *dp, struct netdev *dev)
{
	strcat(ops_seen, "open ");
	assert_true(netdev_running(dev));
	return fail_open;
}

static void op_stop(struct dp *dp, struct netdev *dev)
{
	strcat(ops_seen, "stop ");
	assert_false(netdev_running(dev));
}

static void op_rx_mode(struct dp *dp, struct netdev *dev)
{
	strcat(ops_seen, dev->promiscuity ? "promisc " : "mode ");
}

static const struct netdev_ops ops = {.init = op_init, .uninit = op_uninit, .open = op_open,
	.stop = op_stop, .set_rx_mode = op_rx_mode};

static struct netdev *dummy(struct fake_worker *f, const char *name)
{
	struct netdev *dev = netdev_alloc(&f->dp, name, NETDEV_DUMMY, 0);

	assert_non_null(dev);
	assert_int_equal(netdev_register(&f->dp, dev), 0);
	return dev;
}

static void life(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = netdev_alloc(&f->dp, "eth%d", NETDEV_PORT, 0);

	ops_seen[0] = 0;
	dev->ops = &ops;
	assert_string_equal(dev->name, "eth0");
	assert_int_equal(dev->mtu, 1500);
	assert_int_equal(dev->tx_queue_len, 1000);
	assert_int_equal(dev->hard_header_len, 14);
	assert_null(netdev_by_name(&f->dp, "eth0"));
	dev->features = NETDEV_F_SG | NETDEV_F_TSO;
	assert_int_equal(netdev_register(&f->dp, dev), 0);
	assert_int_equal(dev->features, 0); /* SG without checksum is off, so is TSO */
	assert_int_equal(netdev_register(&f->dp, dev), -EINVAL);
	assert_int_equal(dev->reg_state, NETDEV_REGISTERED);
	assert_ptr_equal(netdev_by_name(&f->dp, "eth0"), dev);
	assert_ptr_equal(netdev_by_ifindex(&f->dp, dev->ifindex), dev);
	assert_int_equal(dev->ifindex, NETDEV_IFINDEX_BASE + dev->index);
	expect("reg ");

	fail_open = -EIO;
	assert_int_equal(netdev_open(&f->dp, dev), -EIO);
	assert_false(netdev_running(dev) || dev->flags & IFF_UP);
	expect("");
	fail_open = 0;
	assert_int_equal(netdev_change_flags(&f->dp, dev, IFF_UP, IFF_UP), 0);
	assert_true(dev->flags & IFF_UP && dev->flags & IFF_RUNNING);
	assert_int_equal(dev->operstate, IF_OPER_UP);
	expect("up ");
	netdev_carrier(&f->dp, dev, false);
	netdev_carrier(&f->dp, dev, false);
	assert_int_equal(dev->operstate, IF_OPER_DOWN);
	assert_false(dev->flags & IFF_RUNNING);
	assert_int_equal(dev->carrier_changes, 1);
	netdev_carrier(&f->dp, dev, true);
	netdev_dormant(&f->dp, dev, true);
	assert_int_equal(dev->operstate, IF_OPER_DORMANT);
	netdev_dormant(&f->dp, dev, false);
	expect("change change change change ");

	held = dev;
	netdev_hold(dev);
	assert_int_equal(netdev_unregister(&f->dp, dev), 0); /* waits for the holder */
	assert_null(held);
	expect("going down unreg unreg ");
	assert_string_equal(ops_seen, "init open open mode stop uninit ");
	assert_null(netdev_by_name(&f->dp, "eth0"));
}

static void init_failure_leaves_no_trace(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = netdev_alloc(&f->dp, "x", NETDEV_PORT, 0);

	dev->ops = &ops;
	fail_init = -EIO;
	assert_int_equal(netdev_register(&f->dp, dev), -EIO);
	assert_null(netdev_by_name(&f->dp, "x"));
	assert_int_equal(dev->reg_state, NETDEV_UNINITIALIZED);
	uint32_t ifindex = dev->ifindex;

	netdev_free(&f->dp, dev);
	expect("");
	dev = netdev_alloc(&f->dp, "x", NETDEV_DUMMY, ifindex);
	assert_int_equal(dev->ifindex, ifindex);
	netdev_free(&f->dp, dev);
}

static void names(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *a = dummy(f, "d%d"), *b = dummy(f, "d%d");
	static const char *const bad[] = {"", "a b", "a/b", "a:b", ".", "..", "sixteen-chars-xx",
		"x%s", "%d%d"};

	assert_string_equal(b->name, "d1");
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		assert_null(netdev_alloc(&f->dp, bad[i], NETDEV_DUMMY, 0));
		assert_int_equal(errno, EINVAL);
	}
	assert_null(netdev_alloc(&f->dp, "d1", NETDEV_DUMMY, 0));
	assert_int_equal(errno, EEXIST);
	assert_null(netdev_alloc(&f->dp, "e", NETDEV_DUMMY, a->ifindex));
	assert_int_equal(errno, EEXIST);
	seen[0] = 0;
	assert_int_equal(netdev_set_name(&f->dp, a, "d1"), -EEXIST);
	assert_int_equal(netdev_set_name(&f->dp, a, "wan"), 0);
	assert_int_equal(netdev_set_name(&f->dp, a, "wan"), 0);
	expect("name ");
	assert_string_equal(dummy(f, "d%d")->name, "d0");
	assert_string_equal(netdev_by_ifindex(&f->dp, 1)->name, "lo");
}

static void mtu_and_address(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = dummy(f, "d");
	const uint8_t mac[6] = {2, 1, 2, 3, 4, 5}, group[6] = {1}, zero[6] = {0};

	seen[0] = 0;
	assert_int_equal(netdev_set_mtu(&f->dp, dev, 67), -EINVAL);
	assert_int_equal(netdev_set_mtu(&f->dp, dev, 65536), -EINVAL);
	assert_int_equal(netdev_set_mtu(&f->dp, dev, 1500), 0);
	expect("");
	assert_int_equal(netdev_set_mtu(&f->dp, dev, 9000), 0);
	expect("mtu ");
	assert_int_equal(netdev_set_addr(&f->dp, dev, group), -EADDRNOTAVAIL);
	assert_int_equal(netdev_set_addr(&f->dp, dev, zero), -EADDRNOTAVAIL);
	assert_int_equal(netdev_set_addr(&f->dp, dev, mac), 0);
	expect("addr ");
	assert_ptr_equal(netdev_by_hwaddr(&f->dp, 1, mac), dev);
	assert_int_equal(netdev_set_addr(&f->dp, f->netdevs->loopback, mac), -EOPNOTSUPP);
}

static void counters_of_users(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = netdev_alloc(&f->dp, "p", NETDEV_PORT, 0);
	const uint8_t g[6] = {1, 0, 0x5e, 0, 0, 1}, h[6] = {1, 0, 0x5e, 0, 0, 2};

	dev->ops = &ops;
	netdev_register(&f->dp, dev);
	netdev_open(&f->dp, dev);
	ops_seen[0] = seen[0] = 0;
	netdev_set_promiscuity(&f->dp, dev, 1);
	netdev_set_promiscuity(&f->dp, dev, 1);
	netdev_change_flags(&f->dp, dev, IFF_PROMISC, IFF_PROMISC);
	netdev_change_flags(&f->dp, dev, IFF_PROMISC, IFF_PROMISC);
	assert_int_equal(dev->promiscuity, 3);
	netdev_set_promiscuity(&f->dp, dev, -1);
	netdev_set_promiscuity(&f->dp, dev, -1);
	assert_true(dev->flags & IFF_PROMISC);
	netdev_change_flags(&f->dp, dev, 0, IFF_PROMISC);
	assert_false(dev->flags & IFF_PROMISC);
	assert_int_equal(netdev_set_promiscuity(&f->dp, dev, -1), -EOVERFLOW);
	expect("change change ");
	assert_string_equal(ops_seen, "promisc mode ");
	ops_seen[0] = 0;
	netdev_mc_add(&f->dp, dev, g);
	netdev_mc_add(&f->dp, dev, g);
	netdev_mc_add(&f->dp, dev, h);
	assert_int_equal(dev->mc.n, 2);
	assert_int_equal(netdev_mc_del(&f->dp, dev, g), 0);
	assert_int_equal(netdev_mc_del(&f->dp, dev, g), 0);
	assert_int_equal(netdev_mc_del(&f->dp, dev, g), -ENOENT);
	assert_int_equal(dev->mc.n, 1);
	assert_string_equal(ops_seen, "mode mode mode ");
	assert_int_equal(netdev_unregister(&f->dp, dev), 0);
}

static void vlans(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *low = dummy(f, "low"), *v, *w;

	v = netdev_alloc(&f->dp, "low.5", NETDEV_VLAN, 0);
	netdev_set_vlan(v, low, 0x8100, 5);
	w = netdev_alloc(&f->dp, "again", NETDEV_VLAN, 0);
	netdev_set_vlan(w, low, 0x8100, 5);
	assert_int_equal(netdev_register(&f->dp, v), 0);
	assert_int_equal(netdev_register(&f->dp, w), -EEXIST);
	netdev_free(&f->dp, w);
	assert_ptr_equal(low->vlans[5], v);
	assert_true(low->rx_path & NETDEV_RX_VLANS);
	assert_int_equal(netdev_open(&f->dp, v), -ENETDOWN);
	netdev_open(&f->dp, low);
	assert_int_equal(netdev_open(&f->dp, v), 0);
	assert_int_equal(netdev_set_mtu(&f->dp, v, 1501), -ERANGE);
	netdev_close(&f->dp, low);
	assert_false(v->flags & IFF_UP);
	assert_int_equal(netdev_unregister(&f->dp, v), 0);
	assert_null(low->vlans[5]);
	assert_int_equal(low->rx_path, 0);
}

static bool listens(const struct netdev *dev, const uint8_t addr[6])
{
	for (uint32_t i = 0; i < dev->uc.n; i++)
		if (memcmp(dev->uc.entry[i].addr, addr, 6) == 0)
			return true;
	return false;
}

static void secondary_addresses(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = netdev_alloc(&f->dp, "p", NETDEV_PORT, 0);
	const uint8_t a[6] = {2, 0, 0, 0, 1, 1}, b[6] = {2, 0, 0, 0, 1, 2}, group[6] = {1}, zero[6] = {0};

	dev->ops = &ops;
	netdev_register(&f->dp, dev);
	ops_seen[0] = 0;
	assert_int_equal(netdev_uc_add(&f->dp, dev, a), 0);
	assert_string_equal(ops_seen, ""); /* told when it opens */
	netdev_open(&f->dp, dev);
	ops_seen[0] = 0;
	assert_int_equal(netdev_uc_add(&f->dp, dev, a), 0);
	assert_int_equal(netdev_uc_add(&f->dp, dev, b), 0);
	assert_int_equal(netdev_uc_add(&f->dp, dev, group), -EINVAL);
	assert_int_equal(netdev_uc_add(&f->dp, dev, zero), -EINVAL);
	assert_int_equal(dev->uc.n, 2);
	assert_int_equal(netdev_uc_del(&f->dp, dev, a), 0);
	assert_true(listens(dev, a));
	assert_int_equal(netdev_uc_del(&f->dp, dev, a), 0);
	assert_false(listens(dev, a));
	assert_int_equal(netdev_uc_del(&f->dp, dev, a), -ENOENT);
	assert_string_equal(ops_seen, "mode mode ");
	assert_int_equal(netdev_unregister(&f->dp, dev), 0);
}

/* A VLAN with an address of its own, while it is up, is a user of its device's list. */
static void address_of_a_vlan(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *low = dummy(f, "low"), *v = netdev_alloc(&f->dp, "low.5", NETDEV_VLAN, 0);
	const uint8_t own[6] = {2, 0, 0, 0, 0, 1}, a[6] = {2, 0, 0, 0, 1, 1}, b[6] = {2, 0, 0, 0, 1, 2};

	assert_int_equal(netdev_set_addr(&f->dp, low, own), 0);
	netdev_set_vlan(v, low, 0x8100, 5);
	assert_int_equal(netdev_register(&f->dp, v), 0);
	assert_int_equal(netdev_set_addr(&f->dp, v, own), 0);
	netdev_open(&f->dp, low);
	netdev_open(&f->dp, v);
	assert_int_equal(low->uc.n, 0);
	assert_int_equal(netdev_set_addr(&f->dp, v, a), 0);
	assert_true(low->uc.n == 1 && listens(low, a));
	assert_int_equal(netdev_set_addr(&f->dp, v, b), 0);
	assert_true(low->uc.n == 1 && listens(low, b));
	netdev_close(&f->dp, v);
	assert_int_equal(low->uc.n, 0);
	netdev_open(&f->dp, v);
	assert_true(low->uc.n == 1 && listens(low, b));
	assert_int_equal(netdev_set_addr(&f->dp, low, b), 0); /* the device's own now */
	assert_int_equal(low->uc.n, 0);
	assert_int_equal(netdev_set_addr(&f->dp, low, a), 0);
	assert_true(low->uc.n == 1 && listens(low, b));
	netdev_close(&f->dp, low);
	assert_int_equal(low->uc.n, 0);
	assert_int_equal(netdev_unregister(&f->dp, v), 0);
}

static void loopback_and_dummy(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *lo = f->netdevs->loopback, *d = dummy(f, "d");
	struct pkt p = PKT_UDP(.eth_type = 0x9999);
	struct dev_stats st;
	uint64_t missed;
	struct skb *skb = fake_rx(f, NULL, p.data, p.len);

	skb->dev = lo;
	fake_stage1(f, netdev_tx, skb);
	fake_expect_drop(f, DROP_DEV_DOWN, 1);
	netdev_open(&f->dp, lo);
	netdev_open(&f->dp, d);
	skb = fake_rx(f, NULL, p.data, p.len);
	skb->dev = lo;
	fake_stage1(f, netdev_tx, skb);
	worker_turn(f->w); /* back in through the backlog */
	fake_expect_drop(f, DROP_ETH_UNKNOWN_TYPE, 1);
	netdev_stats(&f->dp, lo, &st, &missed);
	assert_int_equal(st.tx_packets, 1);
	assert_int_equal(st.rx_packets, 1);
	assert_int_equal(st.rx_bytes, p.len);
	assert_int_equal(st.tx_dropped, 1);
	skb = fake_rx(f, NULL, p.data, p.len);
	skb->dev = d;
	fake_stage1(f, netdev_tx, skb);
	assert_int_equal(f->w->ledger.delivered, 1);
	/* what goes round for ever ends */
	skb = fake_rx(f, NULL, p.data, p.len);
	skb->dev = lo;
	skb->depth = SKB_DEPTH_MAX;
	fake_stage1(f, netdev_tx, skb);
	fake_expect_drop(f, DROP_LOOP, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(life), T(init_failure_leaves_no_trace), T(names), T(mtu_and_address),
		T(counters_of_users), T(vlans), T(secondary_addresses), T(address_of_a_vlan), T(loopback_and_dummy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
