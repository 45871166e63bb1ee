/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files of the chip model share; csm_ is their prefix. Nobody else includes it. */

#include <string.h>

#include "model.h"
#include "model_wire.h"
#include "regs.h"

#define CSM_NEVER UINT64_MAX
#define CSM_BIT_NS 100u
#define CSM_BYTE_NS 800u
#define CSM_PREAMBLE_NS 6400u /* seven bytes and the start delimiter */
#define CSM_GAP_NS 9600u      /* between frames */
#define CSM_JAM_NS 3200u
#define CSM_SLOT_NS 51200u    /* 512 bit times */
#define CSM_JABBER_NS 26000000u
#define CSM_ISQ_REST_NS 1600u /* interrupts stay off after an ISQ read of 0 */
#define CSM_TX_ROOM 1520
#define CSM_RXQ 1024 /* frames the packet memory can hold: it takes four bytes for the smallest */

/* One frame in the transmit buffer. Written by the host, front to back in the end. */
struct csm_tx_frame {
	uint16_t cmd, len;
	uint16_t written; /* bytes without a gap from the first */
	uint16_t room;    /* of the packet memory */
	uint8_t data[CSM_TX_ROOM + 4];
	bool there[CSM_TX_ROOM];
};

enum csm_tx_state { TX_IDLE, TX_WAIT, TX_SEND, TX_JAM, TX_JABBER };
enum csm_bid { BID_NONE, BID_WAITS, BID_GRANTED };

/* What the fault script does to the frame at the head of the transmit buffer. */
struct csm_tx_inject {
	unsigned collisions;
	bool late, carrier_loss, sqe_error, jabber, underrun;
};

struct csm_tx {
	/* the host's side: the present bid is the last of the queue once it is granted */
	uint16_t cmd, len;
	enum csm_bid bid;
	bool bid_waited, bid_error;
	unsigned head, count; /* of frame[] */
	struct csm_tx_frame frame[CS8900A_MODEL_TX_FRAMES];
	/* the wire's side: of the head */
	enum csm_tx_state state;
	bool hung, silent; /* fault; after a jabber until the next TxCMD */
	bool forced;       /* Force came while sending */
	bool lost_carrier;
	unsigned attempt, collisions;
	uint64_t nb_frames; /* whose first attempt began, for the script */
	uint64_t ready_at, start_at, end_at, collision_at;
	uint64_t last_end; /* of carrier of our own */
	struct csm_tx_inject inject, next_inject; /* of this frame, of the next to begin */
};

struct csm_rx_entry {
	uint32_t off;    /* in ram[] */
	uint16_t room;   /* bytes it takes there */
	uint16_t len;    /* RxLength */
	uint16_t status; /* RxStatus */
	bool data;       /* or only an event to report */
	bool committed;  /* it is the host's */
	bool reported;   /* its RxEvent was read */
};

/* What the fault script does to the frame that arrives. */
struct csm_rx_inject {
	bool crc_error, dribble, lose;
	unsigned runt, extra; /* bytes, CRC included */
};

struct csm_rx {
	/* arriving */
	bool active, from_peer;
	bool deaf;       /* the receiver was off when it began: carrier, no more */
	bool dest_done, dest_passed, rx128_done;
	bool host_early; /* the host took it after RxDest or Rx128 */
	uint64_t nb_frames;
	uint64_t start_at, end_at, last_end;
	uint32_t counter; /* of a frame that has ended, until 0050h was read */
	struct csm_rx_entry in;
	struct csm_rx_inject inject, next_inject;
	struct cs8900a_wire_frame frame;
	/* taken from the end of the wire, its time has not come */
	bool waiting;
	uint64_t poll_at, asked_at;
	/* in the packet memory */
	uint32_t put, used;
	unsigned head, count;
	struct csm_rx_entry q[CSM_RXQ];
	uint32_t cursor; /* of the host in the committed frame, RxStatus at 0 */
	uint8_t half;    /* bytes read of the word at the cursor */
	uint8_t ram[CS_RAM_SIZE];
};

struct csm_eeprom {
	unsigned words; /* 0: none */
	bool missing, spoiled, writable, stuck;
	uint16_t command, data;
	uint64_t done_at; /* CSM_NEVER: idle */
	uint16_t word[CS8900A_MODEL_EEPROM_WORDS];
};

struct csm_dma {
	uint32_t offset, start, frames, bytes;
	bool waiting; /* RxDMAFrame */
};

enum csm_trigger { AT_START, AT_TIME, AT_ACCESS, AT_TX, AT_RX };

