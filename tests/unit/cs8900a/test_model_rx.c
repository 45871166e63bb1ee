/* SPDX-License-Identifier: BSD-3-Clause */
/* Reception, layout, commit and skip, early receive, RxMISS: sections 3.2, 8, 9; checks 41-43, 47-56. */
#include "chip.h"

static const uint8_t foreign[6] = { 0x02, 0, 0, 0, 0, 9 };

static struct chip *up(uint16_t rxctl, uint16_t rxcfg)
{
	struct chip *c = chip_up(NULL);

	chip_open(c, rxctl, rxcfg);
	return c;
}

/* Check 41, section 8: ISQ 0504h; RxStatus, RxLength, thirty words from port 0; then it is gone. */
static void own_frame(void **state)
{
	struct chip *c = up(0x0D00, 0x0100);

	chip_give(c, chip_mac, 60);
	assert_int_equal(in16(c, 0x8), 0x0504);
	assert_int_equal(in16(c, 0x0), 0x0504);
	assert_int_equal(in16(c, 0x0), 0x003C);
	assert_int_equal(in16(c, 0x0), 0x1100); /* octet 0 is the low byte */
	for (unsigned i = 1; i < 30; i++)
		in16(c, 0x0);
	assert_int_equal(in16(c, 0x0), 0x0000);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
}

/* The frame is there when its last bit is: 6.4 us of preamble and 0.8 us a byte, CRC included. */
static void arrival_time(void **state)
{
	struct chip *c = up(0x0D00, 0);

	chip_us(c, 100);
	chip_frame(c, chip_mac, 60);
	chip_wait(c, 57599);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_wait(c, 1);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_down(c);
}

/* Check 42: with BufferCRC the length has four bytes more, and they are the CRC. */
static void buffer_crc(void **state)
{
	struct chip *c = up(0x0D00, 0x0800);
	uint8_t frame[64];
	uint32_t crc;

	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	assert_int_equal(in16(c, 0x0), 0x0504);
	assert_int_equal(in16(c, 0x0), 0x0040);
	for (unsigned i = 0; i < 64; i += 2) {
		uint16_t v = in16(c, 0x0);

		frame[i] = (uint8_t)v;
		frame[i + 1] = (uint8_t)(v >> 8);
	}
	crc = chip_crc(frame, 60);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(frame[60 + i], (uint8_t)(crc >> 8 * i));
	chip_down(c);
}

/* Section 8: odd length, the last byte in the low half; every length comes whole. */
static void every_length(void **state)
{
	struct chip *c = up(0x0D00, 0);

	for (unsigned len = 60; len <= 1514; len++) {
		chip_give(c, chip_mac, len);
		assert_int_equal(rd(c, 0x0124), 0x0504);
		assert_int_equal(chip_take(c, len), 0x0504);
		assert_int_equal(in16(c, 0x0), 0);
	}
	chip_down(c);
}

