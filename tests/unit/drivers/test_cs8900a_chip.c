/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drivers/cs8900a/chip_*.c against a bus with no chip behind it: empty buses, foreign chips, cards
 * that are pulled, garbage, and the order of accesses. Every number is the data sheet's and stands
 * here by itself. Behaviour over time is tested against the model, in tests/eal.
 */
#include <errno.h>
#include <string.h>

#include "cs8900a/chip.h"
#include "fake_cs8900a.h"
#include "unit.h"

static struct fake f;
static struct cs_chip c;
static struct cs_why why;

static void fresh(enum fake_kind kind)
{
	fake_init(&f, kind);
	memset(&why, 0, sizeof(why));
	cs_chip_init(&c, &f.bus);
}

static void ready(enum fake_kind kind)
{
	fresh(kind);
	assert_int_equal(cs_chip_probe(&c, &why), 0);
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	cs_events_setup(&c);
	f.n = 0;
}

static void isq(const uint16_t *reports, unsigned n)
{
	ready(FAKE_PORTS);
	c.poll = CS_POLL_ISQ;
	cs_events_setup(&c);
	memcpy(f.isq, reports, n * sizeof(*reports));
	f.nb_isq = n;
}

static void says(const char *part)
{
	if (strstr(why.text, part) == NULL)
		fail_msg("'%s' should say '%s'", why.text, part);
}

static unsigned writes(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f.n; i++)
		n += strchr("wWo", f.log[i].what) != NULL;
	return n;
}

/*
 * Section 5: pointer check without writing, then the id, then the product. Section 4: the byte reads
 * that tell the chip of a 16-bit bus come first, as nothing else could be read right without them.
 */
static void probe_finds_the_chip(void **state)
{
	fresh(FAKE_PORTS);
	assert_int_equal(cs_chip_probe(&c, &why), 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(f.log[i].what, 'b');
		assert_int_equal(f.log[i].at, 0xa + i % 2);
	}
	assert_int_equal(f.log[4].what, 'i');
	assert_int_equal(f.log[4].at, 0xa);
	assert_int_equal(cs_chip_revision(&c), 'D');
	fresh(FAKE_WINDOW);
	f.page[1] = 0x0a00;
	assert_int_equal(cs_chip_probe(&c, &why), 0);
	assert_int_equal(cs_chip_revision(&c), 'F');
}

/* Section 5: every value of the pointer port whose bits C to E are not 011b, all ones among them. */
static void probe_knows_the_pointer(void **state)
{
	for (uint32_t v = 0; v <= 0xffff; v++) {
		if ((v & 0x7000) == 0x3000)
			continue;
		fresh(FAKE_PORTS);
		f.pointer = (uint16_t)v;
		assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
		assert_int_equal(writes(), 0);
	}
	says("reads FFFFh");
	says("nothing answers");
	fresh(FAKE_PORTS);
	f.pointer = 0xb138; /* a chip that somebody used: auto-increment, some register */
	assert_int_equal(cs_chip_probe(&c, &why), 0);
}

/* A bus without a driver keeps for a while what was on it last, here a word that passes for a pointer. */
static void probe_sees_through_a_floating_bus(void **state)
{
	static const uint16_t was[] = {0x0000, 0x3000, 0x3002, 0x630e, 0xb000};

	for (unsigned i = 0; i < sizeof(was) / sizeof(was[0]); i++) {
		fresh(FAKE_PORTS);
		f.floats = true;
		f.last = was[i];
		assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
		says("no CS8900A at port 0x300");
	}
}

/* Memory gives back what is written: the id of a chip that was mapped there once is still in it. */
static void probe_sees_through_memory(void **state)
{
	fresh(FAKE_PORTS);
	f.ram = true;
	f.byte_ports[0xa / 2] = 0x3000;
	f.byte_ports[0xc / 2] = 0x630e;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("product number is 630Eh");
	fresh(FAKE_WINDOW); /* a page of one word */
	for (unsigned i = 0; i < 0x800; i++)
		f.page[i] = 0x630e;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("product number is 630Eh");
}

/* Section 2, product: E0FFh must be 0; every other one is another chip, whatever its revision. */
static void probe_knows_the_product(void **state)
{
	for (uint32_t v = 0; v <= 0xffff; v += v < 0x400 ? 1 : 0x55) {
		fresh(v & 1 ? FAKE_PORTS : FAKE_WINDOW);
		f.page[1] = (uint16_t)v;
		assert_int_equal(cs_chip_probe(&c, &why), v & 0xe0ff ? -ENODEV : 0);
	}
}

