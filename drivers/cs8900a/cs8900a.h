/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * net_cs8900a: a poll-mode driver for the Crystal CS8900A, or for a model of it.
 *
 * Devargs (all but `bus` optional):
 *   bus=io|mem|model    x86 I/O ports; memory; the chip model
 *   base=ADDRESS        io: port, a multiple of 0x10, by default 0x300; mem: required
 *   layout=window|ports mem: what is at `base`, the 4 KB window (default) or the 16 bytes of ports
 *   window=ADDRESS      beside ports: open the memory window there and move frames through it
 *   file=PATH           mem, window: in place of /dev/mem; addresses are then offsets in it
 *   media=auto|10baset|aui|10base2, duplex=half|full, mac=ADDRESS
 *                       in place of what the EEPROM says; the partner must be set to full by hand
 *   txstart=all|1021|381|5
 *                       bytes in the chip before it begins to send (default all: no underrun)
 *   poll=event|isq      how news is asked for (default event)
 *   wire=END, eeprom=none|FILE, faults=FILE, clock=tsc|virtual
 *                       model only; END is iface:NAME, pair:NAME, pcap:IN:OUT or none
 *
 * One receive and one transmit queue, which may be served by different threads. The chip has no DMA
 * and no interrupt is used: frames move when a burst function of either queue is called. The chip
 * sends one frame at a time; the transmit queue holds those that wait. They survive stop and start
 * and go with the queue.
 *
 * Events: LSC on a change of the link, RMV when the chip does not answer any more; both out of
 * EAL's interrupt thread. A transmitter that hangs, or a chip that forgot its settings, is set up anew
 * by the driver (xstat recoveries).
 */

#include <stdint.h>

#define CS8900A_DRIVER "net_cs8900a"

/*
 * The time of devices with clock=virtual, in ns: 0 at first, moved by tests. It never goes back.
 * What a driver waits for in control operations passes by itself.
 */
uint64_t cs8900a_clock_now(void);
void cs8900a_clock_advance(uint64_t ns);

/* The model behind a device with bus=model, NULL: none such. Tests. */
struct cs8900a_model;
struct cs8900a_model *cs8900a_model_of(uint16_t port_id);

/* What the last device that could not be opened in this thread was missing: one sentence, or "". */
const char *cs8900a_why(void);
