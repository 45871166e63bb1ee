/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starts the loader and waits for its end in the event loop, since skiffd itself serves what the
 * loader asks. When it succeeded, or there is no file, skiffd is ready.
 */
#include "loader.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "log.h"
#include "loop.h"
#include "systemd.h"

extern char **environ;

static int spawn(struct skiffd *d, const char *program, const char *file)
{
	char *argv[] = {"skiff", "-s", d->socket_path, "load", d->check ? "--check" : (char *)file,
		d->check ? (char *)file : NULL, NULL};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t none, def;
	int err;

	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&at);
	/* stdout has one line, "skiffd: ready": what the file's commands print goes to the log */
	posix_spawn_file_actions_adddup2(&fa, STDERR_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", 0, 0);
	sigemptyset(&none);
	sigfillset(&def);
	posix_spawnattr_setsigmask(&at, &none);
	posix_spawnattr_setsigdefault(&at, &def);
	/* A group of its own, so that the tools it runs end with it. */
	posix_spawnattr_setpgroup(&at, 0);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_SETPGROUP);
	err = posix_spawn(&d->loader, program, &fa, &at, argv, environ);
	posix_spawnattr_destroy(&at);
	posix_spawn_file_actions_destroy(&fa);
	if (err != 0)
		d->loader = 0;
	return -err;
}

int loader_start(struct skiffd *d)
{
	const char *file = d->check ? d->check : d->config;
	char program[PATH_MAX + 8];
	int err;

	if (file == NULL) {
		daemon_ready(d);
		return 0;
	}
	snprintf(program, sizeof(program), "%s/skiff", d->exe_dir);
	if (access(program, X_OK) != 0)
		snprintf(program, sizeof(program), "%s/skiff", SKIFF_BINDIR);
	err = spawn(d, program, file);
	if (err < 0)
		log_error("cannot run %s, which loads %s: %s; install it beside skiffd", program,
			file, strerror(-err));
	return err;
}

void daemon_ready(struct skiffd *d)
{
	d->ready = true;
	if (d->check)
		return;
	puts("skiffd: ready");
	fflush(stdout);
	notify_systemd("READY=1");
}

void loader_reap(struct skiffd *d)
{
	int status;

	if (d->loader == 0 || waitpid(d->loader, &status, WNOHANG) != d->loader)
		return;
	d->loader = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		daemon_ready(d);
		if (d->check)
			loop_stop(d, 0);
		return;
	}
	if (WIFSIGNALED(status))
		log_error("the loader of %s was ended by signal %d", d->check ? d->check : d->config,
			WTERMSIG(status));
	loop_stop(d, 1);
}

void loader_stop(struct skiffd *d)
{
	if (d->loader == 0)
		return;
	kill(-d->loader, SIGTERM);
	waitpid(d->loader, NULL, 0);
	d->loader = 0;
}
