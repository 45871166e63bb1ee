/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases about single frames: their lengths and what their mbufs are made of (DESIGN 3, transmit contract). */
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "conformance.h"

static void every_length(struct put *t)
{
	for (unsigned len = 60; len <= 1514; len++) {
		pass_in(t, len, len);
		pass_out(t, len, len + 10000);
	}
}

void case_lengths(struct put *t)
{
	rig_open(t, true);
	every_length(t);
	rig_close(t);
	rig_open(t, false);
	every_length(t);
	rig_close(t);
}

static void runt(struct put *t, unsigned len)
{
	unsigned padded = t->type->takes_padding ? 60 : len;
	uint8_t frame[64];

	frame_fill(t, frame, len, len, true);
	peer_sends(t, frame, len);
	expect_frame(port_receives(t, PATIENCE), frame, len, padded);
	frame_fill(t, frame, len, len, false);
	port_sends(t, frame_mbuf(t, frame, len));
	expect_frame(peer_receives(t, PATIENCE), frame, len, padded);
}

/* Shorter than a header: whatever becomes of them, the next frame passes. */
static void stump(struct put *t, unsigned len)
{
	uint8_t frame[16];
	struct rte_mbuf *m;
	struct kept *k;

	frame_fill(t, frame, sizeof(frame), len, false);
	m = rte_pktmbuf_alloc(t->pool);
	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, len), frame, len);
	skiff_send(t, m);
	skiff_turns(t, 2);
	t->type->ops->read(t);
	while ((k = inbox_get(&t->from_port))) {
		assert_true(k->len == len || k->len == 60);
		free(k);
	}
	if (t->type->ops->send(t, frame, len))
		skiff_turns(t, 2);
	inbox_empty(&t->staged);
	while ((k = port_receives(t, 0))) {
		assert_true(k->len <= 60);
		free(k);
	}
	pass_out(t, 60, len);
	pass_in(t, 60, len);
}

void case_runts(struct put *t)
{
	rig_open(t, false);
	for (unsigned len = 14; len < 60; len++)
		runt(t, len);
	for (unsigned len = 1; len < 14; len++)
		stump(t, len);
	rig_close(t);
}

/* Frames until the one with this number; those before it are compared with it in length. */
static unsigned whole_before(struct kept *(*receive)(struct put *, double), struct put *t,
	uint32_t seed, unsigned len)
{
	unsigned whole = 0;
	struct kept *k;

	while ((k = receive(t, PATIENCE)) && frame_seed(k->data) != seed) {
		static uint8_t frame[FRAME_MAX];

		frame_fill(t, frame, len, frame_seed(k->data), receive == port_receives);
		expect_frame(k, frame, len, len);
		whole++;
	}
	if (k == NULL)
		fail_msg("after a frame of %u bytes nothing passes", len);
	free(k);
	return whole;
}

static void too_long_out(struct put *t, unsigned len)
{
	static uint8_t frame[FRAME_MAX];
	struct dev_stats st = skiff_stats(t);
	uint64_t lost = st.tx_dropped + st.tx_errors;
	unsigned whole;

	frame_fill(t, frame, len, 1, false);
	port_sends(t, frame_mbuf(t, frame, len));
	frame_fill(t, frame, 60, 2, false);
	port_sends(t, frame_mbuf(t, frame, 60));
	whole = whole_before(peer_receives, t, 2, len);
	st = skiff_stats(t);
	lost = st.tx_dropped + st.tx_errors - lost;
	if (!t->type->loses_silently && whole + lost != 1)
		fail_msg("of a frame of %u bytes %u arrived and %u were counted as lost", len, whole,
			(unsigned)lost);
}

static void too_long_in(struct put *t, unsigned len)
{
	static uint8_t frame[FRAME_MAX];

	frame_fill(t, frame, len, 1, true);
	t->type->ops->send(t, frame, len); /* the peer may not be able to */
	frame_fill(t, frame, 60, 2, true);
	peer_sends(t, frame, 60);
	whole_before(port_receives, t, 2, len);
}

void case_oversize(struct put *t)
{
	static const unsigned lengths[] = {1515, 1516, 1518, 1519, 1600, 2048, 2049, 4000, 9000, 16000};

	rig_open(t, false);
	if (t->type->ops->grow)
		t->type->ops->grow(t, 16000, false);
	for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
		too_long_out(t, lengths[i]);
		too_long_in(t, lengths[i]);
	}
	pass_some(t);
	rig_close(t);
}

