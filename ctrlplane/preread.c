/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First look at the configuration file, by skiffd itself: only what is fixed at the start of the
 * engine. All other lines, and what is wrong with them, are the loader's.
 */
#include "preread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "settings.h"
#include "words.h"

/* An error's place: the word's column, or the line's end. */
static uint32_t column(const struct words *w, const struct verb_error *e, size_t len)
{
	return e->word < w->n ? w->w[e->word].column : (uint32_t)len + 1;
}

static int line_in(const char *file, unsigned int no, const char *line, size_t len,
	struct settings *s)
{
	char *argv[SKIFF_ARGV_MAX + 1];
	struct words_error we;
	struct verb_error e;
	const struct verb *v;
	struct words w;
	unsigned int used;
	int err = 0;

	if (words_split(&w, line, len, &we) < 0)
		return 0; /* the loader says so */
	words_argv(&w, argv);
	if (w.n >= 4 && strcmp(argv[0], "port") == 0 && strcmp(argv[1], "add") == 0 &&
		(strcmp(argv[3], "pci") == 0 || (w.n > 4 && strcmp(argv[4], "pci") == 0)))
		s->pci = true;
	if (w.n > 0 && strcmp(argv[0], "system") == 0) {
		v = verb_find(w.n, argv, &used, &e);
		if (v == NULL)
			err = -EINVAL;
		else if (v->flags & VERB_FILE)
			err = settings_set(s, v->id, w.n, argv, &e);
		if (err < 0)
			fprintf(stderr, "%s:%u:%u: %s\n", file, no, column(&w, &e, len), e.text);
	}
	words_free(&w);
	return err;
}

int preread(const char *file, struct settings *s)
{
	FILE *in = fopen(file, "re");
	size_t size = 0;
	char *line = NULL;
	unsigned int no = 0;
	ssize_t len;
	int err = 0;

	if (in == NULL) {
		err = -errno;
		log_error("%s: %s", file, strerror(errno));
		return err;
	}
	while (err == 0 && (len = getline(&line, &size, in)) >= 0) {
		if (len > 0 && line[len - 1] == '\n')
			len--;
		err = line_in(file, ++no, line, (size_t)len, s);
	}
	if (err == 0 && ferror(in)) {
		err = -EIO;
		log_error("%s: %s", file, strerror(errno));
	}
	free(line);
	fclose(in);
	return err;
}