struct csm_fault {
	enum csm_trigger trigger;
	bool every, done;
	uint64_t n;   /* ns of AT_TIME */
	uint64_t due; /* AT_TIME: ns since creation */
	unsigned action; /* of the table in model_fault.c */
	uint64_t arg;
};

struct cs8900a_model {
	struct cs8900a_model_conf conf;
	uint64_t now;    /* of what is happening */
	uint64_t target; /* the present, which `now` is on its way to */
	uint64_t born;
	struct cs8900a_wire *wire;

	/* registers */
	uint16_t ptr;
	uint16_t io_base, interrupt, dma_channel;
	uint16_t mem_base[2], prom_base[2], prom_mask[2];
	uint16_t rxcfg, rxctl, txcfg, bufcfg, linectl, selfctl, busctl, testctl;
	uint16_t txevent, bufevent, tdr;
	uint16_t rxmiss, txcol;
	bool swint, miss_ovf, col_ovf; /* to be reported by the ISQ */
	uint8_t laf[8], ia[6];
	bool initd, eeprom_ok, init_stuck;
	uint64_t init_at;

	/* bytes of words: what the other half of an access found, or will need */
	unsigned read_addr, write_addr;
	uint16_t read_word;
	uint8_t write_low;

	bool pin;            /* it is high */
	uint64_t rest_until; /* it stays low */
	bool last_was_tx; /* who goes first when both waited for the wire */
	bool pulled, link_down;
	uint32_t rng;

	struct csm_tx tx;
	struct csm_rx rx;
	struct csm_eeprom ee;
	struct csm_dma dma;
	struct csm_fault *faults;
	unsigned nb_faults;
	uint64_t accesses;
	struct cs8900a_model_stats stats;
};

/* model.c */
struct cs8900a_model *csm_peer(const struct cs8900a_model *m);
uint32_t csm_random(struct cs8900a_model *m);
uint32_t csm_crc(const uint8_t *data, uint32_t len); /* as Ethernet's, not inverted at the end */

/* model_reset.c: power-up and SelfCTL.RESET, self-initialisation */
void csm_power_up(struct cs8900a_model *m);
void csm_reset(struct cs8900a_model *m);
void csm_initialised(struct cs8900a_model *m);

/* model_pp.c: PacketPage memory by word, and its bytes */
uint16_t csm_pp_read(struct cs8900a_model *m, unsigned addr);
void csm_pp_write(struct cs8900a_model *m, unsigned addr, uint16_t value);
uint8_t csm_pp_read8(struct cs8900a_model *m, unsigned addr);
void csm_pp_write8(struct cs8900a_model *m, unsigned addr, uint8_t value);

/* model_status.c: the registers that only tell */
uint16_t csm_linest(const struct cs8900a_model *m);
uint16_t csm_selfst(const struct cs8900a_model *m);
bool csm_aui(const struct cs8900a_model *m);  /* the medium in use */
bool csm_plugged(const struct cs8900a_model *m); /* the wire is at that medium, with a partner */
bool csm_fdx(const struct cs8900a_model *m);

/* model_isq.c: events, counters, the interrupt pin */
uint16_t csm_rxevent_read(struct cs8900a_model *m);
uint16_t csm_txevent_read(struct cs8900a_model *m);
uint16_t csm_bufevent_read(struct cs8900a_model *m);
uint16_t csm_rxmiss_read(struct cs8900a_model *m);
uint16_t csm_txcol_read(struct cs8900a_model *m);
uint16_t csm_isq_read(struct cs8900a_model *m);
void csm_count_miss(struct cs8900a_model *m);
void csm_count_collision(struct cs8900a_model *m);
bool csm_interrupts(const struct cs8900a_model *m); /* is anything to be reported? */
void csm_pin_update(struct cs8900a_model *m);

/* model_tx.c: bids and the transmit buffer */
uint32_t csm_tx_used(const struct cs8900a_model *m);
void csm_tx_cmd(struct cs8900a_model *m, uint16_t cmd);
void csm_tx_length(struct cs8900a_model *m, uint16_t len);
void csm_tx_retry(struct cs8900a_model *m); /* after memory became free */
uint16_t csm_busst(const struct cs8900a_model *m);
void csm_tx_data(struct cs8900a_model *m, unsigned off, const uint8_t *data, unsigned n);
unsigned csm_tx_cursor(const struct cs8900a_model *m);
struct csm_tx_frame *csm_tx_head(struct cs8900a_model *m);
void csm_tx_pop(struct cs8900a_model *m);
void csm_tx_drop_all(struct cs8900a_model *m);

/* model_mac.c: the transmitter on the wire */
void csm_mac_kick(struct cs8900a_model *m); /* the host has done something */
uint64_t csm_mac_next(struct cs8900a_model *m);
void csm_mac_step(struct cs8900a_model *m);
bool csm_mac_carrier(const struct cs8900a_model *m); /* do we make one? */
void csm_mac_abort(struct cs8900a_model *m); /* reset, card pulled */

