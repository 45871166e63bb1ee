/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a configuration file into steps; refuses what can be seen to be wrong without skiffd. */
#include "script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <skiff/abi.h>

#include "verbs.h"

/* Tools that a file may hold: those whose netlink skiff answers. */
static const char *const tools[] = {"ip", "tc", "bridge"};

struct reading {
	struct script *s;
	FILE *err;
	uint32_t no;
	const char *line;
	uint32_t len;
	bool tool_seen;
	uint32_t cap_lines, cap_steps;
};

static int bad(struct reading *r, uint32_t column, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(struct reading *r, uint32_t column, const char *fmt, ...)
{
	va_list ap;

	fprintf(r->err, "%s:%u:%u: ", r->s->file, r->no, column);
	va_start(ap, fmt);
	vfprintf(r->err, fmt, ap);
	va_end(ap);
	fputc('\n', r->err);
	return -EINVAL;
}

static uint32_t column_of(const struct words *w, uint32_t word, uint32_t len)
{
	return word < w->n ? w->w[word].column : len + 1;
}

static bool is_tool(const char *word)
{
	for (unsigned int i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strcmp(word, tools[i]) == 0)
			return true;
	return false;
}

static int check_own(struct reading *r, const struct words *w)
{
	char *argv[SKIFF_ARGV_MAX + 1];
	struct verb_error e;
	const struct verb *v;
	unsigned int used;

	words_argv(w, argv);
	v = verb_find(w->n, argv, &used, &e);
	if (v == NULL)
		return bad(r, column_of(w, e.word, r->len), "%s", e.text);
	if (v->flags & VERB_NOT_YET)
		return bad(r, w->w[0].column, "`%s` (%s) is not part of this version of skiff; "
			"remove the line", v->words, v->text);
	if (!(v->flags & VERB_FILE))
		return bad(r, w->w[0].column, "`%s` configures nothing; a file holds system and port "
			"lines and those of tools", v->words);
	if ((v->flags & VERB_FIRST) && r->tool_seen)
		return bad(r, w->w[0].column, "`%s` comes after a line of a tool; system and port "
			"lines come first", v->words);
	return 0;
}

/* An object of ip may be shortened: is `word` this one, from its first `min` letters on? */
static bool short_for(const char *word, const char *object, size_t min)
{
	size_t n = strlen(word);

	return n >= min && n <= strlen(object) && strncmp(word, object, n) == 0;
}

static int check_tool(struct reading *r, const struct words *w)
{
	const char *tool = w->w[0].text;

	if (strcmp(tool, "nft") == 0 || strncmp(tool, "iptables", 8) == 0)
		return bad(r, w->w[0].column, "`%s` is not served by this version of skiff: it would "
			"change the kernel's own rules; remove the line", tool);
	if (!is_tool(tool))
		return bad(r, w->w[0].column, "'%s' is not known here; one of: system, port, ip, tc, "
			"bridge", tool);
	if (strcmp(tool, "ip") != 0)
		return 0;
	for (uint32_t i = 1; i < w->n; i++) {
		const char *word = w->w[i].text;

		if (strcmp(word, "-n") == 0 || short_for(word, "-netns", 3) || strcmp(word, "-all") == 0 ||
			short_for(word, "-batch", 2))
			return bad(r, w->w[i].column, "`ip %s` is not for a configuration file; write "
				"one command a line, for this skiff", word);
		if (word[0] == '-')
			continue;
		if (short_for(word, "netns", 3) || short_for(word, "monitor", 2))
			return bad(r, w->w[i].column, "`ip %s` configures nothing in skiff; remove the "
				"line", word);
		break;
	}
	return 0;
}

/* Can ip's own reader take the line as we understand it? */
static bool batchable(const struct reading *r, const struct words *w)
{
	if (strcmp(w->w[0].text, "ip") != 0 || w->n < 2 || w->w[1].text[0] == '-')
		return false;
	for (uint32_t i = 0; i < r->len; i++)
		if (strchr("'\"\\#", r->line[i]) != NULL)
			return false;
	return true;
}

static void *grow(void *array, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap == 0 ? 64 : *cap * 2;
	return reallocarray(array, *cap, size);
}

static int append(struct reading *r, enum step_kind kind)
{
	struct script *s = r->s;
	void *lines = grow(s->line, s->n_lines, &r->cap_lines, sizeof(*s->line));
	void *steps;

	if (lines == NULL)
		return -ENOMEM;
	s->line = lines;
	s->line[s->n_lines++] = (struct script_line){.no = r->no, .text = r->line, .len = r->len};
	if (kind == STEP_BATCH && s->n_steps > 0 && s->step[s->n_steps - 1].kind == STEP_BATCH) {
		s->step[s->n_steps - 1].n++;
		return 0;
	}
	steps = grow(s->step, s->n_steps, &r->cap_steps, sizeof(*s->step));
	if (steps == NULL)
		return -ENOMEM;
	s->step = steps;
	s->step[s->n_steps++] = (struct step){.kind = kind, .first = s->n_lines - 1, .n = 1};
	return 0;
}

static int one_line(struct reading *r)
{
	enum step_kind kind;
	struct words_error we;
	struct words w;
	int err = words_split(&w, r->line, r->len, &we);

	if (err == -ENOMEM)
		return err;
	if (err < 0)
		return bad(r, we.column, "%s", we.text);
	if (w.n == 0) {
		words_free(&w);
		return 0;
	}
	if (verb_is_own(w.w[0].text)) {
		kind = STEP_OWN;
		err = check_own(r, &w);
	} else {
		kind = batchable(r, &w) ? STEP_BATCH : STEP_TOOL;
		r->tool_seen = true;
		err = check_tool(r, &w);
	}
	words_free(&w);
	return err < 0 ? err : append(r, kind);
}

/* The whole file, whatever it is (a pipe too), into memory. */
static int slurp(struct script *s, const char *file, size_t *len)
{
	FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	size_t cap = 0;
	int err = 0;

	*len = 0;
	if (in == NULL)
		return -errno;
	for (;;) {
		if (cap - *len < 65536) {
			char *more = realloc(s->bytes, cap += cap + 65536);

			if (more == NULL) {
				err = -ENOMEM;
				break;
			}
			s->bytes = more;
		}
		size_t n = fread(s->bytes + *len, 1, cap - *len, in);
		*len += n;
		if (n == 0)
			break;
	}
	if (err == 0 && ferror(in))
		err = errno ? -errno : -EIO;
	if (in != stdin)
		fclose(in);
	return err;
}

int script_read(struct script *s, const char *file, FILE *err)
{
	struct reading r = {.s = s, .err = err};
	size_t len = 0;
	const char *p;
	int e;

	*s = (struct script){.file = file};
	e = slurp(s, file, &len);
	if (e == -ENOMEM) {
		fprintf(err, "%s: no memory for the file\n", file);
	} else if (e < 0) {
		fprintf(err, "%s: %s\n", file, strerror(-e));
	}
	p = s->bytes;
	while (e == 0 && len > 0) {
		const char *nl = memchr(p, '\n', len);
		size_t n = nl == NULL ? len : (size_t)(nl - p);

		r.no++;
		r.line = p;
		r.len = (uint32_t)n;
		e = n > SKIFF_MSG_MAX / 2 ? bad(&r, 1, "the line is too long") : one_line(&r);
		if (e == -ENOMEM)
			fprintf(err, "%s: no memory for the file\n", file);
		n += nl != NULL;
		p += n;
		len -= n;
	}
	if (e < 0)
		script_free(s);
	return e;
}

void script_free(struct script *s)
{
	free(s->bytes);
	free(s->line);
	free(s->step);
	*s = (struct script){.file = s->file};
}

int script_words(const struct script *s, uint32_t line, struct words *w)
{
	struct words_error e;

	return words_split(w, s->line[line].text, s->line[line].len, &e);
}

uint32_t script_column(const struct script *s, uint32_t line, uint32_t word)
{
	uint32_t column = s->line[line].len + 1;
	struct words w;

	if (script_words(s, line, &w) < 0)
		return column;
	column = column_of(&w, word, s->line[line].len);
	words_free(&w);
	return column;
}
