/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The descriptors that memif_relay.c looks at, behind the one of port_turn_fd(): an epoll for what is always
 * looked at, and in it another for peers, which is taken out for the time of a step.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "memif_turn.h"
#include "memif_relay.h"

static int epolls[] = {[MEMIF_ALWAYS] = -1, [MEMIF_PEERS] = -1};
static void (*tick)(void);

int memif_watch(enum memif_set set, struct memif_source *s)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};

	if (!s->watched && s->fd >= 0 && epoll_ctl(epolls[set], EPOLL_CTL_ADD, s->fd, &e) < 0)
		return -errno;
	s->watched = s->fd >= 0;
	return 0;
}

void memif_unwatch(enum memif_set set, struct memif_source *s)
{
	if (s->watched)
		epoll_ctl(epolls[set], EPOLL_CTL_DEL, s->fd, NULL);
	s->watched = false;
}

void memif_unwatch_shut(enum memif_set set, struct memif_source *s)
{
	memif_unwatch(set, s);
	memif_shut(&s->fd);
}

void memif_hear_peers(bool on)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};

	epoll_ctl(epolls[MEMIF_ALWAYS], on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, epolls[MEMIF_PEERS], &e);
}

static void on_timer(struct memif_source *s)
{
	uint64_t n;

	if (read(s->fd, &n, sizeof(n)) == sizeof(n))
		tick();
}

static struct memif_source timer = {.ready = on_timer, .fd = -1};

void memif_tick_in(unsigned ms)
{
	const struct itimerspec t = {.it_value.tv_nsec = ms * 1000000L};
	struct itimerspec is;

	if (timerfd_gettime(timer.fd, &is) == 0 && is.it_value.tv_nsec > 0 &&
		is.it_value.tv_nsec < t.it_value.tv_nsec)
		return;
	timerfd_settime(timer.fd, 0, &t, NULL);
}

int port_turn_fd(void)
{
	if (epolls[MEMIF_ALWAYS] < 0)
		epolls[MEMIF_ALWAYS] = epoll_create1(EPOLL_CLOEXEC);
	return epolls[MEMIF_ALWAYS] < 0 ? -errno : epolls[MEMIF_ALWAYS];
}

static bool one_of(enum memif_set set)
{
	struct epoll_event e;
	struct memif_source *s;

	if (epolls[set] < 0 || epoll_wait(epolls[set], &e, 1, 0) != 1)
		return false;
	s = e.data.ptr;
	if (s == NULL)
		return one_of(MEMIF_PEERS);
	s->ready(s);
	return true;
}

bool memif_turn_one(void)
{
	return one_of(MEMIF_ALWAYS);
}

int memif_turn_set_up(void (*on_tick)(void))
{
	int err = port_turn_fd();

	if (err < 0)
		return err;
	tick = on_tick;
	epolls[MEMIF_PEERS] = epoll_create1(EPOLL_CLOEXEC);
	timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (epolls[MEMIF_PEERS] >= 0 && timer.fd >= 0 && memif_watch(MEMIF_ALWAYS, &timer) == 0) {
		memif_hear_peers(true);
		return 0;
	}
	memif_unwatch_shut(MEMIF_ALWAYS, &timer);
	memif_shut(&epolls[MEMIF_PEERS]);
	return -ENOMEM;
}
