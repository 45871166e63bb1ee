/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Taking the received frame out of the chip: status, length, then the bytes in order, which frees
 * its memory. Called by the receive burst after an RxEvent with RxOK.
 */
#include <errno.h>
#include <string.h>

#include "chip.h"

int cs_rx_begin(struct cs_chip *c)
{
	struct cs_bus *b = c->bus;
	uint16_t head[2]; /* RxStatus, RxLength */

	if (c->window) {
		head[0] = b->ops->peek(b, CS_PP_RXSTATUS);
		head[1] = b->ops->peek(b, CS_PP_RXLENGTH);
	} else {
		b->ops->in_words(b, CS_IO_RXTX0, head, 2);
	}
	c->rx_at = 0;
	if ((head[0] & CS_REGNO_MASK) == CS_REGNO_RXEVENT && head[0] & CS_RXEVENT_RXOK &&
		head[1] > 0 && head[1] <= CS_FRAME_MAX_CRC)
		return head[1];
	c->count.garbage++;
	cs_chip_present(c);
	return -EIO;
}

static void words(struct cs_chip *c, uint16_t *to, unsigned n)
{
	struct cs_bus *b = c->bus;

	if (!c->window) {
		b->ops->in_words(b, CS_IO_RXTX0, to, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		to[i] = b->ops->peek(b, CS_PP_RXFRAME + c->rx_at + 2 * i);
	c->rx_at += 2 * n;
}

/* Of a card that is pulled in the middle of a frame, the rest is ones. */
bool cs_rx_whole(struct cs_chip *c)
{
	return c->rx_last != 0xffff || cs_chip_present(c);
}

void cs_rx_read(struct cs_chip *c, void *to, unsigned len)
{
	uint16_t last;

	words(c, to, len / 2);
	if (len > 1)
		memcpy(&c->rx_last, (const uint8_t *)to + (len & ~1u) - 2, sizeof(c->rx_last));
	if (len & 1) {
		words(c, &last, 1);
		((uint8_t *)to)[len - 1] = (uint8_t)last;
		c->rx_last = last;
	}
}

void cs_rx_skip(struct cs_chip *c)
{
	if (c->gone)
		return;
	c->count.rx_skipped++;
	cs_page_write(c, CS_PP_RXCFG, c->rxcfg | CS_RXCFG_SKIP_1);
}
