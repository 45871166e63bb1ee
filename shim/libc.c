/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the functions behind ours. Called through real() by all of libskiff. */
#include "libc.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shim_libc shim_libc;

void shim_libc_init(void)
{
	/* Two threads may do this at once: they store the same values. */
#define X(ret, name, args)                                                                         \
	*(void **)&shim_libc.name = dlsym(RTLD_NEXT, #name);                                       \
	if (shim_libc.name == NULL)                                                                \
		abort();
	SHIM_LIBC(X)
#undef X
	__atomic_store_n(&shim_libc.ready, 1, __ATOMIC_RELEASE);
}

void shim_say_once(_Bool *said, const char *fmt, ...)
{
	char text[512] = "libskiff: ";
	size_t at = strlen(text);
	va_list ap;

	if (__atomic_exchange_n(said, 1, __ATOMIC_RELAXED))
		return;
	va_start(ap, fmt);
	vsnprintf(text + at, sizeof(text) - at - 1, fmt, ap);
	va_end(ap);
	strcat(text, "\n");
	if (real()->write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}
