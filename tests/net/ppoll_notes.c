/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into a skiffd under test: writes down each ppoll() of its workers, and how long it was to
 * last at most. How long it did last tells how busy the machine is; what was asked is skiff's own.
 * PPOLL_NOTES names the file; a note is three 64-bit numbers, all in ns: begin and end by the clock
 * that a packet's timestamp is of, and the time asked.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *most, const sigset_t *mask, size_t room);

static uint64_t ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ns(&t);
}

static void take_down(const uint64_t note[3])
{
	static _Thread_local int fd = -1;
	const char *name = getenv("PPOLL_NOTES");

	if (fd < 0 && name)
		fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, note, 24) != 24)
		abort();
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *most, const sigset_t *mask)
{
	struct timespec left = most ? *most : (struct timespec){0}; /* the kernel writes to it */
	uint64_t note[3] = {now(), 0, most ? ns(most) : UINT64_MAX};
	int ready = (int)syscall(SYS_ppoll, fds, n, most ? &left : NULL, mask, _NSIG / 8);

	note[1] = now();
	take_down(note);
	return ready;
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *most, const sigset_t *mask, size_t room)
{
	if (n > room / sizeof(*fds))
		abort();
	return ppoll(fds, n, most, mask);
}
