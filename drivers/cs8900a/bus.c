/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kinds of buses share: sentences, the machine's clock, mapped memory. Called by bus_io.c,
 * bus_mem.c and bus_model.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bus.h"

int cs_say(struct cs_why *why, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return err;
}

uint64_t cs_real_now(struct cs_bus *b)
{
	struct timespec t;

	(void)b;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void cs_real_sleep(struct cs_bus *b, uint64_t ns)
{
	struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	(void)b;
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* A mapping of an ordinary file reaches as far as the file: behind it is SIGBUS. */
static int check_size(int fd, const char *file, uint64_t base, size_t size, struct cs_why *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return cs_say(why, -errno, "%s: %s", file, strerror(errno));
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size < base + size)
		return cs_say(why, -EINVAL, "%s has %llu bytes; the chip at 0x%llx needs %zu there",
			file, (unsigned long long)st.st_size, (unsigned long long)base, size);
	return 0;
}

static int map_fd(struct cs_map *m, int fd, const char *file, uint64_t base, size_t size,
	struct cs_why *why)
{
	const uint64_t page = sysconf(_SC_PAGESIZE), first = base & ~(page - 1);
	int err = check_size(fd, file, base, size, why);

	if (err < 0)
		return err;
	m->length = base - first + size;
	m->pages = mmap(NULL, m->length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, first);
	if (m->pages == MAP_FAILED) {
		m->pages = NULL;
		return cs_say(why, -errno,
			"0x%llx of %s cannot be mapped: %s; the kernel may keep it for itself "
			"(CONFIG_STRICT_DEVMEM), then use a UIO device",
			(unsigned long long)base, file, strerror(errno));
	}
	m->at = (volatile uint8_t *)m->pages + (base - first);
	return 0;
}

int cs_map_open(struct cs_map *m, const char *file, uint64_t base, size_t size,
	struct cs_why *why)
{
	int fd, err;

	if (file == NULL)
		file = "/dev/mem";
	if (base % 2)
		return cs_say(why, -EINVAL, "address 0x%llx is odd", (unsigned long long)base);
	fd = open(file, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return cs_say(why, -errno, "%s: %s%s", file, strerror(errno),
			errno == EACCES || errno == EPERM ?
				"; run as root, or give a file you may write" : "");
	err = map_fd(m, fd, file, base, size, why);
	close(fd);
	return err;
}

void cs_map_close(struct cs_map *m)
{
	if (m->pages != NULL)
		munmap(m->pages, m->length);
	m->pages = NULL;
}
