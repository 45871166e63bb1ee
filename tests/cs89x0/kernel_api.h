/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * As much of the Linux kernel's interface as its driver for the CS8900A asks for, in user space. The
 * driver itself is not here: scripts/test_cs89x0 fetches it and compiles it unmodified against this
 * header (each <linux/...> it includes is a line that includes this one).
 */

#include <asm-generic/errno.h> /* <errno.h> would lead back here by <linux/errno.h> */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef int netdev_tx_t, irqreturn_t, spinlock_t;

#define __init
#define __exit
#define __initdata
#define __iomem
#define __used __attribute__((unused))
#define __maybe_unused __attribute__((unused))
#define IS_ENABLED(option) option
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Modules: parameters are set by name before the module starts. */
void kernel_param(const char *name, void *value, size_t size);
void kernel_module(int (*start)(void), void (*stop)(void));
#define PARAM(name, variable) \
	__attribute__((constructor)) static void param_##name(void) \
	{ kernel_param(#name, &variable, sizeof(variable)); }
#define module_param(name, type, perm) PARAM(name, name)
#define module_param_hw(name, type, hw, perm) PARAM(name, name)
#define module_param_string(name, variable, len, perm) PARAM(name, variable)
#define module_init(fn) \
	__attribute__((constructor)) static void module_start(void) { kernel_module(fn, NULL); }
#define module_exit(fn) \
	__attribute__((constructor)) static void module_stop(void) { kernel_module(NULL, fn); }
#define MODULE_PARM_DESC(name, text) _Static_assert(1, "")
#define MODULE_AUTHOR(text) _Static_assert(1, "")
#define MODULE_LICENSE(text) _Static_assert(1, "")
#define MODULE_DESCRIPTION(text) _Static_assert(1, "")

/* Log: kept for the test to search. */
void printk(const char *format, ...);
#define pr_info(...) printk(__VA_ARGS__)
#define pr_info_once(...) printk(__VA_ARGS__)
#define pr_cont(...) printk(__VA_ARGS__)
#define pr_err(...) printk(__VA_ARGS__)
#define pr_warn(...) printk(__VA_ARGS__)
#define pr_debug(...) printk(__VA_ARGS__)

/* Time: virtual; looking at the clock takes a microsecond, or a busy wait would never end. */
#define HZ 100
unsigned long kernel_jiffies(void);
#define jiffies kernel_jiffies()
#define time_before(a, b) ((long)((a) - (b)) < 0)
#define time_after(a, b) time_before(b, a)
#define time_after_eq(a, b) (!time_before(a, b))
void msleep(unsigned int ms);

/* The bus. */
void *request_region(unsigned long base, unsigned long n, const char *name);
void release_region(unsigned long base, unsigned long n);
void *ioport_map(unsigned long base, unsigned int n);
void ioport_unmap(void *addr);
unsigned int ioread16(const void *addr);
void iowrite16(u16 value, void *addr);
void iowrite8(u8 value, void *addr);

/* Interrupts and locks: one thread, so locks only check their pairing. */
#define IRQ_RETVAL(handled) (!!(handled))
int request_irq(unsigned int irq, irqreturn_t (*handler)(int, void *), unsigned long flags,
	const char *name, void *dev);
void free_irq(unsigned int irq, void *dev);
#define spin_lock_init(lock) (*(lock) = 0)
#define spin_lock_irqsave(lock, flags) ((flags) = (unsigned long)(*(lock))++)
#define spin_unlock_irqrestore(lock, flags) (*(lock) = (spinlock_t)(flags))

/* ISA DMA. */
#define GFP_KERNEL 0
#define MAX_DMA_ADDRESS (~0ul)
#define DMA_MODE_READ 0x44
#define DMA_AUTOINIT 0x10
unsigned long __get_dma_pages(int flags, unsigned int order);
void free_pages(unsigned long addr, unsigned int order);
int get_order(unsigned long size);
int request_dma(unsigned int channel, const char *name);
void free_dma(unsigned int channel);
void set_dma_addr(unsigned int channel, unsigned long addr);
#define isa_virt_to_bus(addr) ((unsigned long)(addr))
#define disable_dma(channel) ((void)0)
#define enable_dma(channel) ((void)0)
#define clear_dma_ff(channel) ((void)0)
#define set_dma_mode(channel, mode) ((void)(mode))
#define set_dma_count(channel, count) ((void)(count))

/* Network devices and buffers. */
#define ETH_ALEN 6
#define ETH_ZLEN 60
#define IFF_PROMISC 0x100
#define IFF_ALLMULTI 0x200
#define NETDEV_TX_OK 0
#define NETDEV_TX_BUSY 16

struct net_device;

struct sk_buff {
	unsigned char *data;
	unsigned int len;
	uint16_t protocol;
	unsigned char buffer[2048];
};

struct net_device_stats {
	unsigned long rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped,
		tx_dropped, multicast, collisions, rx_length_errors, rx_crc_errors, rx_frame_errors,
		rx_missed_errors, tx_aborted_errors, tx_carrier_errors, tx_heartbeat_errors,
		tx_window_errors;
};

struct net_device_ops {
	int (*ndo_open)(struct net_device *dev);
	int (*ndo_stop)(struct net_device *dev);
	void (*ndo_tx_timeout)(struct net_device *dev, unsigned int txqueue);
	netdev_tx_t (*ndo_start_xmit)(struct sk_buff *skb, struct net_device *dev);
	struct net_device_stats *(*ndo_get_stats)(struct net_device *dev);
	void (*ndo_set_rx_mode)(struct net_device *dev);
	int (*ndo_set_mac_address)(struct net_device *dev, void *addr);
	int (*ndo_validate_addr)(struct net_device *dev);
};

struct net_device {
	char name[16];
	unsigned long base_addr, mem_start;
	unsigned int irq, flags;
	unsigned char dma;
	const unsigned char *dev_addr;
	const struct net_device_ops *netdev_ops;
	unsigned int watchdog_timeo;
	struct net_device_stats stats;
	/* of the stub */
	unsigned char addr[ETH_ALEN];
	bool running, registered, multicast;
	unsigned long wakes;
	bool queue_stopped;
	max_align_t priv[64];
};

struct net_device *alloc_etherdev(size_t priv);
void free_netdev(struct net_device *dev);
int register_netdev(struct net_device *dev);
void unregister_netdev(struct net_device *dev);
#define netdev_priv(dev) ((void *)(dev)->priv)
#define netdev_mc_empty(dev) (!(dev)->multicast)
#define netif_running(dev) ((dev)->running)
#define netif_start_queue(dev) ((dev)->queue_stopped = false)
#define netif_stop_queue(dev) ((dev)->queue_stopped = true)
#define netif_wake_queue(dev) ((dev)->wakes++, (dev)->queue_stopped = false)
void eth_hw_addr_set(struct net_device *dev, const u8 *addr);
int eth_validate_addr(struct net_device *dev);

struct sk_buff *netdev_alloc_skb(struct net_device *dev, unsigned int len);
void skb_reserve(struct sk_buff *skb, unsigned int n);
void *skb_put(struct sk_buff *skb, unsigned int n);
void skb_put_data(struct sk_buff *skb, const void *data, unsigned int n);
void dev_consume_skb_any(struct sk_buff *skb);
uint16_t eth_type_trans(struct sk_buff *skb, struct net_device *dev);
int netif_rx(struct sk_buff *skb);
