/* SPDX-License-Identifier: BSD-3-Clause */
/* One write per line, so that lines of threads do not mix. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum log_level log_level = LOG_LEVEL_WARNING;

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024] = "skiffd: ";
	size_t n = strlen(line);
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	int more = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	n += more < 0 ? 0 : (size_t)more < sizeof(line) - n - 1 ? (size_t)more : sizeof(line) - n - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nowhere to say so */
}
