/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Folders of /proc/net and /sys/class/net, listed: opendir gives a DIR of ours for them, which
 * the other functions of its kind tell from libc's by a table.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "libc.h"
#include "proc_path.h"
#include "proc_tree.h"

struct folder {
	struct folder *next;
	struct proc_name *names;
	long n, at; /* -2, -1: "." and ".." */
	int fd;	    /* -1: nobody asked for one yet */
	char *path;
	struct dirent entry;
};

static struct folder *folders;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int open_folders; /* most programs have none */

static struct folder *ours(DIR *d)
{
	struct folder *f;

	if (atomic_load_explicit(&open_folders, memory_order_relaxed) == 0)
		return NULL;
	pthread_mutex_lock(&lock);
	for (f = folders; f != NULL && f != (void *)d; f = f->next)
		;
	pthread_mutex_unlock(&lock);
	return f;
}

static void folder_free(struct folder *f)
{
	int saved = errno;

	free(f->names);
	free(f->path);
	free(f);
	errno = saved;
}

static DIR *folder_new(const char *path, int fd)
{
	struct folder *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->path = strdup(path);
	f->n = f->path == NULL ? -1 : proc_list(path, &f->names);
	if (f->n < 0) {
		folder_free(f);
		return NULL;
	}
	f->fd = fd;
	f->at = -2;
	pthread_mutex_lock(&lock);
	f->next = folders;
	folders = f;
	atomic_fetch_add(&open_folders, 1);
	pthread_mutex_unlock(&lock);
	return (DIR *)f;
}

SHIM_EXPORT DIR *opendir(const char *path)
{
	char buf[PROC_PATH_MAX];
	int kind = proc_find(AT_FDCWD, path, true, buf);

	if (kind == PROC_KERNEL)
		return hooks_file_hides(path) ? NULL : real()->opendir(path);
	return kind < 0 ? NULL : folder_new(buf, -1);
}

SHIM_EXPORT DIR *fdopendir(int fd)
{
	char buf[PROC_PATH_MAX];

	return proc_folder_of(fd, buf) ? folder_new(buf, fd) : real()->fdopendir(fd);
}

static struct dirent *next(struct folder *f)
{
	struct dirent *e = &f->entry;

	if (f->at >= f->n)
		return NULL;
	const char *name = f->at == -2 ? "." : f->at == -1 ? ".." : f->names[f->at].name;
	enum proc_kind kind = f->at < 0 ? PROC_FOLDER : f->names[f->at].kind;

	*e = (struct dirent){.d_ino = f->at + 3, .d_off = f->at + 3, .d_reclen = sizeof(*e),
		.d_type = kind == PROC_FOLDER ? DT_DIR : kind == PROC_LINK ? DT_LNK : DT_REG};
	strcpy(e->d_name, name);
	f->at++;
	return e;
}

SHIM_EXPORT struct dirent *readdir(DIR *d)
{
	struct folder *f = ours(d);

	return f != NULL ? next(f) : real()->readdir(d);
}

/* The same layout on 64-bit machines. */
SHIM_EXPORT struct dirent64 *readdir64(DIR *d)
{
	return (struct dirent64 *)readdir(d);
}

SHIM_EXPORT int closedir(DIR *d)
{
	struct folder *f = ours(d), **at = &folders;

	if (f == NULL)
		return real()->closedir(d);
	pthread_mutex_lock(&lock);
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	atomic_fetch_sub(&open_folders, 1);
	pthread_mutex_unlock(&lock);
	if (f->fd >= 0)
		real()->close(f->fd);
	folder_free(f);
	return 0;
}

SHIM_EXPORT void rewinddir(DIR *d)
{
	struct folder *f = ours(d);

	if (f == NULL)
		real()->rewinddir(d);
	else
		f->at = -2;
}

SHIM_EXPORT long telldir(DIR *d)
{
	struct folder *f = ours(d);

	return f == NULL ? real()->telldir(d) : f->at + 2;
}

SHIM_EXPORT void seekdir(DIR *d, long at)
{
	struct folder *f = ours(d);

	if (f == NULL)
		real()->seekdir(d, at);
	else
		f->at = at - 2;
}

SHIM_EXPORT int dirfd(DIR *d)
{
	struct folder *f = ours(d);

	if (f == NULL)
		return real()->dirfd(d);
	if (f->fd < 0)
		f->fd = proc_folder_open(f->path, true);
	return f->fd;
}

/* libc's own would open the folder by itself. */
SHIM_EXPORT int scandir(const char *restrict path, struct dirent ***restrict list,
	int (*want)(const struct dirent *),
	int (*order)(const struct dirent **, const struct dirent **))
{
	struct dirent *e, **all = NULL;
	char buf[PROC_PATH_MAX];
	size_t n = 0;

	if (proc_find(AT_FDCWD, path, true, buf) == PROC_KERNEL)
		return real()->scandir(path, list, want, order);
	DIR *d = opendir(path);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (want != NULL && !want(e))
			continue;
		struct dirent **more = realloc(all, (n + 1) * sizeof(*all));

		all = more != NULL ? more : all;
		if (more == NULL || (all[n] = malloc(sizeof(*e))) == NULL)
			break;
		*all[n++] = *e;
	}
	if (d == NULL)
		return -1;
	closedir(d);
	if (order != NULL && n != 0)
		qsort(all, n, sizeof(*all), (int (*)(const void *, const void *))order);
	*list = all;
	return n;
}

int scandir64(const char *restrict path, struct dirent64 ***restrict list,
	int (*want)(const struct dirent64 *),
	int (*order)(const struct dirent64 **, const struct dirent64 **))
	__attribute__((alias("scandir"), visibility("default")));
