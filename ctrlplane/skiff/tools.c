/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Running the tools that Linux has: `skiff ip route` is `skiff-run ip route`. All that makes them
 * talk to skiff is skiff-run's and libskiff's.
 */
#include "tools.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *tools_runner(void)
{
	static char path[PATH_MAX + 32];
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0) {
		exe[n] = '\0';
		const char *dir = dirname(exe);

		snprintf(path, sizeof(path), "%s/skiff-run", dir);
		if (access(path, X_OK) == 0)
			return path;
		snprintf(path, sizeof(path), "%s/../shim/skiff-run", dir);
		if (access(path, X_OK) == 0)
			return path;
	}
	return "skiff-run";
}

static int speaks_json(const char *tool)
{
	static const char *const tools[] = {"ip", "tc", "bridge", "nft"};

	for (unsigned int i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strcmp(tool, tools[i]) == 0)
			return 1;
	return 0;
}

char **tools_argv(const char *socket, int json, unsigned int argc, char *const *argv)
{
	char **out = calloc(argc + 6, sizeof(*out));
	unsigned int n = 0;

	if (out == NULL)
		return NULL;
	out[n++] = (char *)(uintptr_t)tools_runner();
	if (socket != NULL) {
		out[n++] = (char *)(uintptr_t)"-s";
		out[n++] = (char *)(uintptr_t)socket;
	}
	out[n++] = argv[0];
	if (json && speaks_json(argv[0]))
		out[n++] = (char *)(uintptr_t)"-j";
	for (unsigned int i = 1; i < argc; i++)
		out[n++] = argv[i];
	return out;
}

int tools_exec(const char *socket, int json, unsigned int argc, char *const *argv)
{
	char **words = tools_argv(socket, json, argc, argv);

	if (words == NULL) {
		fprintf(stderr, "skiff: no memory\n");
		return 1;
	}
	execvp(words[0], words);
	fprintf(stderr, "skiff: cannot run %s: %s; it is installed with skiff\n", words[0],
		strerror(errno));
	free(words);
	return 127;
}

int tools_run(const char *socket, int json, unsigned int argc, char *const *argv)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, was_int, was_quit;
	int status = 0;
	pid_t pid;

	/* Ctrl-C is for the tool: the shell lives on. */
	sigaction(SIGINT, &ignore, &was_int);
	sigaction(SIGQUIT, &ignore, &was_quit);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGINT, &was_int, NULL);
		sigaction(SIGQUIT, &was_quit, NULL);
		_exit(tools_exec(socket, json, argc, argv));
	}
	if (pid < 0)
		fprintf(stderr, "skiff: cannot start %s: %s\n", argv[0], strerror(errno));
	else
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGQUIT, &was_quit, NULL);
	if (pid < 0)
		return 1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
