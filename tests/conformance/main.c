/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conformance TYPE [CASE]: runs the cases on a port type, under tests/net/isolate. --doc writes the
 * part of docs/compatibility.md that the tables make; --check-doc FILE compares.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "conformance.h"

#define CASE_SECONDS 120 /* a case that hangs is killed */
#define JOBS 4
#define SKIPPED 77 /* as meson understands it */

static const struct {
	const char *name;
	case_fn *fn;
} cases[CASE_COUNT] = {
#define CASE(name, text) {#name, case_##name},
#include "cases.def"
#undef CASE
};

static const struct put_type *type;
static struct put put;

static void run(void **state)
{
	enum case_id id = (enum case_id)(uintptr_t)*state;

	if (type->not_able[id]) {
		print_message("not able: %s\n", type->not_able[id]);
		skip();
	}
	rig_init(&put, type);
	if (type->stall_words &&
		(id == CASE_ring_full || id == CASE_back_pressure || id == CASE_watchdog))
		put.words = type->stall_words;
	cases[id].fn(&put);
}

/* Each case has a machine of its own: interfaces, and an empty /run. */
static void surroundings(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("tmpfs", "/run", "tmpfs", 0, NULL)) {
		perror("a namespace for the case");
		exit(1);
	}
	mkdir("/run/skiff", 0755);
	sh("ip link set lo up");
	sh("ip netns add peer");
	sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	sh("ip netns exec peer sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
}

static const struct put_type *find_type(const char *name)
{
	for (unsigned i = 0; i < put_type_count; i++)
		if (strcmp(put_types[i].name, name) == 0)
			return &put_types[i];
	return NULL;
}

static int run_case(const char *program, uintptr_t id)
{
	const struct CMUnitTest test[] = {
		{.name = cases[id].name, .test_func = run, .initial_state = (void *)id}};

	if (type->not_able[id] == NULL) {
		surroundings();
		rig_eal(program);
	}
	return _cmocka_run_group_tests(type->name, test, 1, NULL, NULL);
}

/* Not in a user namespace: there all users are the machine's. */
static bool is_root(void)
{
	unsigned long inside, outside, n;
	FILE *f = fopen("/proc/self/uid_map", "r");
	bool yes = f && fscanf(f, "%lu %lu %lu", &inside, &outside, &n) == 3 && inside == 0 &&
		outside == 0 && n == UINT32_MAX;

	if (f)
		fclose(f);
	return yes;
}

struct job {
	pid_t pid;
	FILE *said;
};

static void begin(struct job *j, const char *program, uintptr_t id)
{
	j->said = tmpfile();
	fflush(NULL);
	j->pid = j->said ? fork() : -1;
	if (j->pid == 0) {
		int status;

		dup2(fileno(j->said), STDOUT_FILENO);
		dup2(fileno(j->said), STDERR_FILENO);
		alarm(CASE_SECONDS);
		status = run_case(program, id);
		fflush(NULL);
		_exit(status != 0);
	}
}

/* Whether it passed; prints what it said. */
static bool end(struct job *j, uintptr_t id)
{
	char line[1024];
	int status = -1;

	if (j->pid < 0 || waitpid(j->pid, &status, 0) != j->pid)
		status = -1;
	if (j->said)
		rewind(j->said);
	while (j->said && fgets(line, sizeof(line), j->said))
		fputs(line, stdout);
	if (j->said)
		fclose(j->said);
	if (status != 0)
		printf("FAILED: %s %s, status %#x\n", type->name, cases[id].name, status);
	return status == 0;
}

/*
 * A process each, so that one that fails, or crashes, is one that failed. A few at once: vhost spends
 * a second or two of each case waiting for itself.
 */
static int run_all(const char *program)
{
	struct job job[CASE_COUNT];
	unsigned failed = 0;

	for (uintptr_t i = 0; i < CASE_COUNT + JOBS; i++) {
		if (i >= JOBS)
			failed += !end(&job[i - JOBS], i - JOBS);
		if (i < CASE_COUNT)
			begin(&job[i], program, i);
	}
	printf("%s: %u of %u cases failed\n", type->name, failed, CASE_COUNT);
	return failed != 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--doc") == 0) {
		doc_write();
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--check-doc") == 0)
		return doc_check(argv[2]);
	type = argc >= 2 ? find_type(argv[1]) : NULL;
	if (type == NULL) {
		fprintf(stderr, "usage: conformance TYPE [CASE] | --doc | --check-doc FILE\n");
		return 2;
	}
	if (type->needs_root && !is_root()) {
		printf("%s: the kernel lets only the machine's root have it\n", type->name);
		return SKIPPED;
	}
	if (argc == 2)
		return run_all(argv[0]);
	for (uintptr_t i = 0; i < CASE_COUNT; i++)
		if (strcmp(argv[2], cases[i].name) == 0)
			return run_case(argv[0], i);
	fprintf(stderr, "no case %s\n", argv[2]);
	return 2;
}