/* Two bytes that changed places on the way, as on a board wired the other way round. */
static void probe_names_swapped_bytes(void **state)
{
	fresh(FAKE_WINDOW);
	f.page[0] = 0x0e63;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("0E63h");
	says("bytes are swapped");
}

static void probe_leaves_others_alone(void **state)
{
	fresh(FAKE_PORTS);
	f.pulled = true;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("no CS8900A at port 0x300");
	says("nothing answers");
	assert_int_equal(writes(), 0);
	fresh(FAKE_PORTS);
	f.pointer = 0x1234;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("reads 1234h");
	assert_int_equal(writes(), 0);
	fresh(FAKE_PORTS);
	f.page[0] = 0x8029;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("630Eh and is 8029h");
	fresh(FAKE_WINDOW);
	f.pulled = true;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("nothing answers");
}

static void probe_names_the_wrong_chip(void **state)
{
	fresh(FAKE_PORTS);
	f.page[1] = 0x4600;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("CS8920");
	fresh(FAKE_PORTS);
	f.page[1] = 0x6900;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("CS8920");
	fresh(FAKE_PORTS);
	f.page[1] = 0x0942;
	assert_int_equal(cs_chip_probe(&c, &why), -ENODEV);
	says("product number is 0942h");
}

/* Section 4: RESET, no access for 10 to 30 ms, byte reads of +A and +B, then INITD. */
static void reset_keeps_its_hands_off(void **state)
{
	int at;

	fresh(FAKE_PORTS);
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	assert_int_equal(c.count.resets, 1);
	at = fake_find(&f, 0, 'w', 0x114);
	assert_true(at >= 0 && f.log[at].value & 0x40);
	assert_true(f.log[at + 1].when >= f.log[at].when + 10000000);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(f.log[at + 1 + i].what, 'b');
		assert_int_equal(f.log[at + 1 + i].at, 0xa + i % 2);
	}
}

static void reset_gives_up_in_time(void **state)
{
	fresh(FAKE_PORTS);
	f.page[0x136 / 2] = 0x0016;
	assert_int_equal(cs_chip_reset(&c, &why), -ETIMEDOUT);
	says("INITD stays 0");
	assert_true(f.now >= 200000000 && f.now < 1000000000);
	fresh(FAKE_PORTS);
	f.page[0x136 / 2] = 0x0196;
	assert_int_equal(cs_chip_reset(&c, &why), -ETIMEDOUT);
	says("SIBUSY stays set");
	fresh(FAKE_PORTS);
	f.page[0x136 / 2] = 0xffff;
	assert_int_equal(cs_chip_reset(&c, &why), -ENODEV);
	says("another I/O base");
	assert_true(c.gone);
}

/* SelfST is right, but what stands beside it is no chip's: another I/O base, and other hardware there. */
static void reset_looks_who_is_there(void **state)
{
	fresh(FAKE_PORTS);
	f.page[0] = 0x8029;
	assert_int_equal(cs_chip_reset(&c, &why), -ENODEV);
	says("does not answer after its reset");
	assert_true(c.gone);
}

/* What came before it is of another life: reports not yet consumed, and words that were garbage. */
static void reset_begins_anew(void **state)
{
	isq((const uint16_t[]){0x0504}, 1);
	assert_int_equal(cs_tx_event(&c, false), 0);
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	assert_int_equal(cs_rx_event(&c), 0);
	isq((const uint16_t[]){0x0108, 0x0504}, 2);
	assert_int_equal(cs_rx_event(&c), 0x0504);
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	assert_int_equal(cs_tx_event(&c, false), 0);

	ready(FAKE_PORTS);
	for (unsigned life = 0; life < 2; life++) {
		assert_int_equal(cs_chip_reset(&c, &why), 0);
		f.page[0x124 / 2] = 0x0509;
		for (unsigned i = 0; i < 60; i++)
			assert_int_equal(cs_rx_event(&c), 0);
		assert_false(c.gone);
	}
}

