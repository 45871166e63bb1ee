/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages of 2 MB where the EAL was given no hugepages. Its memory is a memfd then, in pages of 4 KB,
 * and the CPU spends more time on translations of packets' addresses than on packets. Linux 6.1 and
 * later put such memory together on request (MADV_COLLAPSE), for which it has to begin at a multiple
 * of 2 MB; where the EAL puts it depends on how much it is. All of this is best effort: without it
 * everything works as before.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What to give the EAL (-m, with --no-huge) so that its memory can be put together; mb or more. */
uint32_t thp_eal_mb(uint32_t mb);

/* After the start: what thp_eal_mb added is not to be had by anybody; it costs addresses only. */
void thp_eal_keep(uint32_t mb);

/* Pages of 2 MB for what is whole in [addr, addr + len), which was written to before. Control thread. */
void thp_collapse(void *addr, size_t len);
