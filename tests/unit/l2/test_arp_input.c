/* SPDX-License-Identifier: BSD-3-Clause */
/* Sound ARP reaches the control thread with its link header; everything else ends here. */
#include "unit.h"

#include <string.h>

#include "fake_worker.h"
#include "pkt.h"

static void feed(struct fake_worker *f, struct pkt p)
{
	struct netdev *dev = f->nmade ? f->made[0] : fake_netdev(f, 1, "one", NULL);
	struct skb *skb = fake_rx(f, dev, p.data, p.len);

	fake_stage1(f, eth_input, skb);
	fake_stage1(f, arp_input, fake_take1(f, STAGE_arp_input));
}

static void sound_goes_to_control(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_ARP(.dst = "10.0.0.1");
	struct skb *skb;

	feed(f, p);
	skb = fake_take1(f, STAGE_punt);
	assert_int_equal(skb_len(skb), p.len);
	assert_memory_equal(skb_data(skb), p.data, p.len);
	fake_sent(f, skb);
	p = PKT_ARP(.arp_op = ARP_REPLY, .eth_dst = { 2, 0, 0, 0, 0, 1 },
		.arp_tha = { 2, 0, 0, 0, 0, 1 });
	feed(f, p);
	fake_sent(f, fake_take1(f, STAGE_punt));
}

static void malformed(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_ARP(.arp_op = 9);
	unsigned int n = 0;

	feed(f, p);
	p = PKT_ARP(.arp_op = ARP_REQUEST);
	p.len = 14 + 27;
	feed(f, p);
	p = PKT_ARP(.arp_sha = { 1, 0, 0x5e, 0, 0, 1 });
	feed(f, p);
	feed(f, PKT_ARP(.dst = "224.0.0.1"));
	feed(f, PKT_ARP(.dst = "127.0.0.1"));
	n = 5;
	for (unsigned int at = 14; at < 14 + 6; at++, n++) { /* types and lengths of addresses */
		p = PKT_ARP(.dst = "10.0.0.1");
		p.data[at] ^= 0x40;
		feed(f, p);
	}
	fake_expect_drop(f, DROP_ARP_INVALID, n);
	assert_int_equal(fake_waiting(f), 0);
}

static void not_for_us(void **state)
{
	struct fake_worker *f = *state;

	feed(f, PKT_ARP(.eth_dst = { 2, 0, 0, 0, 0, 9 }));
	fake_expect_drop(f, DROP_ETH_OTHERHOST, 1);
	f->made[0]->noarp = 1;
	feed(f, PKT_ARP(.dst = "10.0.0.1"));
	fake_expect_drop(f, DROP_ARP_NOARP, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_worker_setup, fake_worker_teardown)
	const struct CMUnitTest tests[] = { T(sound_goes_to_control), T(malformed), T(not_for_us) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