/* A chip that is not ready at first, but in time. */
static void reset_waits(void **state)
{
	fresh(FAKE_PORTS);
	f.stream_addr = 0x136;
	memcpy(f.stream, (uint16_t[]){0x0016, 0x0116, 0x0196}, 6);
	f.nb_stream = 3;
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	assert_int_equal(fake_count(&f, 'r', 0x136), 4);
}

/* Section 12: base to 002Ch and 002Eh, then MemoryE, which is bit A. */
static void opens_the_window(void **state)
{
	int low, high, on;

	fresh(FAKE_BOTH);
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	low = fake_find(&f, 0, 'w', 0x2c);
	high = fake_find(&f, 0, 'w', 0x2e);
	on = fake_find(&f, 0, 'w', 0x116);
	assert_true(low >= 0 && high >= 0 && on > low && on > high);
	assert_int_equal(f.log[low].value, 0x0000);
	assert_int_equal(f.log[high].value, 0x000d);
	assert_int_equal(f.log[on].value & 0x400, 0x400);
	assert_true(c.window);

	fresh(FAKE_BOTH); /* memory of something else lies there */
	f.elsewhere = true;
	assert_int_equal(cs_chip_reset(&c, &why), -ENODEV);
	says("does not show its memory window at 0xd0000 (id 00FFh there");
	assert_false(c.window);
}

/* Through the window alone the chip must not be reset: that would shut it. */
static void window_alone_is_never_reset(void **state)
{
	static const uint16_t set[][2] = {{0x102, 0x7103}, {0x104, 0x0d05}, {0x106, 0x87c7},
		{0x10a, 0x320b}, {0x112, 0x00d3}, {0x118, 0x4019}};

	fresh(FAKE_WINDOW);
	for (unsigned i = 0; i < 6; i++)
		f.page[set[i][0] / 2] = set[i][1];
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	assert_int_equal(fake_count(&f, 'W', 0x114), 0);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(f.page[set[i][0] / 2], set[i][1] & 0x3f);
	/* Section 7: Force drops what waits to be sent; section 3: Skip_1 what was received */
	assert_int_equal(f.page[0x144 / 2] & 0x100, 0x100);
	assert_int_equal(f.page[0x146 / 2], 0);
	assert_int_equal(f.log[fake_find(&f, 0, 'W', 0x102)].value & 0x40, 0x40);
	f.pulled = true;
	assert_int_equal(cs_chip_reset(&c, &why), -ENODEV);
	says("does not answer");
	assert_int_equal(cs_chip_reset(&c, &why), -ENODEV);
	says("is gone");
}

/* Section 3.1: AUIonly is bit 8, automatic bit 9; 7: transmit order; FDX is TestCTL bit E. */
static void line_bits(void **state)
{
	static const uint16_t of[] = {[CS_MEDIA_AUTO] = 0x200, [CS_MEDIA_10BT] = 0,
		[CS_MEDIA_AUI] = 0x100, [CS_MEDIA_10B2] = 0x100};

	for (unsigned m = 0; m < 4; m++) {
		ready(FAKE_PORTS);
		cs_line_setup(&c, m, m & 1);
		assert_int_equal(f.page[0x112 / 2] & 0xffc0, of[m]);
		assert_int_equal(f.page[0x118 / 2] & 0xffc0, m & 1 ? 0x4000 : 0);
		assert_int_equal(fake_count(&f, 'w', 0x114), m == CS_MEDIA_10B2);
		cs_line_on(&c, true, true);
		assert_int_equal(f.page[0x112 / 2] & 0xffc0, of[m] | 0xc0);
		cs_line_on(&c, false, true);
		assert_int_equal(f.page[0x112 / 2] & 0xffc0, of[m] | 0x80);
	}
}

/* Section 3.1: HC1E makes HCB1 a pin; section 11: the EEPROM says which way round the converter is. */
static void line_by_eeprom(void **state)
{
	ready(FAKE_PORTS);
	cs_line_setup(&c, CS_MEDIA_10B2, false);
	assert_int_equal(f.page[0x114 / 2] & 0xffc0, 0xa000);
	assert_int_equal(f.page[0x112 / 2] & 0xffc0, 0x0100);
	c.eeprom.driver_ok = true;
	c.eeprom.driver[0x24 - 0x1c] = 0x4080; /* low squelch, inverted converter */
	cs_line_setup(&c, CS_MEDIA_10B2, false);
	assert_int_equal(f.page[0x114 / 2] & 0xffc0, 0x2000);
	assert_int_equal(f.page[0x112 / 2] & 0xffc0, 0x4100);
	c.eeprom.driver_ok = false; /* a block with a wrong sum says nothing */
	cs_line_setup(&c, CS_MEDIA_10B2, false);
	assert_int_equal(f.page[0x114 / 2] & 0xffc0, 0xa000);
	assert_int_equal(f.page[0x112 / 2] & 0xffc0, 0x0100);
}

