/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line that skiffd gives to DPDK: its lcores, memory, files. Pure; eal.c calls it with
 * what it found on the machine.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <skiff/abi.h>

#include "eal.h"

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
	err |= add(a, "%u", p->given_mb);
	if (!p->settings->pci) {
		err |= add(a, "--no-pci");
		err |= add(a, "--iova-mode=va");
	}
	err |= add(a, "--log-level=*:%s", p->dpdk_log ? p->dpdk_log : "error");
	return err ? -E2BIG : 0;
}

static const char *words_of(int err)
{
	switch (err) {
	case ENOMEM:
		return "no memory; raise the limit (ulimit -v) or write fewer `system mbufs`";
	case EACCES:
	case EPERM:
		return "no permission";
	case EAGAIN:
		return "no thread is to be had; raise the limits (ulimit -u, ulimit -v)";
	case EBUSY:
		return "its files are in use by another process";
	default:
		return strerror(err);
	}
}

/* DPDK says EACCES, too, where it finds no huge pages: there were some when skiffd looked. */
void eal_reason(char *buf, size_t size, int err, const struct eal_plan *p, uint64_t huge_mb)
{
	if (p->huge && huge_mb < p->mem_mb && (err == EACCES || err == ENOMEM))
		snprintf(buf, size, "the number of huge pages changed meanwhile: %llu MB are free, %u MB needed; "
			"start again, or write `system hugepages no`", (unsigned long long)huge_mb, p->mem_mb);
	else
		snprintf(buf, size, "%s", words_of(err));
}
