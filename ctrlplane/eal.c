/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starts DPDK for skiffd: huge pages only where they are, no bus scan that nobody asked for, a
 * main lcore that floats and workers that are pinned, a run-time folder per socket so that several
 * daemons live side by side. Called by main.c before anything that needs rte_malloc.
 */
#include "eal.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include <skiff/abi.h>

#include "daemon.h"
#include "log.h"

/* An mbuf of 2 KB with headroom, skb and mempool header, rounded up; and rings, tables, ports. */
#define MBUF_BYTES 2816u
#define CLONE_BYTES 512u
#define BASE_MB 64u
#define WORKER_MB 8u

uint32_t eal_mem_mb(uint32_t mbufs, uint32_t workers)
{
	uint64_t bytes = (uint64_t)mbufs * (MBUF_BYTES + CLONE_BYTES);

	return (uint32_t)(bytes >> 20) + BASE_MB + WORKER_MB * workers;
}

void eal_file_prefix(char *buf, size_t size, const char *socket_path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	if (strcmp(socket_path, SKIFF_SOCKET_DEFAULT) == 0) {
		snprintf(buf, size, "skiff");
		return;
	}
	for (const char *p = socket_path; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	snprintf(buf, size, "skiff-%012llx", (unsigned long long)(hash & 0xffffffffffff));
}

static int add(struct eal_args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int add(struct eal_args *a, const char *fmt, ...)
{
	size_t room = sizeof(a->text) - a->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(a->text + a->used, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || a->argc == EAL_ARGS_MAX)
		return -E2BIG;
	a->argv[a->argc++] = a->text + a->used;
	a->argv[a->argc] = NULL;
	a->used += (size_t)n + 1;
	return 0;
}

/* "0@(0,1),1@1": lcore 0 floats over all CPUs, lcore 1 and on are one CPU each. */
static int add_lcores(struct eal_args *a, const struct eal_plan *p)
{
	char text[3072];
	int n = snprintf(text, sizeof(text), "--lcores=0@(");
	bool first = true;

	for (unsigned int c = 0; c < CPU_SETSIZE && (size_t)n < sizeof(text); c++) {
		if (!CPU_ISSET(c, p->cpus))
			continue;
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%u", first ? "" : ",", c);
		first = false;
	}
	if ((size_t)n < sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, ")");
	for (uint32_t i = 0; i < p->settings->n_cores && (size_t)n < sizeof(text); i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ",%u@%u", i + 1,
			p->settings->cores[i]);
	return (size_t)n < sizeof(text) ? add(a, "%s", text) : -E2BIG;
}

int eal_args_make(struct eal_args *a, const struct eal_plan *p)
{
	int err = 0;

	a->argc = 0;
	a->used = 0;
	err |= add(a, "skiffd");
	err |= add_lcores(a, p);
	err |= add(a, "--main-lcore=0");
	err |= add(a, "--file-prefix=%s", p->file_prefix);
	if (p->huge) {
		/* Nothing on hugetlbfs, so nothing is left behind; memfds, so vhost works. */
		err |= add(a, "--in-memory");
		err |= add(a, "--single-file-segments");
	} else {
		err |= add(a, "--no-huge");
		err |= add(a, "--no-shconf");
	}
	err |= add(a, "-m");
	err |= add(a, "%u", p->mem_mb);
	if (!p->settings->pci) {
		err |= add(a, "--no-pci");
		err |= add(a, "--iova-mode=va");
	}
	err |= add(a, "--log-level=*:%s", p->dpdk_log ? p->dpdk_log : "error");
	return err ? -E2BIG : 0;
}

/* Free huge pages of all sizes, in MB. */
static uint64_t huge_free_mb(void)
{
	const char *root = "/sys/kernel/mm/hugepages";
	DIR *dir = opendir(root);
	struct dirent *e;
	uint64_t mb = 0;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		unsigned long kb, n = 0;
		char path[512];
		FILE *f;

		if (sscanf(e->d_name, "hugepages-%lukB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", root, e->d_name);
		f = fopen(path, "re");
		if (f != NULL && fscanf(f, "%lu", &n) == 1)
			mb += n * kb / 1024;
		if (f != NULL)
			fclose(f);
	}
	if (dir != NULL)
		closedir(dir);
	return mb;
}

static int choose_memory(struct skiffd *d, struct eal_plan *p)
{
	uint64_t mb = huge_free_mb();

	p->mem_mb = eal_mem_mb(d->settings.mbufs, d->settings.workers);
	switch (d->settings.huge) {
	case HUGE_NO:
		break;
	case HUGE_YES:
		if (mb < p->mem_mb) {
			log_error("huge pages: %llu MB free, %u MB needed for %u mbufs; reserve more "
				  "(sysctl vm.nr_hugepages=%u) or write `system hugepages auto`",
				(unsigned long long)mb, p->mem_mb, d->settings.mbufs,
				p->mem_mb / 2 + 1);
			return -ENOMEM;
		}
		p->huge = true;
		break;
	case HUGE_AUTO:
		p->huge = mb >= p->mem_mb;
		if (!p->huge)
			log_info("no %u MB of free huge pages: using normal memory, which costs some "
				 "speed (sysctl vm.nr_hugepages=%u gives them)",
				p->mem_mb, p->mem_mb / 2 + 1);
		break;
	}
	d->huge = p->huge;
	return 0;
}

/*
 * DPDK's run-time folder (its telemetry socket is there) is /run/dpdk for uid 0, where
 * dpdk-telemetry.py looks; a user of a user namespace is uid 0 without being allowed that.
 */
static void choose_runtime_dir(const struct skiffd *d)
{
	char dir[sizeof(d->socket_path)];
	char *slash;

	if (geteuid() == 0 && (mkdir("/var/run/dpdk", 0700) == 0 || errno == EEXIST) &&
		access("/var/run/dpdk", W_OK | X_OK) == 0) {
		unsetenv("RUNTIME_DIRECTORY"); /* systemd's, of the unit */
		return;
	}
	if (geteuid() != 0 && getenv("XDG_RUNTIME_DIR") != NULL)
		return;
	snprintf(dir, sizeof(dir), "%s", d->socket_path);
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir)
		*slash = '\0';
	setenv("RUNTIME_DIRECTORY", dir, 1);
}

static const char *reason(int err)
{
	switch (err) {
	case ENOMEM:
		return "not enough memory; fewer `system mbufs` need less";
	case EACCES:
	case EPERM:
		return "no permission";
	case EAGAIN:
	case EBUSY:
		return "its files are in use by another process";
	default:
		return rte_strerror(err);
	}
}

int eal_start(struct skiffd *d)
{
	struct eal_plan plan = {.settings = &d->settings, .cpus = &d->cpus,
		.dpdk_log = d->dpdk_log, .file_prefix = d->file_prefix};
	struct eal_args *args;
	int err = choose_memory(d, &plan);

	if (err < 0)
		return err;
	eal_file_prefix(d->file_prefix, sizeof(d->file_prefix), d->socket_path);
	choose_runtime_dir(d);
	args = calloc(1, sizeof(*args)); /* getopt keeps pointers into it: never freed */
	if (args == NULL || eal_args_make(args, &plan) < 0) {
		free(args);
		log_error("the list of CPUs is too long for DPDK");
		return -E2BIG;
	}
	if (rte_eal_init(args->argc, args->argv) < 0) {
		log_error("DPDK does not start: %s; --log-level debug shows its own words",
			reason(rte_errno));
		return -rte_errno;
	}
	d->eal_started = true;
	return 0;
}

void eal_stop(struct skiffd *d)
{
	char dir[PATH_MAX];

	if (!d->eal_started)
		return;
	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	/* The telemetry socket goes with its thread; an empty folder would stay for ever. */
	rmdir(dir);
	d->eal_started = false;
}