static void link_by_medium(void **state)
{
	ready(FAKE_PORTS);
	cs_line_setup(&c, CS_MEDIA_AUI, false);
	f.page[0x134 / 2] = 0x0014; /* no link test there, and the receiver saw nothing yet */
	assert_int_equal(cs_line_link(&c), CS_LINK_AUI);
	ready(FAKE_PORTS);
	cs_line_setup(&c, CS_MEDIA_10BT, false);
	assert_int_equal(cs_line_link(&c), CS_LINK_10BT);
	f.page[0x134 / 2] = 0x0214;
	assert_int_equal(cs_line_link(&c), CS_LINK_DOWN);
	f.page[0x134 / 2] = 0x0114;
	assert_int_equal(cs_line_link(&c), CS_LINK_AUI);
	f.pulled = true;
	assert_int_equal(cs_line_link(&c), CS_LINK_DOWN);
	assert_true(c.gone);
}

/* Section 10, with the computed indexes that stand there. */
static void hash_of_addresses(void **state)
{
	static const struct {
		uint8_t addr[6];
		unsigned bit;
	} of[] = {
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 47}, {{3, 0, 0, 0, 0, 1}, 47},
		{{1, 0, 0x5e, 0, 0, 1}, 54}, {{1, 0, 0x5e, 0, 0, 0xfb}, 33},
		{{1, 0x80, 0xc2, 0, 0, 0}, 58}, {{1, 0x80, 0xc2, 0, 0, 1}, 39},
		{{0x33, 0x33, 0, 0, 0, 1}, 23}, {{0x33, 0x33, 0xff, 0, 0, 1}, 32},
		{{0, 1, 2, 3, 4, 5}, 51}, {{2, 0, 0, 0, 0, 1}, 29},
	};

	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		assert_int_equal(cs_hash(of[i].addr), of[i].bit);
}

static void filter_registers(void **state)
{
	struct cs_filter t = {.hash = UINT64_C(1) << 47 | 1, .mac = {0, 0x11, 0x22, 0x33, 0x44, 0x55}};
	int off, set, on;

	ready(FAKE_PORTS);
	cs_line_on(&c, true, true);
	f.n = 0;
	cs_filter_set(&c, &t);
	assert_int_equal(f.page[0x150 / 2], 0x0001);
	assert_int_equal(f.page[0x154 / 2], 0x8000);
	assert_int_equal(f.page[0x158 / 2], 0x1100);
	assert_int_equal(f.page[0x15a / 2], 0x3322);
	assert_int_equal(f.page[0x15c / 2], 0x5544);
	assert_int_equal(f.page[0x104 / 2], 0x0f05);
	off = fake_find(&f, 0, 'w', 0x112);
	set = fake_find(&f, 0, 'w', 0x104);
	on = fake_find(&f, (unsigned)set, 'w', 0x112);
	assert_true(off < set && set < on);
	assert_int_equal(f.log[off].value & 0x40, 0);
	assert_int_equal(f.log[on].value & 0xc0, 0xc0);

	t = (struct cs_filter){0};
	cs_filter_set(&c, &t);
	assert_int_equal(f.page[0x104 / 2], 0x0d05);
	t.all_multicast = true; /* MulticastA alone, with an empty filter, lets nothing through */
	cs_filter_set(&c, &t);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(f.page[0x150 / 2 + i], 0xffff);
	assert_int_equal(f.page[0x104 / 2], 0x0f05);
	t = (struct cs_filter){.promiscuous = true};
	cs_filter_set(&c, &t);
	assert_int_equal(f.page[0x104 / 2], 0x0d85);
}