void case_largest(struct put *t)
{
	unsigned mtu, most;
	int err;

	rig_open(t, false);
	mtu = t->port.limits.max_mtu;
	if (t->type->ops->grow)
		t->type->ops->grow(t, mtu, true);
	err = netdev_set_mtu(t->dp, t->dev, mtu);
	if (err)
		fail_msg("the largest MTU is said to be %u, which gets %s", mtu, strerror(-err));
	most = mtu + 14;
	const unsigned lengths[] = {60, 1514, RTE_MIN(2049u, most), RTE_MIN(9000u, most), most - 1, most};

	for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
		pass_out(t, lengths[i], i);
		pass_in(t, lengths[i], i + 100);
	}
	rig_close(t);
}

#define FRONT 32
#define FRONT_BYTE 0xa5

/* What is sent, and what others hold of it meanwhile. */
struct made {
	struct rte_mbuf *m, *other;
	unsigned outside; /* uses of foreign memory */
};

static struct rte_mbuf_ext_shared_info shared_info;
static uint8_t outside[2048];
static unsigned outside_freed;

static void count_free(void *addr, void *opaque)
{
	(void)addr, (void)opaque;
	outside_freed++;
}

static struct rte_mbuf *external(struct put *t, const uint8_t *frame, unsigned len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(t->clones);

	assert_non_null(m);
	memcpy(outside, frame, len);
	shared_info.free_cb = count_free;
	rte_mbuf_ext_refcnt_set(&shared_info, 1);
	rte_pktmbuf_attach_extbuf(m, outside, RTE_BAD_IOVA, sizeof(outside), &shared_info);
	m->data_len = m->pkt_len = len;
	return m;
}

static struct rte_mbuf *clone_of(struct put *t, struct rte_mbuf *m)
{
	struct rte_mbuf *c = rte_pktmbuf_clone(m, t->clones);

	assert_non_null(c);
	return c;
}

typedef void make_fn(struct put *t, const uint8_t *frame, unsigned len, struct made *x);

static void direct(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->m = frame_mbuf(t, frame, len);
}

static void no_headroom(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->m = frame_mbuf(t, frame, len);
	x->m->data_off = 0;
	memcpy(rte_pktmbuf_mtod(x->m, void *), frame, len);
}

static void chain_of(struct put *t, const uint8_t *frame, unsigned len, struct made *x, unsigned segs)
{
	x->m = frame_chain(t, frame, len, RTE_MAX(1u, (len + segs - 1) / segs));
}

static void chain2(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	chain_of(t, frame, len, x, 2);
}

static void chain5(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	chain_of(t, frame, len, x, 5);
}

static void chain_most(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	chain_of(t, frame, len, x, t->port.limits.max_segments);
}

static void chain_more(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	unsigned piece = len / (t->port.limits.max_segments + 1);

	x->m = frame_chain(t, frame, len, piece ? piece : 1);
}

static void header_alone(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->m = frame_mbuf(t, frame, 14);
	rte_pktmbuf_chain(x->m, frame_mbuf(t, frame + 14, len - 14));
}

static void cloned(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->other = frame_mbuf(t, frame, len);
	x->m = clone_of(t, x->other);
}

static void cloned_chain(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->other = frame_chain(t, frame, len, (len + 2) / 3);
	x->m = clone_of(t, x->other);
}

/* What lies before its data is others' data, not headroom. */
static void clone_from_middle(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->other = frame_mbuf(t, frame, len);
	memset(rte_pktmbuf_prepend(x->other, FRONT), FRONT_BYTE, FRONT);
	x->m = clone_of(t, x->other);
	rte_pktmbuf_adj(x->m, FRONT);
}

static void header_and_clone(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->other = frame_mbuf(t, frame + 14, len - 14);
	x->m = frame_mbuf(t, frame, 14);
	rte_pktmbuf_chain(x->m, clone_of(t, x->other));
}

/* The one whose clone is still held: its data is read by others. */
static void original(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->m = frame_mbuf(t, frame, len);
	x->other = clone_of(t, x->m);
}

static void shared(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->m = x->other = frame_mbuf(t, frame, len);
	rte_mbuf_refcnt_update(x->m, 1);
}

static void foreign(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->m = external(t, frame, len);
	x->outside = 1;
}

static void header_and_foreign(struct put *t, const uint8_t *frame, unsigned len, struct made *x)
{
	x->m = frame_mbuf(t, frame, 14);
	rte_pktmbuf_chain(x->m, external(t, frame + 14, len - 14));
	x->outside = 1;
}

