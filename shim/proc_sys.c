/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tree of /proc/sys/net: names, kinds and values, asked of skiffd by its verb `sysctl`. Called
 * by proc_tree.c and hooks_file.c; what is written goes through proc_sys_write.c.
 */
#include "proc_sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "libc.h"
#include "proc_path.h"
#include "proc_sys_write.h"

#define ROOT "/proc/sys/"

bool proc_sys_is(const char *path)
{
	return strncmp(path, ROOT "net", 13) == 0 && (path[13] == '/' || path[13] == '\0');
}

/* net/ipv4/conf/eth0.5/forwarding is net.ipv4.conf.eth0/5.forwarding. */
static void key_of(const char *path, char key[PROC_PATH_MAX])
{
	snprintf(key, PROC_PATH_MAX, "%s", path + strlen(ROOT));
	for (char *p = key; *p != '\0'; p++)
		*p = *p == '/' ? '.' : *p == '.' ? '/' : *p;
	size_t n = strlen(key);

	if (n > 0 && key[n - 1] == '.')
		key[n - 1] = '\0';
}

/* The answer of `sysctl WORD`, the caller frees it. NULL: errno, ENOENT: no such key. */
static char *ask(const char *word)
{
	const char *const words[] = {"sysctl", word, NULL};
	char why[SKIFF_TEXT_MAX], *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	int status = conn_command(words, f, why, sizeof(why)), saved = errno;

	real()->fclose(f);
	if (status == 0)
		return text;
	free(text);
	errno = status > 0 ? ENOENT : saved;
	return NULL;
}

/* The next name below `key` in one line of `sysctl -a`; its length, 0: the line is not below. */
static size_t below(const char *line, const char *key, const char **name)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n) != 0 || line[n] != '.')
		return 0;
	*name = line + n + 1;
	return strcspn(*name, ". \n");
}

int proc_sys_look(const char *path)
{
	char key[PROC_PATH_MAX], *text;
	const char *name;
	int kind = -1;

	key_of(path, key);
	if (strcmp(key, "net") == 0)
		return PROC_FOLDER;
	text = ask(key);
	if (text != NULL) {
		free(text);
		return PROC_FILE;
	}
	text = errno == ENOENT ? ask("-a") : NULL;
	if (text == NULL)
		return -1;
	for (char *line = text; line != NULL && kind < 0;) {
		kind = below(line, key, &name) != 0 ? PROC_FOLDER : -1;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	free(text);
	errno = ENOENT;
	return kind;
}

int proc_sys_text(const char *path, FILE *f)
{
	char key[PROC_PATH_MAX];

	key_of(path, key);
	char *text = ask(key), *value = text == NULL ? NULL : strstr(text, " = ");

	if (value != NULL)
		fputs(value + 3, f);
	free(text);
	return value == NULL ? -1 : 0;
}

static bool listed(const struct proc_name *names, int n, const char *name)
{
	while (n-- > 0)
		if (strcmp(names[n].name, name) == 0)
			return true;
	return false;
}

int proc_sys_list(const char *path, struct proc_name **names)
{
	char key[PROC_PATH_MAX], *text = ask("-a");
	int n = 0, lines = 1;

	if (text == NULL)
		return -1;
	key_of(path, key);
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	*names = calloc(lines, sizeof(**names));
	for (char *line = text; line != NULL && *names != NULL;) {
		struct proc_name one = {0};
		const char *name;
		size_t len = below(line, key, &name);

		if (len > 0 && len < sizeof(one.name)) {
			memcpy(one.name, name, len);
			one.kind = name[len] == '.' ? PROC_FOLDER : PROC_FILE;
			for (char *p = one.name; *p != '\0'; p++)
				*p = *p == '/' ? '.' : *p;
			if (!listed(*names, n, one.name))
				(*names)[n++] = one;
		}
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	free(text);
	return *names == NULL ? -1 : n;
}

/* A key that can be set: its name; else -1 and a sentence, for an errno alone says too little. */
static int settable(const char *path, char key[PROC_PATH_MAX])
{
	int kind = proc_sys_look(path);

	key_of(path, key);
	if (kind == PROC_FILE)
		return 0;
	if (kind == PROC_FOLDER) {
		errno = EISDIR;
	} else if (errno == ENOENT) {
		static _Bool said;

		shim_say_once(&said, "skiff has no setting %s, and a program on skiff does not "
			"change the kernel's; `skiff sysctl -a` lists skiff's", key);
		errno = ENOENT;
	}
	return -1;
}

int proc_sys_writer(const char *path)
{
	char key[PROC_PATH_MAX];

	return settable(path, key) < 0 ? -1 : setting_pipe(key);
}

FILE *proc_sys_stream(const char *path)
{
	char key[PROC_PATH_MAX];

	return settable(path, key) < 0 ? NULL : setting_stream(key);
}