/* Section 7: TxCMD, TxLength, BusST, then the words. */
static void transmits_in_order(void **state)
{
	const uint16_t words[3] = {0x1111, 0x2222, 0x3333};

	ready(FAKE_PORTS);
	cs_tx_bid(&c, 60);
	assert_int_equal(cs_tx_granted(&c), 0);
	f.page[0x138 / 2] = 0x0118;
	assert_int_equal(cs_tx_granted(&c), 1);
	cs_tx_write(&c, words, 3);
	int cmd = fake_find(&f, 0, 'o', 0x4), len = fake_find(&f, 0, 'o', 0x6),
		st = fake_find(&f, 0, 'r', 0x138), data = fake_find(&f, 0, 'o', 0x0);
	assert_true(cmd >= 0 && cmd < len && len < st && st < data);
	assert_int_equal(f.log[cmd].value, 0x00c0);
	assert_int_equal(f.log[len].value, 60);
	assert_int_equal(f.log[data].value, 0x1111);
	f.page[0x138 / 2] = 0x0098;
	assert_int_equal(cs_tx_granted(&c), -EMSGSIZE);
	assert_int_equal(c.count.tx_bid_error, 1);

	ready(FAKE_WINDOW);
	cs_tx_bid(&c, 61);
	cs_tx_write(&c, words, 2);
	assert_int_equal(f.page[0x144 / 2], 0x00c0);
	assert_int_equal(f.page[0x146 / 2], 61);
	assert_int_equal(f.page[0xa00 / 2], 0x1111);
	assert_int_equal(f.page[0xa02 / 2], 0x2222);
}

static void ends_of_frames(void **state)
{
	static const struct {
		uint16_t event;
		size_t counter;
	} of[] = {
		{0x0108, offsetof(struct cs_counts, tx_ok)},
		{0x1908, offsetof(struct cs_counts, tx_collided)},
		{0x0208, offsetof(struct cs_counts, tx_out_of_window)},
		{0x0408, offsetof(struct cs_counts, tx_jabber)},
		{0x8008, offsetof(struct cs_counts, tx_16coll)},
		{0x0148, offsetof(struct cs_counts, tx_loss_of_crs)},
		{0x0188, offsetof(struct cs_counts, tx_sqe)},
		{0x0808, offsetof(struct cs_counts, tx_unknown)},
	};

	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		uint64_t n;

		ready(FAKE_PORTS);
		assert_int_equal(cs_tx_event(&c, false), 0);
		f.page[0x128 / 2] = of[i].event;
		assert_int_equal(cs_tx_event(&c, false), of[i].event);
		memcpy(&n, (uint8_t *)&c.count + of[i].counter, sizeof(n));
		assert_int_equal(n, 1);
		assert_int_equal(cs_tx_is_ok(of[i].event), !!(of[i].event & 0x100));
	}
}

/* Section 7: the third underrun raises the threshold to 381 bytes, the sixth to the frame. */
static void underruns_raise_the_threshold(void **state)
{
	static const uint16_t cmd[] = {0x0000, 0x0000, 0x0040, 0x0040, 0x0040, 0x00c0};

	ready(FAKE_PORTS);
	c.txstart = 0x0000;
	for (unsigned i = 0; i < 6; i++) {
		f.page[0x12c / 2] = 0x020c;
		assert_true(cs_tx_is_underrun(cs_tx_event(&c, false)));
		assert_int_equal(c.txstart, cmd[i]);
	}
	assert_int_equal(c.count.tx_underrun, 6);
	f.n = 0; /* with the whole frame in the chip none can be: BufEvent is not asked for */
	assert_int_equal(cs_tx_event(&c, false), 0);
	assert_int_equal(fake_count(&f, 'r', 0x12c), 0);
	f.page[0x12c / 2] = 0x020c; /* but for a frame that does not end */
	assert_true(cs_tx_is_underrun(cs_tx_event(&c, true)));
}

static void receives(void **state)
{
	uint8_t got[8];

	ready(FAKE_PORTS);
	memcpy(f.data, (uint16_t[]){0x0504, 0x0005, 0x2211, 0x4433, 0xee55}, 10);
	f.nb_data = 5;
	f.page[0x124 / 2] = 0x0504;
	assert_int_equal(cs_rx_event(&c), 0x0504);
	assert_int_equal(cs_rx_begin(&c), 5);
	memset(got, 0, sizeof(got));
	cs_rx_read(&c, got, 5);
	assert_memory_equal(got, "\x11\x22\x33\x44\x55\0\0\0", 8);

	ready(FAKE_WINDOW);
	f.page[0x400 / 2] = 0x0504;
	f.page[0x402 / 2] = 6;
	memcpy(&f.page[0x404 / 2], "abcdef", 6);
	assert_int_equal(cs_rx_begin(&c), 6);
	cs_rx_read(&c, got, 4);
	cs_rx_read(&c, got + 4, 2);
	assert_memory_equal(got, "abcdef", 6);
}

