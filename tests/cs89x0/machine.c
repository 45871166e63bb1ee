/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel and the machine of machine.h: what the driver calls, and who calls the driver. */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

#include "machine.h"

#define MAX_PARAMS 16
#define IRQS 16

struct machine machine;

static struct {
	const char *name;
	void *value;
	size_t size;
} params[MAX_PARAMS];
static unsigned nb_params;
static int (*module_start)(void);
static void (*module_stop)(void);
static struct {
	irqreturn_t (*handler)(int, void *);
	void *dev;
} irqs[IRQS];
static uint8_t *dma_memory[8];
static bool in_interrupt;

static uint64_t now(void *arg)
{
	return machine.now;
}

/* ---- modules, log, time ---- */

void kernel_param(const char *name, void *value, size_t size)
{
	assert(nb_params < MAX_PARAMS);
	params[nb_params].name = name;
	params[nb_params].value = value;
	params[nb_params++].size = size;
}

void kernel_module(int (*start)(void), void (*stop)(void))
{
	if (start)
		module_start = start;
	if (stop)
		module_stop = stop;
}

static void *param(const char *name, size_t *size)
{
	for (unsigned i = 0; i < nb_params; i++) {
		if (strcmp(params[i].name, name))
			continue;
		*size = params[i].size;
		return params[i].value;
	}
	fprintf(stderr, "the driver has no parameter %s\n", name);
	exit(1);
}

void machine_param(const char *name, long value)
{
	size_t size;
	int *p = param(name, &size);

	assert(size == sizeof(*p));
	*p = (int)value;
}

void machine_param_text(const char *name, const char *text)
{
	size_t size;
	char *p = param(name, &size);

	assert(strlen(text) < size);
	strcpy(p, text);
}

void printk(const char *format, ...)
{
	size_t used = strlen(machine.log);
	va_list ap;

	va_start(ap, format);
	vsnprintf(machine.log + used, sizeof(machine.log) - used, format, ap);
	va_end(ap);
}

unsigned long kernel_jiffies(void)
{
	machine.now += 1000;
	return (unsigned long)(machine.now / (1000000000 / HZ));
}

void msleep(unsigned int ms)
{
	machine.now += ms * UINT64_C(1000000);
}

/* ---- the bus ---- */

void *request_region(unsigned long base, unsigned long n, const char *name)
{
	machine.regions++;
	return &machine;
}

void release_region(unsigned long base, unsigned long n)
{
	machine.regions--;
}

void *ioport_map(unsigned long base, unsigned int n)
{
	machine.maps++;
	return (void *)base;
}

void ioport_unmap(void *addr)
{
	machine.maps--;
}

static int decode(const void *addr)
{
	machine.now += machine.access_ns;
	return cs8900a_model_io_decode(machine.model, (uint32_t)(uintptr_t)addr);
}

unsigned int ioread16(const void *addr)
{
	int off = decode(addr);

	return off < 0 ? 0xFFFF : cs8900a_model_io_read16(machine.model, (unsigned)off);
}

void iowrite16(u16 value, void *addr)
{
	int off = decode(addr);

	if (off >= 0)
		cs8900a_model_io_write16(machine.model, (unsigned)off, value);
}

void iowrite8(u8 value, void *addr)
{
	int off = decode(addr);

	if (off >= 0)
		cs8900a_model_io_write8(machine.model, (unsigned)off, value);
}

/* ---- interrupts: pins 0-3 are the ISA lines 10, 11, 12, 5 ---- */

int request_irq(unsigned int irq, irqreturn_t (*handler)(int, void *), unsigned long flags,
	const char *name, void *dev)
{
	assert(irq < IRQS);
	if (irqs[irq].handler)
		return -EBUSY;
	irqs[irq].handler = handler;
	irqs[irq].dev = dev;
	machine.irqs++;
	return 0;
}

void free_irq(unsigned int irq, void *dev)
{
	assert(irq < IRQS && irqs[irq].handler);
	irqs[irq].handler = NULL;
	machine.irqs--;
}

static void interrupt(void)
{
	static const unsigned lines[] = { 10, 11, 12, 5 };
	int pin = cs8900a_model_irq(machine.model);

	if (pin < 0 || in_interrupt || !irqs[lines[pin]].handler)
		return;
	in_interrupt = true;
	machine.interrupts++;
	irqs[lines[pin]].handler((int)lines[pin], irqs[lines[pin]].dev);
	in_interrupt = false;
}

bool machine_wait(bool (*done)(void), uint64_t ns)
{
	uint64_t end = machine.now + ns, next;

	for (;;) {
		cs8900a_model_advance(machine.model);
		interrupt();
		if (done && done())
			return true;
		if (machine.now >= end)
			return false;
		next = cs8900a_model_next_event(machine.model);
		if (next <= machine.now)
			next = machine.now + 1;
		machine.now = next < end ? next : end;
	}
}

void machine_run(uint64_t ns)
{
	machine_wait(NULL, ns);
}

/* ---- DMA ---- */

unsigned long __get_dma_pages(int flags, unsigned int order)
{
	machine.pages++;
	return (unsigned long)aligned_alloc(131072, (4096ul << order) < 131072 ? 131072 : 4096ul << order);
}

