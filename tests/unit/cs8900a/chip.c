/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "chip.h"

const uint8_t chip_mac[6] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55 };
const uint8_t chip_everybody[6] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };

static uint64_t clock_of(void *arg)
{
	return ((struct chip *)arg)->now;
}

static int end_receive(struct cs8900a_wire *wire, uint64_t now, struct cs8900a_wire_frame *f)
{
	struct chip_end *end = (struct chip_end *)wire;

	if (end->given == end->queued)
		return 0;
	*f = end->in[end->given++ % CHIP_FRAMES];
	return 1;
}

static void end_send(struct cs8900a_wire *wire, const struct cs8900a_wire_frame *f)
{
	struct chip_end *end = (struct chip_end *)wire;

	if (!end->sent++)
		end->first_end = f->at_ns;
	end->last = *f;
	end->last_end = f->at_ns;
	end->sent_bytes += f->len;
}

static bool end_link(struct cs8900a_wire *wire)
{
	return !((struct chip_end *)wire)->down;
}

static const struct cs8900a_wire_ops end_ops = {
	.receive = end_receive, .send = end_send, .link = end_link,
};

struct chip *chip_power(const struct cs8900a_model_conf *conf)
{
	struct chip *c = calloc(1, sizeof(*c));
	struct cs8900a_model_conf mine = { 0 };
	char err[200] = "";

	assert_non_null(c);
	c->now = 1000;
	c->end.wire.ops = &end_ops;
	if (conf)
		mine = *conf;
	mine.now_ns = clock_of;
	mine.now_arg = c;
	if (!mine.wire)
		mine.wire = &c->end.wire;
	c->m = cs8900a_model_create(&mine, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(c->m);
	return c;
}

struct chip *chip_up(const struct cs8900a_model_conf *conf)
{
	struct chip *c = chip_power(conf);

	chip_us(c, 20000);
	assert_int_equal(rd(c, 0x0136) & 0x0180, 0x0080); /* INITD, not SIBUSY: section 4 */
	return c;
}

void chip_down(struct chip *c)
{
	cs8900a_model_destroy(c->m);
	free(c);
}

void chip_wait(struct chip *c, uint64_t ns)
{
	c->now += ns;
	cs8900a_model_advance(c->m);
}

void chip_us(struct chip *c, uint64_t us)
{
	chip_wait(c, us * 1000);
}

uint16_t in16(struct chip *c, unsigned port)
{
	return cs8900a_model_io_read16(c->m, port);
}

void out16(struct chip *c, unsigned port, uint16_t value)
{
	cs8900a_model_io_write16(c->m, port, value);
}

uint16_t rd(struct chip *c, unsigned addr)
{
	out16(c, 0xA, (uint16_t)addr);
	return in16(c, 0xC);
}

void wr(struct chip *c, unsigned addr, uint16_t value)
{
	out16(c, 0xA, (uint16_t)addr);
	out16(c, 0xC, value);
}

void chip_open(struct chip *c, uint16_t rxctl, uint16_t rxcfg)
{
	wr(c, 0x0158, 0x1100);
	wr(c, 0x015A, 0x3322);
	wr(c, 0x015C, 0x5544);
	wr(c, 0x0104, rxctl);
	wr(c, 0x0102, rxcfg);
	wr(c, 0x0112, 0x00C0);
}

uint8_t chip_pattern(unsigned i)
{
	return (uint8_t)(i * 7 + i / 256);
}

struct cs8900a_wire_frame *chip_frame(struct chip *c, const uint8_t *da, unsigned len)
{
	struct cs8900a_wire_frame *f = &c->end.in[c->end.queued++ % CHIP_FRAMES];

	assert_true(c->end.queued - c->end.given <= CHIP_FRAMES);
	memset(f, 0, sizeof(*f));
	f->len = len;
	f->at_ns = c->now;
	for (unsigned i = 0; i < len; i++)
		f->data[i] = i < 6 ? da[i] : chip_pattern(i);
	return f;
}

void chip_give(struct chip *c, const uint8_t *da, unsigned len)
{
	chip_frame(c, da, len);
	chip_us(c, 20 + len);
}

void chip_bid(struct chip *c, uint16_t cmd, uint16_t len)
{
	out16(c, 0x4, cmd);
	out16(c, 0x6, len);
	assert_int_equal(rd(c, 0x0138), 0x0118); /* Rdy4TxNOW: check 20 */
}

void chip_fill(struct chip *c, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i += 2)
		out16(c, 0x0, (uint16_t)(chip_pattern(i) | chip_pattern(i + 1) << 8));
}

void chip_send(struct chip *c, uint16_t cmd, uint16_t len)
{
	chip_bid(c, cmd, len);
	chip_fill(c, 0, len);
	chip_us(c, 100 + len);
}

uint16_t chip_take(struct chip *c, unsigned len)
{
	uint16_t status = in16(c, 0x0);

	assert_int_equal(in16(c, 0x0), len);
	for (unsigned i = 0; i < len; i += 2) {
		uint16_t v = in16(c, 0x0);

		if (i >= 6)
			assert_int_equal(v & 0xFF, chip_pattern(i));
		if (i >= 6 && i + 1 < len)
			assert_int_equal(v >> 8, chip_pattern(i + 1));
	}
	return status;
}

/* Bit by bit, another way than the model's. */
uint32_t chip_crc(const uint8_t *data, unsigned len)
{
	uint32_t crc = 0xFFFFFFFF;

	for (unsigned i = 0; i < len * 8; i++) {
		uint32_t in = data[i / 8] >> i % 8 & 1;

		crc = (crc & 1) ^ in ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
	}
	return ~crc;
}