static void counts_bad_frames(void **state)
{
	ready(FAKE_PORTS);
	f.page[0x124 / 2] = 0x1004;
	assert_int_equal(cs_rx_event(&c), 0x1004);
	f.page[0x124 / 2] = 0x2004;
	cs_rx_event(&c);
	f.page[0x124 / 2] = 0x5004; /* too long, and so the CRC is bad, too */
	cs_rx_event(&c);
	f.page[0x124 / 2] = 0x1084;
	cs_rx_event(&c);
	f.page[0x124 / 2] = 0xdb04; /* RxOK and Hashed: the upper bits are an index */
	cs_rx_event(&c);
	assert_int_equal(c.count.rx_bad, 4);
	assert_int_equal(c.count.rx_crc, 2);
	assert_int_equal(c.count.rx_runt, 1);
	assert_int_equal(c.count.rx_extra, 1);
	assert_int_equal(c.count.rx_dribble, 1);
}

static void counters_add_up(void **state)
{
	ready(FAKE_PORTS);
	f.page[0x130 / 2] = 0xffd0; /* 1023 */
	f.page[0x132 / 2] = 0x0052; /* 1 */
	cs_counters(&c);
	cs_counters(&c);
	assert_int_equal(c.count.rx_missed, 2046);
	assert_int_equal(c.count.tx_collisions, 2);
}

/* Section 6: reports in any order; after one of a frame the queue is left until it is read. */
static void isq_is_drained(void **state)
{
	isq((const uint16_t[]){0x0090, 0x0108, 0x00d2, 0x0504, 0x0408}, 5);
	/* every end of a frame, an underrun, and both counters before they run over */
	assert_int_equal(f.page[0x102 / 2], 0x7103);
	assert_int_equal(f.page[0x106 / 2], 0x87c7);
	assert_int_equal(f.page[0x10a / 2], 0x320b);
	assert_int_equal(cs_rx_event(&c), 0x0504);
	assert_int_equal(f.isq_at, 4);
	assert_int_equal(cs_tx_event(&c, false), 0x0108);
	assert_int_equal(c.count.rx_missed, 2);
	assert_int_equal(c.count.tx_collisions, 3);
	assert_int_equal(cs_rx_event(&c), 0);
	assert_int_equal(cs_tx_event(&c, false), 0x0408);
	assert_int_equal(cs_tx_event(&c, false), 0);
}

/* A frame that waits must not hide that the transmitter is ready. */
static void isq_asks_past_a_frame(void **state)
{
	isq((const uint16_t[]){0x0504, 0x0108}, 2);
	assert_int_equal(cs_tx_event(&c, false), 0);
	assert_int_equal(f.isq_at, 1);
	f.page[0x128 / 2] = 0x0108;
	assert_int_equal(cs_tx_event(&c, false), 0x0108);
	assert_int_equal(cs_rx_event(&c), 0x0504);
}

/* Of one frame both can be told; the second must not be taken for the next frame's end. */
static void isq_underrun_is_one_end(void **state)
{
	isq((const uint16_t[]){0x020c}, 1);
	assert_true(cs_tx_is_underrun(cs_tx_event(&c, false)));
	assert_int_equal(fake_count(&f, 'r', 0x128), 1);
	assert_int_equal(c.count.tx_underrun, 1);
}

static void isq_never_ends(void **state)
{
	uint16_t same[64];

	for (unsigned i = 0; i < 64; i++)
		same[i] = 0x0090;
	isq(same, 64);
	assert_int_equal(cs_rx_event(&c), 0);
	assert_true(f.isq_at <= 16);
	isq((const uint16_t[]){0x0ac1}, 1);
	assert_int_equal(cs_rx_event(&c), 0);
	assert_int_equal(c.count.garbage, 1);
	assert_false(c.gone);
}