void free_pages(unsigned long addr, unsigned int order)
{
	machine.pages--;
	free((void *)addr);
}

int get_order(unsigned long size)
{
	int order = 0;

	while (4096ul << order < size)
		order++;
	return order;
}

int request_dma(unsigned int channel, const char *name)
{
	machine.dmas++;
	return 0;
}

void free_dma(unsigned int channel)
{
	machine.dmas--;
}

void set_dma_addr(unsigned int channel, unsigned long addr)
{
	assert(channel < 8);
	dma_memory[channel] = (uint8_t *)addr;
}

/* The chip's channels 0-2 are the ISA channels 5-7. */
static void dma(void *arg, unsigned channel, uint32_t offset, const uint8_t *data, uint32_t len)
{
	assert(channel < 3 && dma_memory[channel + 5]);
	memcpy(dma_memory[channel + 5] + offset, data, len);
}

/* ---- devices and buffers ---- */

struct net_device *alloc_etherdev(size_t priv)
{
	struct net_device *dev = calloc(1, sizeof(*dev));

	assert(dev && priv <= sizeof(dev->priv));
	dev->dev_addr = dev->addr;
	strcpy(dev->name, "eth%d");
	machine.devices++;
	return dev;
}

void free_netdev(struct net_device *dev)
{
	machine.devices--;
	free(dev);
}

int register_netdev(struct net_device *dev)
{
	strcpy(dev->name, "eth0");
	dev->registered = true;
	machine.dev = dev;
	return 0;
}

void unregister_netdev(struct net_device *dev)
{
	if (dev->running)
		dev->netdev_ops->ndo_stop(dev);
	dev->running = dev->registered = false;
	machine.dev = NULL;
}

void eth_hw_addr_set(struct net_device *dev, const u8 *addr)
{
	memcpy(dev->addr, addr, ETH_ALEN);
}

int eth_validate_addr(struct net_device *dev)
{
	return dev->addr[0] & 1 ? -EADDRNOTAVAIL : 0;
}

struct sk_buff *netdev_alloc_skb(struct net_device *dev, unsigned int len)
{
	struct sk_buff *skb;

	if (machine.no_skb)
		return NULL;
	skb = calloc(1, sizeof(*skb));
	assert(skb && len <= sizeof(skb->buffer));
	skb->data = skb->buffer;
	machine.skbs++;
	return skb;
}

void skb_reserve(struct sk_buff *skb, unsigned int n)
{
	skb->data += n;
}

void *skb_put(struct sk_buff *skb, unsigned int n)
{
	unsigned char *end = skb->data + skb->len;

	skb->len += n;
	assert(skb->data + skb->len <= skb->buffer + sizeof(skb->buffer));
	return end;
}

void skb_put_data(struct sk_buff *skb, const void *data, unsigned int n)
{
	memcpy(skb_put(skb, n), data, n);
}

void dev_consume_skb_any(struct sk_buff *skb)
{
	machine.skbs--;
	free(skb);
}

uint16_t eth_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	return (uint16_t)(skb->data[12] << 8 | skb->data[13]);
}

int netif_rx(struct sk_buff *skb)
{
	machine.received = *skb;
	machine.received.data = machine.received.buffer + (skb->data - skb->buffer);
	machine.nb_received++;
	dev_consume_skb_any(skb);
	return 0;
}

/* ---- the card ---- */

static int wire_receive(struct cs8900a_wire *wire, uint64_t at, struct cs8900a_wire_frame *f)
{
	if (!machine.give.len)
		return 0;
	*f = machine.give;
	machine.give.len = 0;
	return 1;
}

static void wire_send(struct cs8900a_wire *wire, const struct cs8900a_wire_frame *f)
{
	machine.got = *f;
	machine.sent++;
}

static bool wire_link(struct cs8900a_wire *wire)
{
	return !machine.unplugged;
}

static const struct cs8900a_wire_ops wire_ops = {
	.receive = wire_receive, .send = wire_send, .link = wire_link,
};

void machine_start(const struct cs8900a_model_conf *conf)
{
	static const uint8_t mac[6] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05 };
	struct cs8900a_model_conf c = { 0 };
	uint16_t words[64];
	char err[200];

	memset(&machine, 0, sizeof(machine));
	memset(irqs, 0, sizeof(irqs));
	in_interrupt = false;
	machine.now = 1;
	machine.access_ns = 400;
	machine.wire.ops = &wire_ops;
	if (conf) {
		c = *conf;
	} else {
		cs8900a_model_eeprom_image(words, 64, mac, 0);
		c.eeprom = words;
		c.eeprom_words = 64;
	}
	c.now_ns = now;
	c.wire = &machine.wire;
	c.dma = dma;
	machine.model = cs8900a_model_create(&c, err, sizeof(err));
	if (!machine.model) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	machine.now += 100000000;
	machine_param("io", 0x300);
	machine_param("irq", 0);
	machine_param("use_dma", 0);
	machine_param("dma", 0);
	machine_param_text("media", "");
}

void machine_stop(void)
{
	cs8900a_model_destroy(machine.model);
	machine.model = NULL;
}

int machine_insmod(void)
{
	return module_start();
}

void machine_rmmod(void)
{
	module_stop();
}