/* Check 43: broadcast by BroadcastA. */
static void broadcast(void **state)
{
	struct chip *c = up(0x0D00, 0x0100);

	chip_give(c, chip_everybody, 60);
	assert_int_equal(rd(c, 0x0124), 0x0904);
	assert_int_equal(chip_take(c, 60), 0x0904);
	wr(c, 0x0104, 0x0500);
	chip_give(c, chip_everybody, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	assert_int_equal(in16(c, 0x8), 0x0000);
	chip_down(c);
}

/* Check 47: PromiscuousA takes a foreign address, but only together with RxOKA. */
static void promiscuous(void **state)
{
	struct chip *c = up(0x0D00, 0);

	chip_give(c, foreign, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	wr(c, 0x0104, 0x0180);
	chip_give(c, foreign, 60);
	assert_int_equal(rd(c, 0x0124), 0x0104);
	assert_int_equal(chip_take(c, 60), 0x0104);
	wr(c, 0x0104, 0x0080);
	chip_give(c, foreign, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
}

/* Check 48: a bad CRC is reported (iE) but not delivered; the next good frame is. */
static void crc_error_reported(void **state)
{
	struct chip *c = up(0x0D00, 0x1100);

	chip_frame(c, chip_mac, 60)->bad_crc = true;
	chip_us(c, 100);
	assert_int_equal(in16(c, 0x8), 0x1004);
	assert_int_equal(in16(c, 0x0), 0);
	chip_give(c, chip_mac, 80);
	assert_int_equal(in16(c, 0x8), 0x0504);
	chip_take(c, 80);
	assert_int_equal(in16(c, 0x8), 0x0000);
	wr(c, 0x0102, 0x0100); /* without iE it is not even told */
	chip_frame(c, chip_mac, 60)->bad_crc = true;
	chip_us(c, 100);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
}

/* Section 3.2: CRCerrorA delivers it; Dribble with CRCerror is an alignment error. */
static void crc_error_accepted(void **state)
{
	struct chip *c = up(0x1D00, 0);

	chip_frame(c, chip_mac, 60)->bad_crc = true;
	chip_us(c, 100);
	assert_int_equal(rd(c, 0x0124), 0x1004);
	assert_int_equal(chip_take(c, 60), 0x1004);
	chip_frame(c, chip_mac, 60)->bad_crc = true;
	c->end.in[(c->end.queued - 1) % CHIP_FRAMES].dribble = true;
	chip_us(c, 100);
	assert_int_equal(rd(c, 0x0124), 0x1084);
	chip_take(c, 60);
	chip_frame(c, chip_mac, 60)->dribble = true;
	chip_us(c, 100);
	assert_int_equal(rd(c, 0x0124), 0x0584);
	chip_down(c);
}

/* Check 49: RuntA delivers a good short frame; under eight bytes is no event at all. */
static void runts(void **state)
{
	struct chip *c = up(0x2D00, 0x2100);

	chip_give(c, chip_mac, 36); /* 40 on the wire */
	assert_int_equal(in16(c, 0x8), 0x2004);
	assert_int_equal(chip_take(c, 36), 0x2004);
	chip_frame(c, chip_mac, 7)->has_crc = true;
	chip_us(c, 100);
	assert_int_equal(in16(c, 0x8), 0x0000);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	wr(c, 0x0104, 0x0D00); /* refused, but told by RuntiE */
	chip_give(c, chip_mac, 36);
	assert_int_equal(in16(c, 0x8), 0x2004);
	assert_int_equal(in16(c, 0x0), 0);
	chip_down(c);
}

/* Section 3.1, RxOKA: 64 to 1518 bytes with CRC are good frames, one less or more is not. */
static void limits_of_a_good_frame(void **state)
{
	struct chip *c = up(0x0D00, 0x6000);

	chip_give(c, chip_mac, 59);
	assert_int_equal(rd(c, 0x0124), 0x2004);
	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_give(c, chip_mac, 1514);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_give(c, chip_mac, 1515);
	assert_int_equal(rd(c, 0x0124), 0x4004);
	chip_down(c);
}

/* Check 50: of a longer frame the first 1518 bytes. */
static void extra_data(void **state)
{
	struct chip *c = up(0x4D00, 0x4000);

	chip_give(c, chip_mac, 1600);
	assert_int_equal(in16(c, 0x8), 0x4004);
	assert_int_equal(chip_take(c, 1518), 0x4004);
	assert_int_equal(in16(c, 0x0), 0);
	wr(c, 0x0104, 0x0D00);
	chip_give(c, chip_mac, 1515); /* 1519 with CRC */
	assert_int_equal(in16(c, 0x8), 0x4004);
	assert_int_equal(in16(c, 0x0), 0);
	chip_down(c);
}

/* Check 51: Skip_1 after half a frame; check 52: the next RxEvent implies a skip. */
static void skips(void **state)
{
	struct cs8900a_model_stats stats;
	struct chip *c = up(0x0D00, 0);

	for (unsigned i = 0; i < 4; i++)
		chip_give(c, chip_mac, 100 + i);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	for (unsigned i = 0; i < 25; i++)
		in16(c, 0x0);
	wr(c, 0x0102, 0x0040);
	assert_int_equal(in16(c, 0x0), 0);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	assert_int_equal(chip_take(c, 101), 0x0504);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	assert_int_equal(chip_take(c, 103), 0x0504);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.rx_read, 2);
	assert_int_equal(stats.rx_skipped, 2);
	chip_down(c);
}

/* Section 9: without a further frame a second look at RxEvent costs nothing. */
static void second_look(void **state)
{
	struct chip *c = up(0x0D00, 0);

	chip_give(c, chip_mac, 100);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	assert_int_equal(chip_take(c, 100), 0x0504);
	chip_down(c);
}

/* Section 9: nothing is readable before its RxEvent was read. */
static void not_committed(void **state)
{
	struct chip *c = up(0x0D00, 0);

	chip_give(c, chip_mac, 100);
	assert_int_equal(in16(c, 0x0), 0);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	assert_int_equal(in16(c, 0x0), 0x0504);
	chip_down(c);
}

/* Check 53: RxStatus in the window does not clear, and is there after RxEvent was read. */
static void window_status(void **state)
{
	struct chip *c = up(0x0D00, 0);

	wr(c, 0x0116, 0x0400);
	chip_give(c, chip_mac, 60);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0124), 0x0504);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0400), 0x0504);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0400), 0x0504);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0402), 60);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0124), 0x0004);
	chip_down(c);
}

