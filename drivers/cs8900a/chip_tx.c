/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handing a frame to the chip, in the one order that it knows: TxCMD, TxLength, BusST until the
 * memory is granted, the words. Called by the transmit pump, which keeps one frame in progress.
 */
#include <errno.h>

#include "chip.h"

static void order(struct cs_chip *c, uint16_t cmd, uint16_t len)
{
	struct cs_bus *b = c->bus;

	if (c->window) {
		b->ops->poke(b, CS_PP_TXCMD, cmd);
		b->ops->poke(b, CS_PP_TXLENGTH, len);
	} else {
		b->ops->out16(b, CS_IO_TXCMD, cmd);
		b->ops->out16(b, CS_IO_TXLENGTH, len);
	}
}

void cs_tx_bid(struct cs_chip *c, unsigned len)
{
	order(c, c->txstart, (uint16_t)len);
}

int cs_tx_granted(struct cs_chip *c)
{
	uint16_t st;

	if (c->gone || !cs_status_read(c, CS_PP_BUSST, &st))
		return -EIO;
	if (st & CS_BUSST_TXBIDERR) {
		c->count.tx_bid_error++;
		return -EMSGSIZE;
	}
	return !!(st & CS_BUSST_RDY4TXNOW);
}

void cs_tx_write(struct cs_chip *c, const uint16_t *words, unsigned n)
{
	struct cs_bus *b = c->bus;

	if (!c->window) {
		b->ops->out_words(b, CS_IO_RXTX0, words, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		b->ops->poke(b, CS_PP_TXFRAME + 2 * i, words[i]);
}

void cs_tx_force(struct cs_chip *c)
{
	order(c, c->txstart | CS_TXCMD_FORCE, 0);
}
