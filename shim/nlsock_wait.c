/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for skiffd, and waking it: a bounded spin where it runs on another CPU and was active a
 * moment ago, then sleep (<skiff/netlink.h> says how no wake-up is lost). Only ppoll, futex, read
 * and write, which confined programs may still use. Called by nlsock_io.c and hooks_poll.c.
 */
#include <endian.h>
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skiff/yield.h>

#include "libc.h"
#include "nlsock.h"

/* While asleep on the futex, look at this interval whether skiffd still lives. */
#define ALIVE_NS 20000000
/* On one CPU: so long we yield, in which skiffd should have had a turn. */
#define YIELD_NS 1000000

uint64_t nlsock_now(void)
{
	return skiff_now_ns();
}

static uint64_t spin_ns(void)
{
	static _Atomic int64_t cached = -1;
	int64_t v = atomic_load_explicit(&cached, memory_order_relaxed);

	if (v < 0) {
		const char *usec = getenv("SKIFF_SPIN_USEC");

		v = usec != NULL ? strtol(usec, NULL, 10) : SKIFF_SPIN_USEC_DEFAULT;
		v = v < 0 ? 0 : v > 1000 ? 1000000 : v * 1000;
		atomic_store_explicit(&cached, v, memory_order_relaxed);
	}
	return v;
}

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static struct skiff_yield yields;

static bool same_cpu(struct nlsock *s)
{
	uint32_t cpu = sched_getcpu();

	atomic_store_explicit(&s->page->cli_cpu, cpu, memory_order_relaxed);
	return atomic_load_explicit(&s->page->srv_cpu, memory_order_relaxed) == cpu;
}

/*
 * A moment's wait for skiffd. On its own CPU spinning would only keep it from running, so we yield;
 * false: there is no point in that either.
 */
static bool pass_time(struct nlsock *s, uint64_t *now)
{
	if (skiff_may_yield(&yields, *now)) {
		skiff_yield_turn(&yields, now);
		return true;
	}
	if (same_cpu(s))
		return false;
	for (int i = 0; i < 32; i++)
		pause_cpu();
	*now = nlsock_now();
	return true;
}

bool nlsock_readable(struct nlsock *s)
{
	uint64_t tail = atomic_load_explicit(s->rx.tail, memory_order_relaxed);

	return s->whole_ready || atomic_load(s->rx.head) != tail ||
	       atomic_load(&s->page->overruns) != atomic_load(&s->page->overruns_seen);
}

bool nlsock_spin_readable(struct nlsock *s)
{
	if (nlsock_readable(s))
		return true;
	uint64_t now = nlsock_now();

	/* who asks without end and is answered each time reads no clock for it */
	if (atomic_load_explicit(&s->stirred, memory_order_relaxed)) {
		atomic_store_explicit(&s->stirred, false, memory_order_relaxed);
		atomic_store_explicit(&s->active_ns, now, memory_order_relaxed);
	}
	uint64_t until = atomic_load_explicit(&s->active_ns, memory_order_relaxed) + spin_ns();

	while (now < until && pass_time(s, &now))
		if (nlsock_readable(s))
			return true;
	return nlsock_readable(s);
}

bool nlsock_dead(int fd)
{
	char c;
	ssize_t n = real()->recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void nlsock_kick(int fd, struct nlsock *s)
{
	/* A full stream holds wake-ups enough; a dead skiffd shows when we wait. */
	if (atomic_load(&s->page->srv_asleep))
		real()->send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void nlsock_arm(struct nlsock *s)
{
	atomic_fetch_add(&s->page->arm, 1);
}

bool nlsock_drain(int fd)
{
	char bytes[64];
	ssize_t n;

	do
		n = real()->recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (n == sizeof(bytes) || (n < 0 && errno == EINTR));
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* 0: something to read; -1: EAGAIN after the timeout, EINTR, or ENETDOWN. NULL: no time limit. */
int nlsock_wait_readable(int fd, struct nlsock *s, const struct timespec *timeout)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (nlsock_spin_readable(s))
		return 0;
	nlsock_arm(s);
	if (nlsock_readable(s))
		return 0;
	nlsock_kick(fd, s);
	int n = real()->ppoll(&p, 1, timeout, NULL);

	if (n < 0)
		return -1;
	if (n > 0 && !nlsock_drain(fd) && !nlsock_readable(s)) {
		errno = ENETDOWN;
		return -1;
	}
	if (n == 0 && !nlsock_readable(s)) {
		errno = EAGAIN;
		return -1;
	}
	return 0;
}

static bool reached(struct nlsock *s, uint64_t target)
{
	return (int64_t)(atomic_load(s->tx.tail) - target) >= 0;
}

static int sleep_consumed(int fd, struct nlsock *s, uint64_t target)
{
	uint32_t *word = (uint32_t *)s->tx.tail + (__BYTE_ORDER == __BIG_ENDIAN);
	struct timespec look = {.tv_nsec = ALIVE_NS};
	int err = 0;

	atomic_store(&s->page->tx_waiting, 1);
	for (;;) {
		uint32_t seen = (uint32_t)atomic_load(s->tx.tail);

		if (reached(s, target))
			break;
		if (syscall(SYS_futex, word, FUTEX_WAIT, seen, &look, NULL, 0) < 0 &&
			errno == ETIMEDOUT && nlsock_dead(fd) && !reached(s, target)) {
			err = ECONNREFUSED;
			break;
		}
	}
	atomic_store(&s->page->tx_waiting, 0);
	errno = err;
	return err == 0 ? 0 : -1;
}

/* Until skiffd has consumed up to `target`. 0, or -1: ECONNREFUSED, it is dead. */
int nlsock_wait_consumed(int fd, struct nlsock *s, uint64_t target)
{
	if (reached(s, target))
		return 0;
	uint64_t now = nlsock_now();
	bool same = same_cpu(s);
	/* who yields only waits for his turn, however many others have theirs in between */
	uint64_t until = now + (same && spin_ns() != 0 ? YIELD_NS : spin_ns());

	while (now < until && pass_time(s, &now))
		if (reached(s, target))
			return 0;
	if (same && now >= until)
		skiff_yield_rest(&yields, now); /* skiffd does not get the CPU by that */
	return reached(s, target) ? 0 : sleep_consumed(fd, s, target);
}

void nlsock_level(int fd, struct nlsock *s)
{
	if (!nlsock_readable(s)) {
		if (!nlsock_drain(fd))
			return; /* dead: readable for ever, as it should be */
		nlsock_arm(s);
		if (!nlsock_readable(s))
			return;
	} else {
		nlsock_arm(s);
	}
	/* It asks skiffd, awake or not, to look: it rings when the ring is not empty. */
	real()->send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}
