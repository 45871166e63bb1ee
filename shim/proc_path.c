/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of files as programs say them, made plain: called by hooks_file.c, hooks_dir.c and
 * hooks_stat.c before they ask proc_tree.c. A descriptor of a folder of ours is one of an empty
 * folder that was removed at once; its name, which the kernel remembers, says what it stands for, so
 * that doubling and passing it on need no table.
 */
#include "proc_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc.h"
#include "proc_tree.h"

#define MARK "/.skiff-" /* then the name with ':' for '/', then 6 letters */
#define LETTERS "XXXXXX"

static atomic_bool any_folder;	 /* a descriptor was made: look at each */
static atomic_int cwd_is_ours = -1; /* -1: not looked yet */

/* Without "//", "." and "..", but with a '/' at its end; false: does not fit, is not absolute. */
static bool make_plain(const char *path, char *to)
{
	size_t n = 0;

	if (path[0] != '/')
		return false;
	while (*path != '\0') {
		size_t len = strcspn(path += strspn(path, "/"), "/");

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			while (n > 0 && to[--n] != '/')
				;
		} else if (len != 0 && !(len == 1 && path[0] == '.')) {
			if (n + len + 2 > PROC_PATH_MAX)
				return false;
			to[n++] = '/';
			memcpy(to + n, path, len);
			n += len;
		}
		path += len;
	}
	if (n == 0 || (path[-1] == '/' && n + 1 < PROC_PATH_MAX))
		to[n++] = '/';
	to[n] = '\0';
	return true;
}

static bool below(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The working folder of this process; /proc/PID/net is /proc/net. */
static bool get_cwd(char *to)
{
	char cwd[PROC_PATH_MAX];
	const char *at;

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return false;
	at = cwd + strspn(cwd, "/proc0123456789");
	if (strncmp(cwd, "/proc/", 6) == 0 && strncmp(at, "net", 3) == 0 && at[-1] == '/')
		snprintf(to, PROC_PATH_MAX, "/proc/%s", at);
	else
		strcpy(to, cwd);
	return true;
}

static bool is_cwd_ours(void)
{
	int is = atomic_load_explicit(&cwd_is_ours, memory_order_relaxed);
	char cwd[PROC_PATH_MAX];

	if (is < 0) {
		int saved = errno;

		is = get_cwd(cwd) && (below(cwd, "/proc") || below(cwd, "/sys"));
		atomic_store_explicit(&cwd_is_ours, is, memory_order_relaxed);
		errno = saved;
	}
	return is;
}

/* What descriptor `fd` is open on, as the kernel says it. */
static bool name_of(int fd, char *to)
{
	char link[32];
	int saved = errno;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = real()->readlink(link, to, PROC_PATH_MAX - 1);

	errno = saved;
	to[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool proc_folder_of(int fd, char buf[PROC_PATH_MAX])
{
	char name[PROC_PATH_MAX];

	if (!atomic_load_explicit(&any_folder, memory_order_relaxed) || fd < 0 || !name_of(fd, name))
		return false;
	char *at = strstr(name, MARK), *end = strstr(name, " (deleted)");

	if (at == NULL || end == NULL || end - at < (long)strlen(MARK LETTERS))
		return false;
	end[-(long)strlen(LETTERS)] = '\0';
	strcpy(buf, at + strlen(MARK));
	for (char *p = buf; *p != '\0'; p++)
		*p = *p == ':' ? '/' : *p;
	return true;
}

/* Could a name that begins so lead to us from a folder of the kernel's? Most do not. */
static bool leads_to_us(const char *path)
{
	static const char *const names[] = {"net", "sys", "proc", "class", "devices", "virtual",
		"self", "thread-self", ".."};
	size_t len = strcspn(path, "/");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && strncmp(path, names[i], len) == 0)
			return true;
	return false;
}

static bool base_of(int dir, const char *path, char *to)
{
	if (dir == AT_FDCWD)
		return is_cwd_ours() && get_cwd(to);
	if (proc_folder_of(dir, to))
		return true;
	return leads_to_us(path) && name_of(dir, to);
}

const char *proc_path(int dir, const char *path, char buf[PROC_PATH_MAX])
{
	char whole[2 * PROC_PATH_MAX], base[PROC_PATH_MAX];

	if (path == NULL)
		return NULL;
	if (path[0] == '/') {
		if (path[1] != 'p' && path[1] != 's' && path[1] != '/' && path[1] != '.')
			return NULL;
		return make_plain(path, buf) ? buf : NULL;
	}
	if (strlen(path) >= PROC_PATH_MAX || !base_of(dir, path, base))
		return NULL;
	snprintf(whole, sizeof(whole), "%s/%s", base, path);
	return make_plain(whole, buf) ? buf : NULL;
}

int proc_find(int dir, const char *path, bool follow, char buf[PROC_PATH_MAX])
{
	return proc_path(dir, path, buf) == NULL ? PROC_KERNEL : proc_look(buf, follow);
}

const char *proc_plain(int dir, const char *path, char buf[PROC_PATH_MAX])
{
	char whole[2 * PROC_PATH_MAX], base[PROC_PATH_MAX];

	if (path == NULL || path[0] == '/')
		return path != NULL && make_plain(path, buf) ? buf : NULL;
	if (strlen(path) >= PROC_PATH_MAX ||
		!(dir == AT_FDCWD ? getcwd(base, sizeof(base)) != NULL : name_of(dir, base)))
		return NULL;
	snprintf(whole, sizeof(whole), "%s/%s", base, path);
	return make_plain(whole, buf) ? buf : NULL;
}

int proc_folder_open(const char *path, bool cloexec)
{
	static const char *const places[] = {"/dev/shm", "/tmp", "/run"};
	char name[PROC_PATH_MAX + 32];
	int fd = -1;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && fd < 0; i++) {
		snprintf(name, sizeof(name), "%s" MARK "%s" LETTERS, places[i], path);
		for (char *p = name + strlen(places[i]) + 1; *p != '\0'; p++)
			*p = *p == '/' ? ':' : *p;
		if (mkdtemp(name) == NULL)
			continue;
		fd = real()->open(name, O_RDONLY | O_DIRECTORY | (cloexec ? O_CLOEXEC : 0));
		rmdir(name);
	}
	if (fd >= 0)
		atomic_store_explicit(&any_folder, true, memory_order_relaxed);
	return fd;
}

static int moved(int err)
{
	if (err == 0)
		atomic_store_explicit(&cwd_is_ours, -1, memory_order_relaxed);
	return err;
}

/* The kernel has the roots as well; what it has below them may be another interface's. */
static int enter(const char *path)
{
	static _Bool said;

	if (proc_is_root(path))
		return moved(real()->chdir(path));
	shim_say_once(&said, "%s cannot be the working folder; name it by its path", path);
	errno = EOPNOTSUPP;
	return -1;
}

SHIM_EXPORT int chdir(const char *path)
{
	char buf[PROC_PATH_MAX];

	return proc_find(AT_FDCWD, path, true, buf) == PROC_FOLDER ? enter(buf)
		: moved(real()->chdir(path));
}

SHIM_EXPORT int fchdir(int fd)
{
	char buf[PROC_PATH_MAX];

	return proc_folder_of(fd, buf) ? enter(buf) : moved(real()->fchdir(fd));
}
