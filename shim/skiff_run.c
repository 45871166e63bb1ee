/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff-run PROGRAM ARGS: starts a program with libskiff.so preloaded. It looks at the program
 * first, since the dynamic linker ignores a preload silently where it cannot or must not be:
 * static binaries, and programs that gain privileges.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <skiff/abi.h>

#define EXIT_REFUSED 126
#define EXIT_NOT_FOUND 127
#define SCRIPT_DEPTH 4 /* as deep as the kernel follows #! lines */

static const char usage[] =
	"usage: skiff-run [-s SOCKET] PROGRAM [ARGS...]\n"
	"Starts PROGRAM on skiff's network stack in place of the kernel's.\n"
	"  -s, --socket SOCKET  skiffd's socket (default: $SKIFF_SOCKET, else " SKIFF_SOCKET_DEFAULT
	",\n"
	"                       else $XDG_RUNTIME_DIR/" SKIFF_SOCKET_NAME ")\n"
	"  -h, --help           this text\n"
	"  -V, --version        the version\n"
	"Exit status: the program's; 126 it cannot be started this way, 127 it is not found.\n";

/* The way execvp finds a program; false: nowhere. */
static bool find(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH");

	if (strchr(name, '/') != NULL) {
		snprintf(path, size, "%s", name);
		return access(path, F_OK) == 0;
	}
	if (dirs == NULL)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	while (dirs != NULL && name[0] != '\0') {
		size_t n = strcspn(dirs, ":");

		snprintf(path, size, "%.*s%s%s", (int)n, dirs, n != 0 ? "/" : "./", name);
		struct stat st;

		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0)
			return true;
		dirs = dirs[n] == ':' ? dirs + n + 1 : NULL;
	}
	return false;
}

static int refuse(const char *path, const char *why)
{
	fprintf(stderr, "skiff-run: %s %s\n", path, why);
	return EXIT_REFUSED;
}

/* Does an ELF file ask for a dynamic linker? 1 yes, 0 no, -1 not an ELF file for this machine. */
static int is_dynamic(int fd)
{
	Elf64_Ehdr h;
	Elf64_Phdr p;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
		h.e_ident[EI_CLASS] != ELFCLASS64)
		return -1;
	for (unsigned int i = 0; i < h.e_phnum; i++)
		if (pread(fd, &p, sizeof(p), h.e_phoff + (off_t)i * h.e_phentsize) == sizeof(p) &&
			p.p_type == PT_INTERP)
			return 1;
	return 0;
}

static bool gains_privilege(int fd)
{
	struct stat st;
	uid_t uid = getuid();

	if (uid == 0)
		return false;
	if (fstat(fd, &st) == 0 && (((st.st_mode & S_ISUID) && st.st_uid != uid) ||
		((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getgid())))
		return true;
	return fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* The interpreter of a #! line into `path`; false: it is none. */
static bool interpreter(int fd, char *path, size_t size)
{
	char line[PATH_MAX + 2] = "";
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[n] = '\0';
	char *at = line + 2 + strspn(line + 2, " \t");

	at[strcspn(at, " \t\r\n")] = '\0';
	snprintf(path, size, "%s", at);
	return at[0] != '\0';
}

/* 0: a preload works; else the exit status, the sentence is out. */
static int check(const char *name, char *path, size_t size)
{
	for (int depth = 0; depth <= SCRIPT_DEPTH; depth++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT) {
			fprintf(stderr, "skiff-run: %s: the interpreter %s is not found\n", name, path);
			return EXIT_NOT_FOUND;
		}
		if (fd < 0)
			return refuse(path, "cannot be read, so nobody can tell whether a preload "
				"reaches it");
		int dynamic = is_dynamic(fd);
		bool privileged = dynamic >= 0 && gains_privilege(fd);
		bool script = dynamic < 0 && interpreter(fd, path, size);

		close(fd);
		if (privileged)
			return refuse(path, "gains privileges when started (setuid, setgid or file "
				"capabilities), so the system drops the preload; run skiff-run as root");
		if (dynamic == 0)
			return refuse(path, "is statically linked, which a preload cannot reach; use "
				"a dynamically linked build of it");
		if (dynamic > 0)
			return 0;
		if (!script)
			return refuse(path, "is neither a 64-bit program nor a script of one");
	}
	return refuse(name, "is a script of scripts, too deep");
}

/* Beside skiff-run where it was built, else where it was installed. */
static bool find_library(char *lib, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		snprintf(lib, size, "%s/libskiff.so", self);
		if (access(lib, R_OK) == 0)
			return true;
	}
	snprintf(lib, size, "%s/libskiff.so", SKIFF_LIBDIR);
	return access(lib, R_OK) == 0;
}

static void preload(const char *lib)
{
	const char *others = getenv("LD_PRELOAD");
	char *all;

	if (others == NULL || others[0] == '\0')
		setenv("LD_PRELOAD", lib, 1);
	else if (strstr(others, lib) == NULL && asprintf(&all, "%s:%s", lib, others) > 0)
		setenv("LD_PRELOAD", all, 1);
}

/* The index of PROGRAM in argv, 0: done with status *status. */
static int options(int argc, char **argv, int *status)
{
	int i = 1;

	*status = 0;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			fputs(usage, stdout);
			return 0;
		}
		if (strcmp(argv[i], "-V") == 0 || strcmp(argv[i], "--version") == 0) {
			puts("skiff-run " SKIFF_VERSION);
			return 0;
		}
		if ((strcmp(argv[i], "-s") == 0 || strcmp(argv[i], "--socket") == 0) && i + 1 < argc) {
			setenv(SKIFF_SOCKET_ENV, argv[++i], 1);
			continue;
		}
		fprintf(stderr, "skiff-run: unknown or incomplete option %s; skiff-run --help\n",
			argv[i]);
		*status = EXIT_REFUSED;
		return 0;
	}
	if (i < argc)
		return i;
	fputs(usage, stderr);
	*status = EXIT_REFUSED;
	return 0;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX], looked_at[PATH_MAX], lib[PATH_MAX + 16];
	int status, first = options(argc, argv, &status);

	if (first == 0)
		return status;
	if (!find(argv[first], path, sizeof(path))) {
		fprintf(stderr, "skiff-run: %s is not found\n", argv[first]);
		return EXIT_NOT_FOUND;
	}
	if (!find_library(lib, sizeof(lib))) {
		fprintf(stderr, "skiff-run: libskiff.so is neither beside skiff-run nor in %s; "
			"install skiff\n", SKIFF_LIBDIR);
		return EXIT_REFUSED;
	}
	memcpy(looked_at, path, sizeof(looked_at));
	status = check(path, looked_at, sizeof(looked_at));
	if (status != 0)
		return status;
	preload(lib);
	execv(path, argv + first);
	status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_REFUSED;
	fprintf(stderr, "skiff-run: %s: %s\n", path, strerror(errno));
	return status;
}