static const struct shape {
	const char *name;
	make_fn *make;
} shapes[] = {
	{"direct", direct},
	{"direct without headroom", no_headroom},
	{"a chain of two", chain2},
	{"a chain of five", chain5},
	{"the longest chain it takes", chain_most},
	{"a longer chain", chain_more},
	{"the link header alone in front", header_alone},
	{"a clone", cloned},
	{"the clone of a chain", cloned_chain},
	{"a clone from the middle on", clone_from_middle},
	{"a header before a clone", header_and_clone},
	{"the original of a clone", original},
	{"shared by reference count", shared},
	{"external memory", foreign},
	{"a header before external memory", header_and_foreign},
};

/* By the type's table, looked at in the mbufs themselves. */
static bool takes(const struct port_limits *l, const struct rte_mbuf *m)
{
	unsigned segs = 0;

	for (; m; m = m->next, segs++)
		if ((!l->indirect && (RTE_MBUF_CLONED(m) || rte_mbuf_refcnt_read(m) > 1)) ||
			(!l->external && RTE_MBUF_HAS_EXTBUF(m)))
			return false;
	return segs <= l->max_segments;
}

static void expect_intact(struct rte_mbuf *other, const uint8_t *frame, unsigned len,
	const char *name)
{
	static uint8_t flat[2048];
	unsigned front = other->pkt_len > len ? other->pkt_len - len : 0;
	unsigned n = other->pkt_len - front;
	const void *data = rte_pktmbuf_read(other, front, n, flat);

	rte_mbuf_sanity_check(other, 1);
	for (unsigned i = 0; i < front; i++)
		if (*rte_pktmbuf_mtod_offset(other, uint8_t *, i) != FRONT_BYTE)
			fail_msg("%s: what lies in front of its data was written to", name);
	if (memcmp(data, frame + len - n, n) != 0)
		fail_msg("%s: the data that others hold was written to", name);
}

static void shape_passes(struct put *t, const struct shape *s, unsigned len, uint32_t seed)
{
	uint8_t frame[2048];
	struct made x = {0};
	uint64_t copied = t->raw ? 0 : skiff_stats(t).tx_copied;
	uint8_t *before = NULL;
	bool fits;

	frame_fill(t, frame, len, seed, false);
	outside_freed = 0;
	s->make(t, frame, len, &x);
	if (t->raw && s->make == no_headroom) {
		before = rte_mbuf_to_priv(x.m); /* in front of the buffer, and not the driver's */
		memset(before, FRONT_BYTE, rte_pktmbuf_priv_size(t->pool));
	}
	fits = takes(&t->port.limits, x.m);
	if (fits || !t->raw) {
		port_sends(t, x.m);
		if (!t->type->blind)
			expect_frame(peer_receives(t, PATIENCE), frame, len, len);
		if (!t->raw && skiff_stats(t).tx_copied - copied != !fits)
			fail_msg("%s of %u bytes was %scopied", s->name, len, fits ? "" : "not ");
	} else {
		rte_pktmbuf_free(x.m);
	}
	for (unsigned i = 0; before && i < rte_pktmbuf_priv_size(t->pool); i++)
		assert_int_equal(before[i], FRONT_BYTE);
	if (x.other) {
		expect_intact(x.other, frame, len, s->name);
		rte_pktmbuf_free(x.other);
	}
	/* One more frame: drivers that hand back late hand back with it. */
	for (unsigned i = 0; x.outside && outside_freed == 0 && i < 1000; i++) {
		port_sends(t, frame_mbuf(t, frame, len));
		if (!t->type->blind)
			expect_frame(peer_receives(t, PATIENCE), frame, len, len);
	}
	assert_int_equal(outside_freed, x.outside);
}

static void every_shape(struct put *t)
{
	static const unsigned lengths[] = {60, 64, 333, 1514};

	for (unsigned i = 0; i < RTE_DIM(shapes); i++)
		for (unsigned k = 0; k < RTE_DIM(lengths); k++)
			shape_passes(t, &shapes[i], lengths[k], i * 10 + k);
}

void case_shapes_raw(struct put *t)
{
	rig_open(t, true);
	every_shape(t);
	rig_close(t);
}

void case_shapes_skiff(struct put *t)
{
	rig_open(t, false);
	every_shape(t);
	assert_int_equal(skiff_dropped(t), 0);
	rig_close(t);
}
