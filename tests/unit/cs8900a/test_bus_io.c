/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drivers/cs8900a/bus_io.c with the processor's own I/O instructions and no hardware: a program that may
 * not touch ports gets a signal at each, and the handler here does it to the chip model in its place.
 * So the driver's probe, reset, EEPROM and frames both ways run through `in`, `out` and their string
 * forms; and ioperm(), which this file defines, tells which thread asked for what.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <sys/io.h>

#include "chip.h"
#include "cs8900a/chip.h"

#if !defined(__x86_64__)
int main(void)
{
	return 77; /* no such instructions */
}
#else

static struct chip *c;
static uint64_t began;
static atomic_uint asked;   /* ioperm() calls */
static unsigned long asked_from;
static int refusal;         /* what ioperm() says */

/*
 * What was done to the ports: b B a byte in, out; w W a word; l L 32 bits; s S words by a string
 * instruction; ? any other string. The first of each test, and how many of each kind.
 */
static struct {
	unsigned n, of[128], outside; /* not one of the chip's sixteen ports */
	char first[1024];
} done;

int ioperm(unsigned long from, unsigned long n, int on)
{
	assert_int_equal(on, 1);
	atomic_fetch_add(&asked, 1);
	asked_from = from;
	assert_int_equal(n, 16);
	errno = refusal;
	return refusal ? -1 : 0;
}

static uint64_t real(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The instruction at `ip`; its length, 0: not one of those. */
static unsigned decode(const uint8_t *ip, uint8_t *op, bool *word, bool *repeat)
{
	unsigned n = 0;

	*word = *repeat = false;
	for (; ip[n] == 0x66 || ip[n] == 0xF3; n++) {
		*word |= ip[n] == 0x66;
		*repeat |= ip[n] == 0xF3;
	}
	*op = ip[n];
	return (*op >= 0xEC && *op <= 0xEF) || (*op >= 0x6C && *op <= 0x6F) ? n + 1 : 0;
}

static void note(char what, unsigned port)
{
	const unsigned at = 3 * done.n;

	done.outside += port > 15;
	done.of[(unsigned)what]++;
	if (at + 3 < sizeof(done.first)) {
		done.first[at] = what;
		done.first[at + 1] = port > 15 ? '!' : "0123456789ABCDEF"[port];
		done.first[at + 2] = ' ';
		done.n++;
	}
}

/* String instructions move words upwards; what else they could do goes byte by byte. */
static void string(greg_t *r, unsigned port, bool in, bool words, bool repeat)
{
	note(!words || r[REG_EFL] & 0x400 ? '?' : in ? 's' : 'S', port);
	for (greg_t n = repeat ? r[REG_RCX] : 1; n; n--) {
		if (!words && in)
			*(uint8_t *)r[REG_RDI]++ = cs8900a_model_io_read8(c->m, port & 15);
		else if (!words)
			cs8900a_model_io_write8(c->m, port & 15, *(const uint8_t *)r[REG_RSI]++);
		else if (in)
			*(uint16_t *)r[REG_RDI] = cs8900a_model_io_read16(c->m, port & 15);
		else
			cs8900a_model_io_write16(c->m, port & 15, *(const uint16_t *)r[REG_RSI]);
		r[REG_RDI] += 2 * (words && in);
		r[REG_RSI] += 2 * (words && !in);
	}
	if (repeat)
		r[REG_RCX] = 0;
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	const unsigned port = (uint16_t)r[REG_RDX] - 0x300u;
	uint8_t op;
	bool word, repeat;
	unsigned len = decode((const uint8_t *)r[REG_RIP], &op, &word, &repeat);

	(void)info;
	if (len == 0 || !c) {
		signal(sig, SIG_DFL); /* a real fault: happens again */
		return;
	}
	c->now = 1000000000 + real() - began;
	r[REG_RIP] += len;
	if (op == 0xEC) {
		note('b', port);
		r[REG_RAX] = (r[REG_RAX] & ~0xFFLL) | cs8900a_model_io_read8(c->m, port & 15);
	} else if (op == 0xEE) {
		note('B', port);
		cs8900a_model_io_write8(c->m, port & 15, (uint8_t)r[REG_RAX]);
	} else if (op == 0xED) {
		note(word ? 'w' : 'l', port);
		r[REG_RAX] = (r[REG_RAX] & ~0xFFFFLL) | cs8900a_model_io_read16(c->m, port & 15);
	} else if (op == 0xEF) {
		note(word ? 'W' : 'L', port);
		cs8900a_model_io_write16(c->m, port & 15, (uint16_t)r[REG_RAX]);
	} else {
		string(r, port, op < 0x6E, (op & 1) && word, repeat);
	}
}

static struct cs_bus *bus;
static struct cs_chip chip;
static struct cs_why why;

/* cmocka takes the signal for itself at the beginning of each test. */
static void trap(void)
{
	struct sigaction a = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &a, NULL);
}

