/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A range of one packet's bytes, by reference or by value: how fragments share their parent's data
 * and a reassembled datagram its parts' (indirect mbufs).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/burst.h"

/*
 * Append bytes [off, off + len) of src to dst. Short ranges are copied, others are attached; where
 * no header-only mbuf is left they are copied, too. False: out of buffers; dst then holds a part,
 * and is to be dropped. src may end afterwards; the caller knows that the range lies within it.
 */
bool ip4_append_range(struct worker *w, struct skb *dst, const struct skb *src, uint32_t off,
	uint32_t len);
