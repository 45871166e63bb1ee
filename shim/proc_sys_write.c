/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing to files of /proc/sys/net. A stream (fopen) calls us. A descriptor is a pipe whose other
 * end we keep: shells write to it by libc's stdio, where no hook of ours stands, and then put
 * their descriptors back (dup2, close), which asks us to look. A program started with the pipe as
 * its output (exec) has nobody to read it any more: it gets EPIPE, never a silent success.
 */
#include "proc_sys_write.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skiff/abi.h>

#include "conn.h"
#include "libc.h"
#include "proc_path.h"
#include "proc_sys.h"

#define OUT_OF_THE_WAY 100 /* shells use the numbers below for their own */
#define TEXT_MAX 256

struct writer {
	struct writer *next;
	int fd;
	dev_t dev; /* a program that closes what it does not know may put another file in its place */
	ino_t ino;
	char key[PROC_PATH_MAX];
};

static struct writer *writers;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
_Atomic int proc_sys_writers;

/* 0, or -1 with errno: EINVAL no such value, EPERM refused; the sentence is out. */
static int set(const char *key, const char *value, size_t len)
{
	char word[PROC_PATH_MAX + TEXT_MAX + 2], why[SKIFF_TEXT_MAX], *out = NULL;
	const char *const words[] = {"sysctl", word, NULL};
	size_t size = 0;

	while (len > 0 && strchr(" \t\n", value[len - 1]) != NULL)
		len--;
	for (; len > 0 && strchr(" \t\n", *value) != NULL; len--)
		value++;
	if (len == 0)
		return 0;
	if (len > TEXT_MAX) {
		errno = EINVAL;
		return -1;
	}
	snprintf(word, sizeof(word), "%s=%.*s", key, (int)len, value);
	FILE *f = open_memstream(&out, &size);
	int status = f == NULL ? -1 : conn_command(words, f, why, sizeof(why)), saved = errno;

	if (f != NULL)
		real()->fclose(f);
	free(out);
	errno = saved;
	if (status <= 0)
		return status;
	_Bool said = 0;

	shim_say_once(&said, "%s", why);
	errno = status == 2 ? EINVAL : EPERM;
	return -1;
}

static bool is_still(const struct writer *w)
{
	struct stat st;

	return real()->fstat(w->fd, &st) == 0 && st.st_dev == w->dev && st.st_ino == w->ino;
}

/* False: nobody can write to it any more. */
static bool take(struct writer *w, int *err)
{
	char text[TEXT_MAX + 8];
	ssize_t n;

	if (!is_still(w))
		return false;
	while ((n = real()->read(w->fd, text, sizeof(text))) > 0)
		if (set(w->key, text, (size_t)n) < 0)
			*err = errno;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	real()->close(w->fd);
	return false;
}

int proc_sys_flush_all(void)
{
	int err = 0, saved = errno;

	pthread_mutex_lock(&lock);
	for (struct writer **at = &writers, *w; (w = *at) != NULL;) {
		if (take(w, &err)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		free(w);
		proc_sys_writers--;
	}
	pthread_mutex_unlock(&lock);
	errno = err != 0 ? err : saved;
	return err != 0 ? -1 : 0;
}

int setting_pipe(const char *key)
{
	struct writer *w = calloc(1, sizeof(*w));
	struct stat st;
	int end[2];

	if (w == NULL || pipe2(end, O_NONBLOCK) < 0) {
		free(w);
		return -1;
	}
	real()->fcntl(end[1], F_SETFL, 0);
	w->fd = real()->fcntl(end[0], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
	real()->close(end[0]);
	if (w->fd < 0 || real()->fstat(w->fd, &st) < 0) {
		real()->close(end[1]);
		free(w);
		return -1;
	}
	w->dev = st.st_dev;
	w->ino = st.st_ino;
	snprintf(w->key, sizeof(w->key), "%s", key);
	pthread_mutex_lock(&lock);
	w->next = writers;
	writers = w;
	proc_sys_writers++;
	pthread_mutex_unlock(&lock);
	return end[1];
}

static ssize_t stream_write(void *cookie, const char *text, size_t len)
{
	return set(cookie, text, len) < 0 ? 0 : (ssize_t)len;
}

static int stream_close(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *setting_stream(const char *key)
{
	char *cookie = strdup(key);
	FILE *f = cookie == NULL ? NULL : fopencookie(cookie, "w",
		(cookie_io_functions_t){.write = stream_write, .close = stream_close});

	if (f == NULL)
		free(cookie);
	return f;
}

__attribute__((destructor)) static void at_exit(void)
{
	proc_sys_flush();
}