/* All ones from everywhere: each call ends at once, says nothing is there, and it stays so. */
static void card_is_pulled(void **state)
{
	for (unsigned poll = 0; poll < 2; poll++) {
		ready(FAKE_PORTS);
		c.poll = poll;
		f.pulled = true;
		assert_int_equal(cs_rx_event(&c), 0);
		assert_true(c.gone);
		assert_true(f.n < 8);
		f.n = 0;
		assert_int_equal(cs_rx_event(&c), 0);
		assert_int_equal(cs_tx_event(&c, false), 0);
		assert_int_equal(cs_tx_granted(&c), -EIO);
		cs_counters(&c);
		cs_rx_skip(&c);
		cs_filter_set(&c, &(struct cs_filter){0});
		assert_int_equal(f.n, 0);
		assert_int_equal(c.count.rx_missed, 0);
	}
	ready(FAKE_PORTS);
	f.pulled = true;
	assert_int_equal(cs_tx_event(&c, false), 0);
	assert_true(c.gone);
	ready(FAKE_PORTS);
	f.pulled = true;
	assert_int_equal(cs_tx_granted(&c), -EIO);
	assert_true(c.gone);
	ready(FAKE_PORTS);
	f.pulled = true;
	assert_int_equal(cs_rx_begin(&c), -EIO);
	assert_true(c.gone);
}

/* A bad word now and then is counted; a bus that gives nothing else is given up. */
static void garbage_is_counted(void **state)
{
	ready(FAKE_PORTS);
	f.page[0x124 / 2] = 0x0509;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(cs_rx_event(&c), 0);
	assert_int_equal(c.count.garbage, 10);
	assert_false(c.gone);
	f.page[0x124 / 2] = 0x0504;
	assert_int_equal(cs_rx_event(&c), 0x0504);
	f.page[0x124 / 2] = 0x0509;
	for (unsigned i = 0; i < 200 && !c.gone; i++)
		cs_rx_event(&c);
	assert_true(c.gone);
	assert_int_equal(c.count.garbage, 10 + 64); /* so many in a row */
	for (unsigned i = 0; i < 4; i++) {
		static const uint16_t heads[4][2] = {
			{0x0504, 1519}, {0x0504, 0}, {0x0004, 60}, {0x0508, 60}};

		ready(FAKE_PORTS);
		memcpy(f.data, heads[i], 4);
		f.nb_data = 2;
		assert_int_equal(cs_rx_begin(&c), -EIO);
		assert_false(c.gone);
		cs_rx_skip(&c);
		assert_int_equal(f.log[fake_find(&f, 0, 'w', 0x102)].value & 0x40, 0x40);
	}
}

/* Section 5, all ones: what is read of a frame after the card went is none; a frame may end in ones. */
static void half_a_frame_is_none(void **state)
{
	uint16_t words[32];

	for (unsigned len = 60; len < 62; len++) {
		ready(FAKE_PORTS);
		f.data[0] = 0x0504;
		f.data[1] = (uint16_t)len;
		for (unsigned i = 2; i < 33; i++)
			f.data[i] = 0xffff;
		f.nb_data = 33;
		assert_int_equal(cs_rx_begin(&c), len);
		cs_rx_read(&c, words, len);
		assert_true(cs_rx_whole(&c));
		assert_false(c.gone);
		f.data_at = 2;
		cs_rx_read(&c, words, 30);
		f.pulled = true;
		cs_rx_read(&c, words, len - 30);
		assert_false(cs_rx_whole(&c));
		assert_true(c.gone);
	}
	ready(FAKE_PORTS);
	f.data[0] = 0x0504;
	f.data[1] = 60;
	f.nb_data = 32;
	assert_int_equal(cs_rx_begin(&c), 60);
	f.n = 0;
	cs_rx_read(&c, words, 60);
	assert_true(cs_rx_whole(&c));
	assert_int_equal(f.n, 30); /* and costs no access where there is no doubt */
	f.pulled = true; /* of 61 bytes, before the last one */
	cs_rx_read(&c, words, 1);
	assert_false(cs_rx_whole(&c));
}

/* The same register again is one access to a port; after a reset, or another register, the pointer is
 * set anew. Section 1: without bit F the same word again and again. */
