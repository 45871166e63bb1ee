/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a port could leave behind: descriptors and threads of the process, DPDK's memory, rings and
 * ports, interfaces of the kernel. Taken before and after; must be the same.
 */
#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <rte_memzone.h>

#include "conformance.h"

static unsigned entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void list_fds(struct census *c)
{
	size_t at = 0;

	for (int fd = 0; fd < 512; fd++) {
		char path[32], to[128];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, to, sizeof(to) - 1);
		if (n < 0)
			continue;
		to[n] = '\0';
		c->fds++;
		if (at < sizeof(c->fd_list))
			at += snprintf(c->fd_list + at, sizeof(c->fd_list) - at, "%d=%s ", fd, to);
	}
}

static void count_zone(const struct rte_memzone *z, void *arg)
{
	struct census *c = arg;

	c->zones++;
	/* DPDK's own tables, and the hash of memif's sockets, are for good. */
	c->named += strncmp(z->name, "rte_", 4) != 0 &&
		strncmp(z->name, "RG_HT_", 6) != 0;
}

static void count_pool(struct rte_mempool *p, void *arg)
{
	(void)p;
	(*(unsigned *)arg)++;
}

void census_take(struct census *c)
{
	struct rte_malloc_socket_stats heap;
	struct if_nameindex *list = if_nameindex();

	memset(c, 0, sizeof(*c));
	list_fds(c);
	c->threads = entries("/proc/self/task");
	rte_memzone_walk(count_zone, c);
	rte_mempool_walk(count_pool, &c->pools);
	c->ports = rte_eth_dev_count_avail();
	for (struct if_nameindex *i = list; i && i->if_index; i++)
		c->interfaces++;
	if_freenameindex(list);
	rte_malloc_get_socket_stats(0, &heap);
	c->allocs = heap.alloc_count;
	c->bytes = heap.heap_allocsz_bytes;
}

#define SAME(field)                                                                               \
	do {                                                                                       \
		if (before->field != after->field) {                                               \
			print_error(#field ": %llu before, %llu after\n",                          \
				(unsigned long long)before->field, (unsigned long long)after->field); \
			ok = false;                                                                \
		}                                                                                  \
	} while (0)

/* What is found by its name and used again does not become more, but stays all the same. */
void census_expect_named(const struct census *before, const struct census *after)
{
	bool ok = true;

	SAME(named);
	SAME(pools);
	SAME(ports);
	SAME(interfaces);
	assert_true(ok);
}

void census_expect_same(const struct put *t, const struct census *before, const struct census *after,
	unsigned lives)
{
	bool ok = true;

	ok = after->fds >= before->fds && after->fds - before->fds <= lives * t->type->keeps_fds;
	if (!ok)
		print_error("before: %s\nafter: %s\n", before->fd_list, after->fd_list);
	SAME(threads);
	SAME(zones);
	SAME(pools);
	SAME(ports);
	SAME(interfaces);
	assert_true(ok);
	if (t->type->keeps_allocs) {
		assert_in_range(after->allocs, before->allocs,
			before->allocs + lives * t->type->keeps_allocs);
		return;
	}
	SAME(allocs);
	SAME(bytes);
	assert_true(ok);
}