/* Check 54: below 118 bytes any order of even words; read in sequence to the end, the frame goes. */
static void window_order(void **state)
{
	struct cs8900a_model_stats stats;
	struct chip *c = up(0x0D00, 0);

	wr(c, 0x0116, 0x0400);
	chip_give(c, chip_mac, 400);
	rd(c, 0x0124);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0404 + 0x40) & 0xFF, chip_pattern(0x40));
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0404 + 2), 0x3322);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0404 + 0x74) & 0xFF, chip_pattern(0x74));
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.out_of_order, 0);
	cs8900a_model_mem_read16(c->m, 0x0404 + 0x76);
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.out_of_order, 1);
	for (unsigned i = 0; i < 400; i++)
		assert_int_equal(cs8900a_model_mem_read8(c->m, 0x0404 + i),
			i < 6 ? chip_mac[i] : chip_pattern(i));
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.rx_read, 1);
	assert_int_equal(cs8900a_model_mem_read16(c->m, 0x0404), 0);
	chip_down(c);
}

/* Section 1: 0400h and 0402h by the pointer consume them, port 0 goes on with the data. */
static void shared_cursor(void **state)
{
	struct chip *c = up(0x0D00, 0);

	chip_give(c, chip_mac, 60);
	rd(c, 0x0124);
	assert_int_equal(rd(c, 0x0400), 0x0504);
	assert_int_equal(rd(c, 0x0402), 60);
	assert_int_equal(in16(c, 0x0), 0x1100);
	assert_int_equal(in16(c, 0x2), 0x3322); /* the upper half of a 32-bit access */
	chip_down(c);
}

/* Section 4: on an 8-bit bus the header comes high byte first, the data low byte first. */
static void byte_port(void **state)
{
	struct cs8900a_model_stats stats;
	struct chip *c = up(0x0D00, 0);

	chip_give(c, chip_mac, 61);
	rd(c, 0x0124);
	assert_int_equal(cs8900a_model_io_read8(c->m, 1), 0x05);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0), 0x04);
	assert_int_equal(cs8900a_model_io_read8(c->m, 1), 0);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0), 61);
	for (unsigned i = 0; i < 61; i++)
		assert_int_equal(cs8900a_model_io_read8(c->m, i & 1),
			i < 6 ? chip_mac[i] : chip_pattern(i));
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.rx_read, 1);
	chip_down(c);
}

/* Check 55: memory full, one frame more: RxMISS 0050h, cleared by reading; BufEvent.RxMiss. */
static void overrun(void **state)
{
	struct cs8900a_model_stats stats;
	struct chip *c = up(0x0D00, 0);

	for (unsigned i = 0; i < 3; i++)
		chip_give(c, chip_mac, 1300);
	assert_int_equal(rd(c, 0x0130), 0x0010);
	chip_give(c, chip_mac, 1300);
	assert_int_equal(rd(c, 0x0130), 0x0050);
	assert_int_equal(rd(c, 0x0130), 0x0010);
	assert_int_equal(rd(c, 0x012C), 0x040C);
	assert_int_equal(rd(c, 0x012C), 0x000C);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(rd(c, 0x0124), 0x0504);
		chip_take(c, 1300);
	}
	assert_int_equal(rd(c, 0x0124), 0x0004);
	cs8900a_model_stats(c->m, &stats);
	assert_int_equal(stats.rx_frames, 4);
	assert_int_equal(stats.rx_accepted, 3);
	assert_int_equal(stats.rx_missed, 1);
	chip_down(c);
}

/* Section 7: the 4 KB are for both directions: what a bid holds, reception misses. */
static void shared_memory(void **state)
{
	struct chip *c = up(0x0D00, 0);

	chip_bid(c, 0x00C9, 1500);
	chip_give(c, chip_mac, 1300);
	chip_give(c, chip_mac, 1300); /* 1500 + 2 * 1304 is more than 4096 */
	assert_int_equal(rd(c, 0x0130), 0x0050);
	chip_fill(c, 0, 1500);
	chip_us(c, 2000);
	chip_give(c, chip_mac, 1300);
	chip_give(c, chip_mac, 1300);
	assert_int_equal(rd(c, 0x0130), 0x0010);
	chip_down(c);
}

