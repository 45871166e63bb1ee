/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loader: runs a configuration file inside a transaction, on a shadow of skiffd's state. Own
 * verbs are asked of skiffd; the tools of Linux are run under skiff-run with the transaction's
 * token in their environment; consecutive `ip` lines go through one `ip -batch -`, which reports
 * errors by line. Only if every line succeeds is all of it committed. skiffd -c and --check run
 * this very program.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "feed.h"
#include "script.h"
#include "skiff.h"
#include "tools.h"
#include "verbs.h"

#define TRIES 5 /* of a commit that met a change of somebody else's */
#define PIECES 64u
#define NARROW (-1000) /* a batch failed and did not say where: run again in pieces */

struct load {
	const struct options *o;
	struct script script;
	struct client client;
	uint64_t token;
	uint32_t *own;   /* line of each own verb, as skiffd counts them */
	uint32_t n_own;
	uint32_t line, end; /* a batch: the line being fed, and the one after its last */
	uint32_t narrow_from, narrow_to; /* lines of a batch among which the failing one is */
};

static int say(const struct load *l, uint32_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int say(const struct load *l, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", l->script.file, l->script.line[line].no);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return SKIFF_REFUSED;
}

static int say_word(const struct load *l, uint32_t line, uint32_t word, const char *text)
{
	fprintf(stderr, "%s:%u:%u: %s\n", l->script.file, l->script.line[line].no,
		script_column(&l->script, line, word), text);
	return SKIFF_REFUSED;
}

static int own_line(struct load *l, uint32_t line)
{
	struct client_exit ex = {.text = ""};
	char *argv[SKIFF_ARGV_MAX + 1];
	struct words w;
	int err = script_words(&l->script, line, &w);

	if (err < 0)
		return say(l, line, "no memory");
	words_argv(&w, argv);
	l->own[l->n_own++] = line;
	err = client_command(&l->client, w.n, argv, 0, l->token, stdout, &ex);
	words_free(&w);
	if (err < 0)
		return say(l, line, "%s", ex.text);
	if (ex.status == 0)
		return SKIFF_OK;
	/* No word in particular: something is missing at the end, or the whole was refused. */
	if (ex.word == SKIFF_NO_WORD && ex.status != SKIFF_USAGE)
		ex.word = 0;
	return say_word(l, line, ex.word, ex.text);
}

/* The tool's own words, each line of them with our place in front. */
static void repeat(const struct load *l, uint32_t line, char *text)
{
	char *save = NULL;

	for (char *s = strtok_r(text, "\n", &save); s != NULL; s = strtok_r(NULL, "\n", &save))
		say(l, line, "%s", s);
}

static int ended(const struct load *l, uint32_t line, const char *tool, int status, char *said)
{
	if (status < 0)
		return say(l, line, "cannot run %s: %s", tool, strerror(-status));
	repeat(l, line, said);
	if (status == 0)
		return SKIFF_OK;
	if (status >= FEED_SIGNAL)
		return say(l, line, "%s was ended by signal %d", tool, status - FEED_SIGNAL);
	if (said[0] == '\0')
		return say(l, line, "%s failed with status %d", tool, status);
	return SKIFF_REFUSED;
}

static int tool_line(struct load *l, uint32_t line)
{
	char *argv[SKIFF_ARGV_MAX + 1];
	struct feed f = {0};
	struct words w;
	int status;

	if (script_words(&l->script, line, &w) < 0)
		return say(l, line, "no memory");
	words_argv(&w, argv);
	f.argv = tools_argv(l->client.path, 0, w.n, argv);
	status = f.argv == NULL ? -ENOMEM : feed_run(&f);
	status = ended(l, line, argv[0], status, f.said ? f.said : argv[0]);
	free(f.said);
	free(f.argv);
	words_free(&w);
	return status;
}

/* stdin of `ip -batch -`: the lines without their first word. */
static size_t batch_text(void *arg, char *buf, size_t size)
{
	struct load *l = arg;
	size_t n = 0;

	while (l->line < l->end) {
		const struct script_line *s = &l->script.line[l->line];
		const char *text = s->text;
		uint32_t len = s->len;

		while (*text == ' ' || *text == '\t') {
			text++;
			len--;
		}
		text += 2; /* "ip" */
		len -= 2;
		if (n + len + 1 > size)
			return n;
		memcpy(buf + n, text, len);
		buf[n + len] = '\n';
		n += len + 1;
		l->line++;
	}
	return n;
}

/* "Command failed -:17": which line of the batch it was, from 1; 0: it does not say. */
static uint32_t failed_line(char *said)
{
	char *at = strstr(said, "Command failed -:");
	uint32_t n = 0;

	if (at != NULL) {
		n = (uint32_t)strtoul(at + strlen("Command failed -:"), NULL, 10);
		*at = '\0';
	}
	return n;
}

/* Lines [from, to) through one ip. */
static int piece(struct load *l, uint32_t from, uint32_t to)
{
	static char ip[] = "ip", dash_batch[] = "-batch", dash[] = "-";
	char *argv[] = {ip, dash_batch, dash};
	struct feed f = {.more = batch_text, .arg = l};
	uint32_t line = from, n = 0;
	int status;

	if (from == to)
		return SKIFF_OK;
	l->line = from;
	l->end = to;
	f.argv = tools_argv(l->client.path, 0, 3, argv);
	status = f.argv == NULL ? -ENOMEM : feed_run(&f);
	if (f.said != NULL)
		n = failed_line(f.said);
	if (n > 0 && n <= to - from)
		line = from + n - 1;
	if (status > 0 && n == 0 && to - from > 1) {
		/* ip leaves at once on a wrong word, and does not say which line that was. */
		l->narrow_from = from;
		l->narrow_to = to;
		status = NARROW;
	} else {
		status = ended(l, line, ip, status, f.said ? f.said : ip);
	}
	free(f.said);
	free(f.argv);
	return status;
}

static int batch(struct load *l, const struct step *s)
{
	uint32_t at = s->first, end = s->first + s->n, size;
	uint32_t from = l->narrow_from, to = l->narrow_to;
	int status = SKIFF_OK;

	if (from < at || to > end || from == to)
		return piece(l, at, end);
	status = piece(l, at, from);
	size = (to - from + PIECES - 1) / PIECES;
	for (at = from; at < to && status == SKIFF_OK; at += size)
		status = piece(l, at, at + size < to ? at + size : to);
	return status == SKIFF_OK ? piece(l, to, end) : status;
}

static int run(struct load *l)
{
	int status = SKIFF_OK;

	l->n_own = 0;
	for (uint32_t i = 0; i < l->script.n_steps && status == SKIFF_OK; i++) {
		const struct step *s = &l->script.step[i];

		if (s->kind == STEP_OWN)
			status = own_line(l, s->first);
		else if (s->kind == STEP_TOOL)
			status = tool_line(l, s->first);
		else
			status = batch(l, s);
	}
	return status;
}

/* skiffd's "#N.W: ..." names word W of the N-th own verb of the transaction. */
static int commit_failed(const struct load *l, const char *text)
{
	unsigned int n, word;
	int skip = 0;

	if (sscanf(text, "#%u.%u: %n", &n, &word, &skip) == 2 && skip > 0 && n >= 1 && n <= l->n_own)
		return say_word(l, l->own[n - 1], word, text + skip);
	fprintf(stderr, "%s: %s\n", l->script.file, text);
	return SKIFF_REFUSED;
}

static int begin(struct load *l)
{
	char text[1024], token[32];

	l->token = 0;
	if (client_txn(&l->client, SKIFF_MSG_TXN_BEGIN, &l->token, text, sizeof(text)) < 0) {
		fprintf(stderr, "skiff: %s\n", text);
		return SKIFF_REFUSED;
	}
	snprintf(token, sizeof(token), "%llu", (unsigned long long)l->token);
	setenv(SKIFF_TXN_ENV, token, 1);
	return SKIFF_OK;
}

/* One try: the whole file, then commit. -EAGAIN: once more. */
static int attempt(struct load *l, bool check)
{
	enum skiff_msg_type how = SKIFF_MSG_TXN_COMMIT;
	char text[1024];
	int status = begin(l), err;

	if (status != SKIFF_OK)
		return status;
	status = run(l);
	if (check || status != SKIFF_OK)
		how = SKIFF_MSG_TXN_ABORT;
	err = client_txn(&l->client, how, &l->token, text, sizeof(text));
	if (status != SKIFF_OK || err == 0 || err == -EAGAIN)
		return status != SKIFF_OK ? status : err;
	return commit_failed(l, text);
}

static int load_script(struct load *l, bool check)
{
	int status = -EAGAIN;

	for (int i = 0; i < TRIES && (status == -EAGAIN || status == NARROW); i += status == -EAGAIN)
		status = attempt(l, check);
	if (status != -EAGAIN && status != NARROW)
		return status;
	fprintf(stderr, "%s: the state was changed by others %d times while the file was being "
		"loaded; nothing was done, try again\n", l->script.file, TRIES);
	return SKIFF_REFUSED;
}

int skiff_load(const struct options *o, const char *file, bool check)
{
	struct load l = {.o = o};
	char text[1024];
	int status;

	if (script_read(&l.script, file, stderr) < 0)
		return SKIFF_REFUSED;
	l.own = calloc(l.script.n_lines + 1, sizeof(*l.own));
	if (l.own == NULL || client_open(&l.client, o->socket, text, sizeof(text)) < 0) {
		fprintf(stderr, "skiff: %s\n", l.own == NULL ? "no memory" : text);
		status = SKIFF_NO_DAEMON;
	} else {
		status = load_script(&l, check);
		client_close(&l.client);
	}
	unsetenv(SKIFF_TXN_ENV);
	free(l.own);
	script_free(&l.script);
	return status;
}
