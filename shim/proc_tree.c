/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc/net and /sys/class/net as folders: which names there are, and what each of them is.
 * Called by hooks_file.c, hooks_dir.c and hooks_stat.c.
 */
#include "proc_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libc.h"
#include "proc_path.h"
#include "proc_sys.h"
#include "proc_text.h"

enum root { NONE, PROC, SYS, SYS_DEVICE };

static const struct {
	const char *path;
	enum root root;
} roots[] = {
	{"/proc/net", PROC}, {"/proc/self/net", PROC}, {"/proc/thread-self/net", PROC},
	{"/sys/class/net", SYS}, {"/sys/devices/virtual/net", SYS_DEVICE},
};

/* A path taken apart: /sys/class/net/NAME/REST. */
struct place {
	enum root root;
	char name[32]; /* empty: the root itself */
	char rest[64]; /* empty: NAME itself */
	bool follow;   /* it ends with '/': a folder is meant, not the link to it */
};

static void trim(char *s)
{
	for (size_t n = strlen(s); n > 0 && s[n - 1] == '/'; n--)
		s[n - 1] = '\0';
}

/* False: not ours. What is too long for us is a name that does not exist. */
static bool parse(const char *path, struct place *p)
{
	*p = (struct place){0};
	if (path == NULL || path[0] != '/' || (path[1] != 'p' && path[1] != 's'))
		return false;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		size_t n = strlen(roots[i].path);

		if (strncmp(path, roots[i].path, n) != 0 || (path[n] != '/' && path[n] != '\0'))
			continue;
		const char *name = path + n + strspn(path + n, "/");
		size_t len = strcspn(name, "/");
		const char *rest = name + len + strspn(name + len, "/");

		p->root = roots[i].root;
		snprintf(p->name, sizeof(p->name), "%.*s", (int)len, name);
		snprintf(p->rest, sizeof(p->rest), "%s", rest);
		p->follow = path[strlen(path) - 1] == '/';
		trim(p->rest);
		return true;
	}
	return false;
}

static int missing(void)
{
	errno = ENOENT;
	return -1;
}

static int link_of(const struct place *p, struct rtnl_link *l)
{
	if (strlen(p->name) >= sizeof(l->name))
		return missing();
	if (rtnl_find(p->name, 0, l) == 0)
		return 0;
	return errno == ENODEV ? missing() : -1;
}

static int look_sys(const struct place *p, bool follow)
{
	struct rtnl_link l;

	if (link_of(p, &l) < 0)
		return -1;
	if (p->rest[0] == '\0')
		return follow || p->follow || p->root == SYS_DEVICE ? PROC_FOLDER : PROC_LINK;
	if (strcmp(p->rest, "statistics") == 0)
		return PROC_FOLDER;
	bool stat = strncmp(p->rest, "statistics/", 11) == 0;
	const char *name;

	for (size_t i = 0; (name = sys_net_name(stat, i)) != NULL; i++)
		if (strcmp(name, p->rest + (stat ? 11 : 0)) == 0)
			return PROC_FILE;
	return missing();
}

static int look_place(const struct place *p, bool follow)
{
	/* The roots: the kernel's are as good, but where it has none. */
	if (p->name[0] == '\0')
		return PROC_FOLDER;
	if (p->root != PROC)
		return look_sys(p, follow);
	if (p->rest[0] != '\0')
		return missing();
	int got = proc_net_text(p->name, NULL);

	return got < 0 ? -1 : got > 0 ? PROC_FILE : PROC_KERNEL;
}

bool proc_is_root(const char *path)
{
	struct place p;

	/* Folders of settings have no other names: where the kernel has one, it stands for ours. */
	return proc_sys_is(path) || (parse(path, &p) && p.name[0] == '\0');
}

int proc_look(const char *path, bool follow)
{
	struct place p;

	if (proc_sys_is(path))
		return proc_sys_look(path);
	return parse(path, &p) ? look_place(&p, follow) : PROC_KERNEL;
}

static int write_text(const char *path, const struct place *p, FILE *f)
{
	struct rtnl_link l;

	if (proc_sys_is(path))
		return proc_sys_text(path, f);
	if (p->root == PROC)
		return proc_net_text(p->name, f) < 0 ? -1 : 0;
	return link_of(p, &l) < 0 ? -1 : sys_net_text(&l, p->rest, f);
}

static int make_file(const char *path, const struct place *p)
{
	char *buf = NULL;
	size_t len = 0, at = 0;
	FILE *f = open_memstream(&buf, &len);
	int err = f == NULL ? -1 : write_text(path, p, f), saved = errno;

	if (f != NULL)
		fclose(f);
	int fd = err < 0 ? -1 : memfd_create("skiff-proc", 0);

	while (fd >= 0 && at < len) {
		ssize_t n = real()->write(fd, buf + at, len - at);

		if (n <= 0)
			break;
		at += n;
	}
	free(buf);
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	else if (err < 0)
		errno = saved;
	return fd;
}

int proc_open(const char *path, bool writing, int *out)
{
	struct place p = {0};

	if (writing && proc_sys_is(path)) {
		*out = proc_sys_writer(path);
		return *out < 0 ? -1 : 1;
	}
	int kind = parse(path, &p) ? look_place(&p, true) : proc_look(path, true);

	if (kind <= 0)
		return kind;
	if (writing) {
		errno = kind == PROC_FOLDER ? EISDIR : EROFS;
		return -1;
	}
	*out = kind == PROC_FOLDER ? proc_folder_open(path, false) : make_file(path, &p);
	return *out < 0 ? -1 : 1;
}

/* As many as `name` knows, the last one of a link's folder being a folder. */
static int list_names(const struct place *p, struct proc_name *to)
{
	bool stats = strcmp(p->rest, "statistics") == 0;
	const char *name;
	int n = 0;

	while ((name = p->root == PROC ? proc_net_name(n) : sys_net_name(stats, n)) != NULL) {
		if (to != NULL) {
			snprintf(to[n].name, sizeof(to[n].name), "%s", name);
			to[n].kind = strcmp(name, "statistics") == 0 ? PROC_FOLDER : PROC_FILE;
		}
		n++;
	}
	return n;
}

static int list_links(const struct place *p, struct proc_name **names)
{
	struct rtnl_link *l;
	int n = rtnl_links(&l);

	if (n < 0)
		return -1;
	*names = calloc(n + 1, sizeof(**names));
	for (int i = 0; i < n && *names != NULL; i++) {
		snprintf((*names)[i].name, sizeof((*names)[i].name), "%s", l[i].name);
		(*names)[i].kind = p->root == SYS ? PROC_LINK : PROC_FOLDER;
	}
	free(l);
	return *names == NULL ? -1 : n;
}

int proc_list(const char *path, struct proc_name **names)
{
	struct place p = {0};
	int kind = parse(path, &p) ? look_place(&p, true) : proc_look(path, true);

	if (kind != PROC_FOLDER) {
		errno = kind < 0 ? errno : ENOTDIR;
		return -1;
	}
	if (proc_sys_is(path))
		return proc_sys_list(path, names);
	if (p.root != PROC && p.name[0] == '\0')
		return list_links(&p, names);
	int n = list_names(&p, NULL);

	*names = calloc(n + 1, sizeof(**names));
	return *names == NULL ? -1 : list_names(&p, *names);
}

ssize_t proc_readlink(const char *path, char *buf, size_t size)
{
	char to[64];
	struct place p;
	int n = parse(path, &p) ? snprintf(to, sizeof(to), "../../devices/virtual/net/%s", p.name) : 0;

	n = n < (int)size ? n : (int)size;
	memcpy(buf, to, n);
	return n;
}
