/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starts DPDK for skiffd: huge pages only where they are, no bus scan that nobody asked for, a
 * main lcore that floats and workers that are pinned, a run-time folder per socket so that several
 * daemons live side by side. Called by main.c before anything that needs rte_malloc.
 */
#include "eal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "core/thp.h"
#include "daemon.h"
#include "log.h"
#include "ports.h"

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

static uint64_t number_in(const char *path, const char *format)
{
	FILE *f = fopen(path, "re");
	unsigned long long n = 0;
	char line[128];
	bool found = false;

	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = sscanf(line, format, &n) == 1;
	if (f != NULL)
		fclose(f);
	return found ? n : UINT64_MAX;
}

/*
 * What normal memory there is, in MB: of the machine and of our control group. Without this look
 * the kernel would lend what it does not have, and end us, or somebody else, when it is used.
 */
static uint64_t normal_free_mb(void)
{
	uint64_t machine = number_in("/proc/meminfo", "MemAvailable: %llu kB");
	uint64_t group = number_in("/sys/fs/cgroup/memory.max", "%llu");

	machine = machine == UINT64_MAX ? machine : machine >> 10;
	group = group == UINT64_MAX ? group : group >> 20;
	return machine < group ? machine : group;
}

static int check_normal(const struct skiffd *d, const struct eal_plan *p)
{
	uint64_t mb = normal_free_mb();

	if (p->huge || p->mem_mb < mb - mb / 16)
		return 0;
	log_error("%u mbufs need %u MB of memory, %llu MB are free; write a smaller `system mbufs`",
		d->settings.mbufs, p->mem_mb, (unsigned long long)mb);
	return -ENOMEM;
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
	p->given_mb = p->huge ? p->mem_mb : thp_eal_mb(p->mem_mb);
	return check_normal(d, p);
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

/*
 * DPDK tells of one failure in up to five lines, the cause first and what it means for its own
 * layers after it, some past its own log. What it writes is held back while it starts; a failure
 * is told in one sentence of ours with that cause in it, and after a start that succeeds the lines
 * follow as they are. Of a failure that it ends the process for (rte_panic) nobody else will tell.
 */
struct held_words {
	int file;   /* what fd 2 is meanwhile; -1: nothing is held */
	int own;    /* where fd 2 belongs */
	struct sigaction on_abort, on_fault;
	char text[4096];
};

static struct held_words held; /* static: a signal handler reads it */

static void words_at_death(int sig)
{
	char text[512];
	ssize_t n;

	for (off_t at = 0; (n = pread(held.file, text, sizeof(text), at)) > 0; at += n)
		if (write(held.own, text, (size_t)n) != n)
			break;
	held.file = -1; /* told */
	raise(sig); /* ends it: SA_RESETHAND */
}

static void words_hold(struct held_words *w, const struct skiffd *d)
{
	const struct sigaction dying = {.sa_handler = words_at_death, .sa_flags = (int)SA_RESETHAND};

	w->text[0] = '\0';
	w->file = d->dpdk_log == NULL ? memfd_create("words", MFD_CLOEXEC) : -1;
	if (w->file < 0)
		return;
	fflush(stderr);
	w->own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (w->own < 0 || dup2(w->file, STDERR_FILENO) < 0) {
		close(w->file);
		w->file = -1;
		return;
	}
	sigaction(SIGABRT, &dying, &w->on_abort);
	sigaction(SIGSEGV, &dying, &w->on_fault);
}

static void words_release(struct held_words *w)
{
	ssize_t n;

	if (w->file < 0)
		return;
	sigaction(SIGABRT, &w->on_abort, NULL);
	sigaction(SIGSEGV, &w->on_fault, NULL);
	fflush(stderr);
	dup2(w->own, STDERR_FILENO);
	close(w->own);
	n = pread(w->file, w->text, sizeof(w->text) - 1, 0);
	w->text[n > 0 ? n : 0] = '\0';
	close(w->file);
	w->file = -1;
}

/* "EAL: Cannot get a virtual area: ..." without its prefix, cut to a line. */
static const char *words_cause(struct held_words *w)
{
	char *line = w->text;
	char *end = strchr(line, '\n');

	if (end != NULL)
		*end = '\0';
	return strncmp(line, "EAL: ", 5) == 0 ? line + 5 : line;
}

/* DPDK removes its telemetry socket when the process exits; the folder would stay for ever. */
static char runtime_dir[PATH_MAX];

static void remove_runtime_dir(void)
{
	if (runtime_dir[0] != '\0')
		rmdir(runtime_dir);
}

static int init_quietly(const struct skiffd *d, struct eal_args *args, const struct eal_plan *plan)
{
	char text[256];
	int ret, err;

	words_hold(&held, d);
	ret = rte_eal_init(args->argc, args->argv);
	err = rte_errno;
	words_release(&held);
	if (ret < 0) {
		const char *cause = words_cause(&held);

		eal_reason(text, sizeof(text), err, plan, plan->huge ? huge_free_mb() : 0);
		log_error("DPDK does not start: %s%s%s%s; --log-level debug shows its own words",
			text, *cause ? " (" : "", cause, *cause ? ")" : "");
	} else {
		fputs(held.text, stderr);
	}
	rte_errno = err;
	return ret;
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
	atexit(remove_runtime_dir); /* after DPDK's own, which come later and run earlier */
	if (init_quietly(d, args, &plan) < 0)
		return -rte_errno;
	snprintf(runtime_dir, sizeof(runtime_dir), "%s", rte_eal_get_runtime_dir());
	d->eal_started = true;
	if (!plan.huge)
		thp_eal_keep(plan.mem_mb);
	return 0;
}

void eal_stop(struct skiffd *d)
{
	/* else the end of the process cleans up: nothing of the EAL's outlives it */
	if (d->eal_started && !port_pins_eal())
		rte_eal_cleanup();
	d->eal_started = false;
}