static int up(void **state)
{
	static uint16_t words[64];
	struct cs8900a_model_conf conf = { .eeprom = words, .eeprom_words = 64 };
	struct cs_bus_conf at = { .kind = CS_BUS_IO, .base = 0x300 };

	refusal = 0;
	memset(&done, 0, sizeof(done));
	began = real();
	cs8900a_model_eeprom_image(words, 64, chip_mac, 0);
	c = chip_power(&conf);
	assert_int_equal(cs_bus_io_open(&at, &bus, &why), 0);
	cs_chip_init(&chip, bus);
	return 0;
}

static int down(void **state)
{
	cs_bus_close(bus);
	chip_down(c);
	c = NULL;
	return 0;
}

/*
 * The chip is one of 16 bits (section 1): bytes are read where that tells it so, at +A and +B, four
 * before the first word and four after the reset (section 4), and nothing is ever written by bytes.
 */
static void only_words(unsigned resets)
{
	assert_int_equal(done.outside, 0);
	assert_int_equal(done.of['l'] + done.of['L'] + done.of['B'] + done.of['?'], 0);
	assert_int_equal(done.of['b'], 4 + 4 * resets);
}

/* Forgets, so that these accesses can be told. */
static void from_now(void)
{
	memset(done.first, 0, sizeof(done.first));
	done.n = 0;
}

static void were(const char *accesses)
{
	if (strcmp(done.first, accesses) != 0)
		fail_msg("'%s' where '%s' was due", done.first, accesses);
}

static void ready(void)
{
	struct cs_filter filter = { 0 };

	trap();
	assert_int_equal(cs_chip_probe(&chip, &why), 0);
	assert_int_equal(cs_chip_reset(&chip, &why), 0);
	cs_line_setup(&chip, CS_MEDIA_10BT, false);
	cs_events_setup(&chip);
	memcpy(filter.mac, chip_mac, 6);
	cs_filter_set(&chip, &filter);
	cs_line_on(&chip, true, true);
}

static void finds_and_reads(void **state)
{
	uint8_t mac[6];

	trap();
	assert_int_equal(cs_chip_probe(&chip, &why), 0);
	were("bA bB bA bB wA WA wC WA wC "); /* the pointer, the id, the product */
	assert_int_equal(cs_chip_revision(&chip), 'D');
	from_now();
	assert_int_equal(cs_chip_reset(&chip, &why), 0);
	assert_memory_equal(done.first, "WA WC bA bB bA bB WA wC ", 24); /* SelfCTL; SelfST */
	assert_int_equal(cs_eeprom_load(&chip, &why), 0);
	assert_true(chip.eeprom.present && chip.eeprom.driver_ok);
	assert_int_equal(cs_eeprom_address(&chip, mac, &why), 0);
	assert_memory_equal(mac, chip_mac, 6);
	assert_true(done.of['w'] + done.of['W'] > 50);
	only_words(1);
}

