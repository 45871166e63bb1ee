/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files pmd_*.c share. Nobody else includes it. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ethdev_driver.h>
#include <rte_ether.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include "chip.h"
#include "cs8900a.h"

#define CS_MAX_FRAME CS_TX_LEN_MAX /* without CRC, both ways */
#define CS_MIN_ROOM 64             /* of a receive buffer */
#define CS_MAX_SEGS ((CS_FRAME_MAX_CRC + CS_MIN_ROOM - 1) / CS_MIN_ROOM)
#define CS_TX_DESC_MAX 4096

extern int cs_logtype;
#define CS_LOG(level, fmt, ...)                                                                    \
	rte_log(RTE_LOG_##level, cs_logtype, CS8900A_DRIVER ": " fmt "\n", ##__VA_ARGS__)

/* What the devargs say. */
struct cs_conf {
	struct cs_bus_conf bus;
	bool has_base, has_media, has_duplex, has_mac;
	enum cs_media media;
	bool full_duplex;
	uint16_t txstart;
	enum cs_poll poll;
	struct rte_ether_addr mac;
};

struct cs_rxq {
	struct cs_dev *dev;
	struct rte_mempool *pool;
	uint16_t room; /* bytes used of a buffer, even */
	uint16_t need; /* buffers that the longest frame takes */
	uint16_t nb_spare;
	uint16_t nb_desc;
	uint64_t packets, bytes, nombuf;
	struct rte_mbuf *spare[CS_MAX_SEGS];
};

enum cs_tx_state { CS_TX_IDLE, CS_TX_BID, CS_TX_SENT };

/*
 * Frames that wait for the chip, in order; the first is the one that the chip has. The sender's
 * thread fills in `tail`, whoever holds the device's lock empties from `head`.
 */
struct cs_txq {
	struct cs_dev *dev;
	uint32_t size, mask; /* frames it may hold; ring size less one */
	uint64_t too_long, too_short, pulled; /* refused or lost; the sender's thread counts */
	_Alignas(64) _Atomic uint32_t tail;
	_Alignas(64) _Atomic uint32_t head;
	enum cs_tx_state state;
	uint64_t since;    /* the clock when the state began */
	uint32_t tries;    /* of the sender in this state */
	uint64_t starved;  /* received frames given up so that one could be sent */
	uint64_t packets, bytes, errors;
	uint16_t frame[CS_MAX_FRAME / 2 + 1]; /* in one piece, padded */
	struct rte_mbuf *ring[];
};

enum { CS_NEWS_LINK = 1, CS_NEWS_GONE = 2, CS_NEWS_HUNG = 4, CS_NEWS_RESET = 8 };

struct cs_dev {
	rte_spinlock_t lock; /* the chip; burst functions only try it */
	_Atomic bool started;
	_Atomic bool dead; /* the chip is gone, and the application was told */
	uint16_t port;
	struct cs_bus *bus;
	struct cs_rxq *rxq;
	struct cs_txq *txq;
	uint64_t next_counters, next_link; /* the clock */
	_Atomic uint64_t recoveries;
	_Atomic int link; /* enum cs_link, as last seen */
	_Atomic bool down; /* the user wants it off: rte_eth_dev_set_link_down() */
	_Atomic uint32_t news; /* CS_NEWS_*, for EAL's interrupt thread */
	struct cs_chip chip;
	struct cs_filter filter;
	struct cs_counts base; /* at the last reset of statistics */
	struct cs_conf conf;
	struct rte_ether_addr mac;
};

/* pmd_args.c. The strings of conf->bus are freed by cs_args_free(). */
int cs_args_read(struct cs_conf *conf, const char *args, struct cs_why *why);
void cs_args_free(struct cs_conf *conf);

/* pmd_chip.c: the device's life over chip.h; the caller holds no lock. */
int cs_dev_open(struct cs_dev *d, struct cs_why *why);
void cs_dev_close(struct cs_dev *d);
int cs_dev_start(struct cs_dev *d, struct cs_why *why);
void cs_dev_stop(struct cs_dev *d);
void cs_dev_filter(struct cs_dev *d);
/* With the lock: reset and programmed as it was. */
int cs_dev_program(struct cs_dev *d, struct cs_why *why);

/* Enters the bus and takes the lock, for control operations. -ENODEV: gone. */
int cs_dev_enter(struct cs_dev *d);
void cs_dev_leave(struct cs_dev *d);

/* For bursts: never waits. The chip is this thread's until cs_dev_leave(); false: not now. */
bool cs_burst_enter(struct cs_dev *d);

/* pmd_event.c: news found in a burst goes to the application from EAL's interrupt thread. */
void cs_news(struct cs_dev *d, uint32_t what);
void cs_news_cancel(struct cs_dev *d);
/* dev_link from what was last seen; 0 where it changed, as rte_eth_linkstatus_set() says it. */
int cs_link_store(struct rte_eth_dev *dev);

/* pmd_rx.c, pmd_tx.c */
uint16_t cs_rx_burst(void *queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t cs_tx_burst(void *queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t cs_tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t n);
/* receives: whoever calls is about to take received frames, so that none need be given up. */
void cs_tx_pump(struct cs_dev *d, bool receives);
void cs_tx_drop_all(struct cs_dev *d);
void cs_tx_again(struct cs_dev *d);
int cs_tx_done_cleanup(void *queue, uint32_t count);

/* pmd_queue.c */
int cs_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int cs_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned socket,
	const struct rte_eth_txconf *conf);
void cs_rx_queue_release(struct rte_eth_dev *dev, uint16_t id);
void cs_tx_queue_release(struct rte_eth_dev *dev, uint16_t id);

/* pmd_stats.c */
int cs_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *s);
int cs_stats_reset(struct rte_eth_dev *dev);
int cs_xstats_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned n);
int cs_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *x, unsigned n);

/* pmd_info.c */
int cs_get_reg(struct rte_eth_dev *dev, struct rte_dev_reg_info *info);
int cs_get_eeprom_length(struct rte_eth_dev *dev);
int cs_get_eeprom(struct rte_eth_dev *dev, struct rte_dev_eeprom_info *info);
int cs_set_eeprom(struct rte_eth_dev *dev, struct rte_dev_eeprom_info *info);
int cs_priv_dump(struct rte_eth_dev *dev, FILE *out);
int cs_fw_version(struct rte_eth_dev *dev, char *text, size_t len);
