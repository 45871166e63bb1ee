/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ip netns` and `ip -n` are about the kernel's network namespaces: on skiff they are refused
 * before they begin. Without this some would do their work on the kernel (`ip netns del`), others
 * print nothing and claim success. Runs once, when the dynamic linker has loaded us.
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "libc.h"

/* As `ip` reads its words: any beginning of `word`, at least `least` letters of it. */
static bool begins(const char *arg, const char *word, size_t least)
{
	size_t n = strlen(arg);

	return n >= least && n <= strlen(word) && strncmp(arg, word, n) == 0;
}

/* Options of ip that have a value, by their shortest unambiguous beginning. */
static bool takes_value(const char *opt)
{
	return begins(opt, "-loops", 2) || begins(opt, "-family", 2) || begins(opt, "-rcvbuf", 3) ||
	       begins(opt, "-batch", 2);
}

static bool is_about_namespaces(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		const char *opt = argv[i] + (argv[i][1] == '-' && argv[i][2] != '\0');

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (begins(opt, "-netns", 2))
			return true;
		i += takes_value(opt);
	}
	/* "n" and "ne" are ip neighbour */
	return i < argc && begins(argv[i], "netns", 3);
}

__attribute__((constructor)) static void guard(int argc, char **argv)
{
	static _Bool said;
	const char *name = argc > 0 && argv[0] != NULL ? strrchr(argv[0], '/') : NULL;

	if (argc < 2 || strcmp(name != NULL ? name + 1 : argv[0], "ip") != 0 ||
		!is_about_namespaces(argc, argv))
		return;
	shim_say_once(&said, SHIM_NO_NAMESPACE);
	_exit(1);
}