/* Check 56: at 512 misses one report of number 10h; the count wraps after 3FFh. */
static void miss_counter(void **state)
{
	struct chip *c = up(0x0D00, 0);

	wr(c, 0x010A, 0x2000);
	for (unsigned i = 0; i < 3; i++)
		chip_give(c, chip_mac, 1350);
	for (unsigned i = 0; i < 511; i++)
		chip_give(c, chip_mac, 200);
	assert_int_equal(in16(c, 0x8), 0x0000);
	chip_give(c, chip_mac, 200);
	assert_int_equal(in16(c, 0x8), 0x8010);
	assert_int_equal(in16(c, 0x8), 0x0000);
	assert_int_equal(rd(c, 0x0130), 0x0010);
	wr(c, 0x010A, 0);
	for (unsigned i = 0; i < 1024; i++)
		chip_give(c, chip_mac, 200);
	assert_int_equal(rd(c, 0x0130), 0x0010);
	chip_give(c, chip_mac, 200);
	assert_int_equal(rd(c, 0x0130), 0x0050);
	chip_down(c);
}

/* Sections 3.2, 9: RxDest after the address, Rx128 after 128 bytes, 0050h counts, RxEvent at the end. */
static void early_receive(void **state)
{
	struct chip *c = up(0x0D00, 0x0100);

	wr(c, 0x010A, 0x8800);
	chip_us(c, 50);
	chip_frame(c, chip_mac, 1000);
	chip_wait(c, 6400 + 6 * 800);
	assert_int_equal(in16(c, 0x8), 0x800C);
	assert_int_equal(rd(c, 0x0050), 6);
	chip_wait(c, 121 * 800);
	assert_int_equal(in16(c, 0x8), 0x0000);
	chip_wait(c, 800);
	assert_int_equal(in16(c, 0x8), 0x080C);
	assert_int_equal(in16(c, 0x0) & 0x3F, 0x04);
	in16(c, 0x0);
	assert_int_equal(in16(c, 0x0), 0x1100);
	for (unsigned i = 2; i < 100; i += 2)
		in16(c, 0x0);
	chip_us(c, 1000);
	assert_int_equal(rd(c, 0x0050), 1000);
	assert_int_equal(rd(c, 0x0050), 0);
	assert_int_equal(in16(c, 0x8), 0x0504);
	assert_int_equal(in16(c, 0x0) & 0xFF, chip_pattern(100));
	for (unsigned i = 102; i < 1000; i += 2)
		assert_int_equal(in16(c, 0x0) & 0xFF, chip_pattern(i));
	assert_int_equal(in16(c, 0x0), 0);
	chip_down(c);
}

/* Section 9: read to its end before RxEvent was: RxEvent still tells, then the frame is gone. */
static void early_to_the_end(void **state)
{
	struct chip *c = up(0x0D00, 0x0100);

	wr(c, 0x010A, 0x8000);
	chip_frame(c, chip_mac, 200);
	chip_us(c, 15);
	assert_int_equal(in16(c, 0x8), 0x800C);
	chip_us(c, 200);
	for (unsigned i = 0; i < 102; i++)
		in16(c, 0x0);
	assert_int_equal(in16(c, 0x8), 0x0504);
	assert_int_equal(in16(c, 0x8), 0x0000);
	chip_give(c, chip_mac, 60);
	assert_int_equal(in16(c, 0x8), 0x0504);
	assert_int_equal(chip_take(c, 60), 0x0504);
	chip_down(c);
}

static struct {
	uint8_t ring[65536];
	unsigned channel, highest;
} host;

static void host_dma(void *arg, unsigned channel, uint32_t offset, const uint8_t *data,
	uint32_t len)
{
	host.channel = channel;
	assert_true(offset + len <= sizeof(host.ring));
	memcpy(host.ring + offset, data, len);
	if (offset + len > host.highest)
		host.highest = offset + len;
}

/*
 * Sections 2, 12: slave DMA: RxStatus, RxLength, data, each frame from a double word on; 0026h the
 * newest, 0028h the frames and 002Ah the bytes since they were read; RxDMAFrame stays until then.
 */