/* model_send.c: how a transmission ends */
void csm_send_done(struct cs8900a_model *m);
void csm_send_cut(struct cs8900a_model *m, uint16_t event);

/* model_filter.c */
bool csm_filter(const struct cs8900a_model *m, const uint8_t *da, uint16_t *bits);

/* model_rx.c: the receiver on the wire. f NULL: cut off by a collision */
uint64_t csm_rx_next(struct cs8900a_model *m);
void csm_rx_step(struct cs8900a_model *m);
void csm_rx_peer_start(struct cs8900a_model *m);
void csm_rx_peer_end(struct cs8900a_model *m, const struct cs8900a_wire_frame *f);
void csm_rx_cut(struct cs8900a_model *m); /* what was arriving is lost */
void csm_rx_loop(struct cs8900a_model *m, const struct cs8900a_wire_frame *f);
uint32_t csm_rx_arrived(const struct cs8900a_model *m); /* bytes by now */
bool csm_rx_on(const struct cs8900a_model *m);

/* model_accept.c: what becomes of a frame that has arrived */
void csm_accept(struct cs8900a_model *m, const struct cs8900a_wire_frame *f);
void csm_rx_grow(struct cs8900a_model *m);
void csm_rx_early(struct cs8900a_model *m);

/* model_ram.c: the packet memory, and the host's reading of it */
uint32_t csm_ram_free(const struct cs8900a_model *m);
bool csm_ram_store(struct cs8900a_model *m, const uint8_t *data, uint32_t len);
void csm_ram_unstore(struct cs8900a_model *m);
void csm_ram_push(struct cs8900a_model *m, uint16_t status, uint16_t len, bool data);
struct csm_rx_entry *csm_ram_current(struct cs8900a_model *m);
struct csm_rx_entry *csm_ram_unreported(struct cs8900a_model *m);
void csm_ram_report(struct cs8900a_model *m); /* its RxEvent was read: commit, imply a skip */
void csm_ram_skip(struct cs8900a_model *m);
void csm_ram_clear(struct cs8900a_model *m);
uint16_t csm_ram_port(struct cs8900a_model *m);
uint8_t csm_ram_port8(struct cs8900a_model *m, unsigned odd);
uint16_t csm_ram_window(struct cs8900a_model *m, unsigned off);
uint8_t csm_ram_window8(struct cs8900a_model *m, unsigned off);
uint16_t csm_rx_counter(struct cs8900a_model *m);

/* model_dma.c */
bool csm_dma_wanted(const struct cs8900a_model *m, uint32_t room);
void csm_dma_frame(struct cs8900a_model *m, uint16_t status, const uint8_t *data, uint16_t len);
uint16_t csm_dma_frames_read(struct cs8900a_model *m);
uint16_t csm_dma_bytes_read(struct cs8900a_model *m);
void csm_dma_reset(struct cs8900a_model *m);

/* model_eeprom.c */
void csm_ee_command(struct cs8900a_model *m, uint16_t command);
void csm_ee_done(struct cs8900a_model *m);
unsigned csm_ee_load_words(const struct cs8900a_model *m); /* the chip reads at reset */
void csm_ee_load(struct cs8900a_model *m);
bool csm_ee_present(const struct cs8900a_model *m);

/* model_fault.c, model_script.c */
int csm_script(struct cs8900a_model *m, const char *text, char *err, size_t errlen);
int csm_action_parse(char *text, struct csm_fault *f, char *err, size_t errlen);
int csm_action_find(const char *name, const char **arg, uint64_t *least, uint64_t *most);
void csm_fault_do(struct cs8900a_model *m, const struct csm_fault *f);
void csm_fault_at(struct cs8900a_model *m, enum csm_trigger trigger, uint64_t n);
uint64_t csm_fault_next(const struct cs8900a_model *m);

/* wire.c, wire_pair.c */
void csm_wire_attach(struct cs8900a_wire *wire, struct cs8900a_model *m);
bool csm_wire_link(const struct cs8900a_wire *wire);
struct cs8900a_wire *csm_pair_other(const struct cs8900a_wire *wire);
uint32_t csm_pair_delay(const struct cs8900a_wire *wire);
void csm_pair_lock(struct cs8900a_wire *wire);
void csm_pair_unlock(struct cs8900a_wire *wire);
struct cs8900a_wire *csm_pair_named(const char *name, char *err, size_t errlen);

static inline bool csm_group(const uint8_t *da)
{
	return da[0] & 1;
}