static void polls_by_one_access(void **state)
{
	uint16_t v;

	ready(FAKE_PORTS);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(cs_rx_event(&c), 0);
	assert_int_equal(fake_count(&f, 'o', 0xa), 1);
	assert_int_equal(fake_count(&f, 'r', 0x124), 10);
	assert_int_equal(f.n, 11);
	cs_page_read(&c, 0x136);
	assert_int_equal(cs_rx_event(&c), 0);
	assert_int_equal(fake_count(&f, 'r', 0x124), 11);
	cs_page_write(&c, 0x102, 0);
	assert_int_equal(cs_rx_event(&c), 0);
	assert_int_equal(fake_count(&f, 'r', 0x124), 12);
	assert_int_equal(cs_chip_reset(&c, &why), 0);
	assert_int_equal(cs_rx_event(&c), 0);
	assert_int_equal(fake_count(&f, 'r', 0x124), 13);
	/* a chip that was reset by itself points at 0000h: one word that is of no RxEvent, then right */
	f.pointer = 0x3000;
	f.page[0x124 / 2] = 0x0504;
	assert_int_equal(cs_rx_event(&c), 0);
	assert_int_equal(c.count.garbage, 1);
	assert_int_equal(cs_rx_event(&c), 0x0504);
	assert_false(c.gone);
	assert_true(cs_status_read(&c, 0x130, &v));
	assert_int_equal(v, 0x0010);
}

/* Reading RxEvent for a report would lose a frame. */
static void dump_disturbs_nothing(void **state)
{
	uint16_t words[CS_DUMP_WORDS];

	ready(FAKE_PORTS);
	f.page[0x124 / 2] = 0x0504;
	cs_rx_event(&c);
	f.page[0x124 / 2] = 0x0904;
	f.page[0x130 / 2] = 0x0050;
	f.n = 0;
	cs_dump(&c, words);
	assert_int_equal(words[0x124 / 2], 0x0504);
	assert_int_equal(words[0x130 / 2], 0x0050);
	assert_int_equal(c.count.rx_missed, 1);
	assert_int_equal(fake_count(&f, 'r', 0x130), 1); /* for the count, and not once more */
	assert_int_equal(fake_count(&f, 'r', 0x132), 1);
	assert_int_equal(words[0], 0x630e);
	assert_int_equal(words[0x136 / 2], 0x0096);
	static const uint16_t never[] = {0x120, 0x124, 0x128, 0x12c, 0x13c, 0x28, 0x2a, 0x400};
	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(fake_count(&f, 'r', never[i]), 0);
	assert_int_equal(writes() > 0, 1); /* the pointer only: */
	for (unsigned i = 0; i < f.n; i++)
		assert_true(f.log[i].what != 'w');
	assert_string_equal(cs_dump_name(0x104), "RxCTL");
	assert_null(cs_dump_name(0x148));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe_finds_the_chip),
		cmocka_unit_test(probe_leaves_others_alone),
		cmocka_unit_test(probe_knows_the_pointer),
		cmocka_unit_test(probe_sees_through_a_floating_bus),
		cmocka_unit_test(probe_sees_through_memory),
		cmocka_unit_test(probe_knows_the_product),
		cmocka_unit_test(probe_names_swapped_bytes),
		cmocka_unit_test(probe_names_the_wrong_chip),
		cmocka_unit_test(reset_keeps_its_hands_off),
		cmocka_unit_test(reset_gives_up_in_time),
		cmocka_unit_test(reset_waits),
		cmocka_unit_test(reset_looks_who_is_there),
		cmocka_unit_test(reset_begins_anew),
		cmocka_unit_test(opens_the_window),
		cmocka_unit_test(window_alone_is_never_reset),
		cmocka_unit_test(line_bits),
		cmocka_unit_test(line_by_eeprom),
		cmocka_unit_test(link_by_medium),
		cmocka_unit_test(hash_of_addresses),
		cmocka_unit_test(filter_registers),
		cmocka_unit_test(transmits_in_order),
		cmocka_unit_test(ends_of_frames),
		cmocka_unit_test(underruns_raise_the_threshold),
		cmocka_unit_test(receives),
		cmocka_unit_test(counts_bad_frames),
		cmocka_unit_test(counters_add_up),
		cmocka_unit_test(isq_is_drained),
		cmocka_unit_test(isq_asks_past_a_frame),
		cmocka_unit_test(isq_underrun_is_one_end),
		cmocka_unit_test(isq_never_ends),
		cmocka_unit_test(card_is_pulled),
		cmocka_unit_test(garbage_is_counted),
		cmocka_unit_test(half_a_frame_is_none),
		cmocka_unit_test(polls_by_one_access),
		cmocka_unit_test(dump_disturbs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