/* Section 7: TxCMD, TxLength, BusST, the words; by `rep outsw`. */
static void sends(void **state)
{
	static uint16_t words[757];

	ready();
	for (unsigned len = 60; len <= 1514; len += 97) {
		const unsigned before = c->end.sent;
		uint16_t ev = 0;

		for (unsigned i = 0; i < sizeof(words); i++)
			((uint8_t *)words)[i] = (uint8_t)(i * 7 + len);
		from_now();
		cs_tx_bid(&chip, len);
		assert_int_equal(cs_tx_granted(&chip), 1);
		cs_tx_write(&chip, words, (len + 1) / 2);
		were("W4 W6 WA wC S0 ");
		for (unsigned i = 0; i < 200000 && ev == 0; i++)
			ev = cs_tx_event(&chip, false);
		assert_true(cs_tx_is_ok(ev));
		assert_int_equal(c->end.sent, before + 1);
		assert_int_equal(c->end.last.len, len + 4);
		assert_memory_equal(c->end.last.data, words, len);
	}
	only_words(1);
}

/* Section 8: RxStatus, RxLength, the words; by `rep insw`. */
static void receives(void **state)
{
	static uint16_t words[760];

	ready();
	for (unsigned len = 60; len <= 1514; len += 97) {
		struct cs8900a_wire_frame *f = chip_frame(c, chip_mac, len);
		uint16_t ev = 0;

		for (unsigned i = 0; i < 200000 && ev == 0; i++)
			ev = cs_rx_event(&chip);
		assert_true(ev & 0x0100);
		from_now();
		assert_int_equal(cs_rx_begin(&chip), len);
		cs_rx_read(&chip, words, len);
		were(len % 2 ? "s0 s0 s0 " : "s0 s0 ");
		assert_memory_equal(words, f->data, len);
	}
	assert_int_equal(cs_rx_event(&chip), 0);
	only_words(1);
}

static void *other(void *arg)
{
	const unsigned before = atomic_load(&asked);

	(void)arg;
	for (unsigned i = 0; i < 5; i++)
		if (cs_bus_enter(bus) != 0)
			return NULL;
	return (void *)(uintptr_t)(atomic_load(&asked) - before);
}

/* Permission is a thread's: asked for once in each, and only for the chip's sixteen ports. */
static void each_thread_asks_once(void **state)
{
	pthread_t t;
	void *n;

	for (unsigned i = 0; i < 3; i++) {
		const unsigned before = atomic_load(&asked);

		assert_int_equal(cs_bus_enter(bus), 0);
		assert_int_equal(atomic_load(&asked), before); /* the opener has it already */
		pthread_create(&t, NULL, other, NULL);
		pthread_join(t, &n);
		assert_int_equal((uintptr_t)n, 1);
		assert_int_equal(asked_from, 0x300);
	}
	refusal = EPERM; /* in a thread that asks for the first time */
	pthread_create(&t, NULL, other, NULL);
	pthread_join(t, &n);
	assert_null(n);
	assert_int_equal(cs_bus_enter(bus), 0); /* and the others keep what they have */
}

static void refused(void **state)
{
	static const struct {
		int err;
		const char *part;
	} of[] = {
		{ EPERM, "I/O port 0x320 needs CAP_SYS_RAWIO" },
		{ ENOSYS, "this kernel gives programs no I/O ports" },
		{ EINVAL, "I/O port 0x320: ioperm: Invalid argument" },
	};
	struct cs_bus_conf at = { .kind = CS_BUS_IO, .base = 0x320 };
	struct cs_bus *none = NULL;

	for (unsigned i = 0; i < 3; i++) {
		refusal = of[i].err;
		assert_int_equal(cs_bus_io_open(&at, &none, &why), -of[i].err);
		if (!strstr(why.text, of[i].part))
			fail_msg("'%s' should say '%s'", why.text, of[i].part);
	}
	assert_null(none);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
	const struct CMUnitTest tests[] = {
		T(finds_and_reads), T(sends), T(receives), T(each_thread_asks_once), T(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