static void slave_dma(void **state)
{
	struct cs8900a_model_conf conf = { .dma = host_dma };
	struct chip *c = chip_up(&conf);

	memset(&host, 0, sizeof(host));
	chip_open(c, 0x0D00, 0x0200);
	wr(c, 0x0024, 2);
	wr(c, 0x010A, 0x0080);
	chip_give(c, chip_mac, 61);
	assert_int_equal(in16(c, 0x8), 0x008C);
	assert_int_equal(rd(c, 0x012C), 0x008C); /* reading does not clear it */
	assert_int_equal(in16(c, 0x8), 0x0000);
	chip_give(c, chip_mac, 100);
	assert_int_equal(rd(c, 0x0026), 68); /* 4 + 61, rounded up */
	assert_int_equal(rd(c, 0x0028), 2);
	assert_int_equal(rd(c, 0x0028), 0);
	assert_int_equal(rd(c, 0x002A), 65 + 104);
	assert_int_equal(rd(c, 0x002A), 0);
	assert_int_equal(rd(c, 0x012C), 0x000C);
	assert_int_equal(host.channel, 2);
	assert_int_equal(host.ring[0] | host.ring[1] << 8, 0x0504);
	assert_int_equal(host.ring[2] | host.ring[3] << 8, 61);
	assert_memory_equal(host.ring + 4, chip_mac, 6);
	assert_int_equal(host.ring[68 + 2], 100);
	assert_int_equal(host.ring[68 + 4 + 99], chip_pattern(99));
	for (unsigned i = 0; i < 12; i++)
		chip_give(c, chip_mac, 1514);
	assert_int_equal(host.highest, 16384); /* RxDMAsize 0: 16 KB, then from the start */
	wr(c, 0x0116, 0x0040);
	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0026), 0);
	assert_int_equal(rd(c, 0x0028), 1);
	wr(c, 0x0024, 3); /* no channel: nobody takes it */
	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0130), 0x0050);
	chip_down(c);
}

/* Section 3.1: AutoRxDMAE only when the packet memory is short. */
static void automatic_dma(void **state)
{
	struct cs8900a_model_conf conf = { .dma = host_dma };
	struct chip *c = chip_up(&conf);

	chip_open(c, 0x0D00, 0x0400);
	wr(c, 0x0024, 0);
	for (unsigned i = 0; i < 4; i++)
		chip_give(c, chip_mac, 1300);
	assert_int_equal(rd(c, 0x0028), 1);
	assert_int_equal(rd(c, 0x0130), 0x0010);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(rd(c, 0x0124), 0x0504);
		chip_take(c, 1300);
	}
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_down(c);
}

/* Section 9: early events are held back while a whole frame waits; a foreign one makes none. */
static void no_early_event(void **state)
{
	struct chip *c = up(0x0D00, 0);

	chip_frame(c, foreign, 1000);
	chip_us(c, 200);
	assert_int_equal(rd(c, 0x012C), 0x000C);
	chip_us(c, 1000);
	chip_give(c, chip_mac, 60);
	chip_frame(c, chip_mac, 1000);
	chip_us(c, 200);
	assert_int_equal(rd(c, 0x012C), 0x000C);
	chip_us(c, 1000);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_take(c, 60);
	chip_down(c);
}

/* Section 3.1: without SerRxON, or in the middle of a frame, nothing is received. */
static void receiver_off(void **state)
{
	struct chip *c = up(0x0D00, 0);

	wr(c, 0x0112, 0x0080);
	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_frame(c, chip_mac, 1000);
	chip_us(c, 300);
	wr(c, 0x0112, 0x00C0);
	chip_us(c, 1000);
	assert_int_equal(rd(c, 0x0124), 0x0004);
	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0124), 0x0504);
	chip_down(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_frame), cmocka_unit_test(arrival_time),
		cmocka_unit_test(buffer_crc), cmocka_unit_test(every_length),
		cmocka_unit_test(broadcast), cmocka_unit_test(promiscuous),
		cmocka_unit_test(crc_error_reported), cmocka_unit_test(crc_error_accepted),
		cmocka_unit_test(runts), cmocka_unit_test(extra_data), cmocka_unit_test(skips),
		cmocka_unit_test(second_look), cmocka_unit_test(not_committed),
		cmocka_unit_test(window_status), cmocka_unit_test(window_order),
		cmocka_unit_test(shared_cursor), cmocka_unit_test(byte_port),
		cmocka_unit_test(overrun), cmocka_unit_test(shared_memory),
		cmocka_unit_test(miss_counter), cmocka_unit_test(early_receive),
		cmocka_unit_test(limits_of_a_good_frame), cmocka_unit_test(early_to_the_end),
		cmocka_unit_test(slave_dma), cmocka_unit_test(automatic_dma),
		cmocka_unit_test(no_early_event), cmocka_unit_test(receiver_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
