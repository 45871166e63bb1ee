/* SPDX-License-Identifier: BSD-3-Clause */
/* Feeds a child and listens to it at once, so that neither waits for the other for ever. */
#include "feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX 65536u

extern char **environ;

struct pipes {
	int in[2], err[2];
};

static int spawn(struct feed *f, struct pipes *p, pid_t *pid)
{
	posix_spawn_file_actions_t fa;
	int err;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, p->in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, p->err[1], STDERR_FILENO);
	err = posix_spawnp(pid, f->argv[0], &fa, NULL, f->argv, f->env ? f->env : environ);
	posix_spawn_file_actions_destroy(&fa);
	close(p->in[0]);
	close(p->err[1]);
	return -err;
}

/* What it says; false at its end. */
static bool listen_to(struct feed *f, int fd)
{
	char drop[4096];
	bool full = f->said_len == SAID_MAX;
	ssize_t n = full ? read(fd, drop, sizeof(drop))
			 : read(fd, f->said + f->said_len, SAID_MAX - f->said_len);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (!full)
		f->said_len += (size_t)n;
	return n > 0;
}

struct stdin_text {
	char buf[65536];
	size_t at, len;
	bool end;
};

/* Some of the text to its stdin; false when all is out or nobody reads. */
static bool talk_to(struct feed *f, int fd, struct stdin_text *t)
{
	ssize_t n;

	if (t->at == t->len) {
		t->at = 0;
		t->len = f->more == NULL ? 0 : f->more(f->arg, t->buf, sizeof(t->buf));
		if (t->len == 0)
			return false;
	}
	n = write(fd, t->buf + t->at, t->len - t->at);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	t->at += (size_t)n;
	return true;
}

static void converse(struct feed *f, struct pipes *p)
{
	struct stdin_text *text = calloc(1, sizeof(*text));
	struct pollfd fds[2] = {{.fd = p->err[0], .events = POLLIN},
		{.fd = text ? p->in[1] : -1, .events = POLLOUT}};

	while (fds[0].fd >= 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents != 0 && !listen_to(f, fds[0].fd))
			fds[0].fd = -1;
		if (fds[1].fd >= 0 && fds[1].revents != 0 && !talk_to(f, fds[1].fd, text)) {
			close(p->in[1]);
			p->in[1] = -1;
			fds[1].fd = -1;
		}
	}
	free(text);
}

int feed_run(struct feed *f)
{
	struct pipes p = {{-1, -1}, {-1, -1}};
	int status = 0, err;
	pid_t pid;

	f->said = malloc(SAID_MAX + 1);
	f->said_len = 0;
	if (f->said == NULL)
		return -ENOMEM;
	f->said[0] = '\0';
	if (pipe2(p.in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(p.err, O_CLOEXEC) < 0) {
		err = -errno;
		close(p.in[0]);
		close(p.in[1]);
		return err;
	}
	signal(SIGPIPE, SIG_IGN);
	fcntl(p.in[1], F_SETFL, O_NONBLOCK);
	err = spawn(f, &p, &pid);
	if (err == 0)
		converse(f, &p);
	if (p.in[1] >= 0)
		close(p.in[1]);
	close(p.err[0]);
	f->said[f->said_len] = '\0';
	if (err < 0)
		return err;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? FEED_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}
