/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interactive shell: libedit's line editing, history, and completion of own verbs by skiffd's
 * table (it knows the ports and drivers). What a tool's words can be only the tool knows, so after
 * one of them its objects are offered and no more.
 */
#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "skiff.h"
#include "verbs.h"
#include "words.h"

#define HISTORY 1000
#define CANDIDATES 256

struct shell {
	const struct options *o;
	EditLine *el;
	History *history;
	char history_file[512];
};

struct candidates {
	unsigned int n;
	char *word[CANDIDATES];
};

static char *prompt(EditLine *el)
{
	static char text[] = "skiff> ";

	return text;
}

static void candidate(void *arg, const char *word)
{
	struct candidates *c = arg;

	if (c->n < CANDIDATES)
		c->word[c->n++] = strdup(word);
}

/* What skiffd knows: names of ports, drivers, their options. Silent where there is no skiffd. */
static void ask_server(const struct shell *sh, unsigned int argc, char *const *argv,
	struct candidates *c)
{
	static char verb[] = "complete";
	char *words[SKIFF_ARGV_MAX + 1] = {verb}, *text = NULL, *save = NULL;
	struct client_exit ex = {.text = ""};
	struct client cl;
	size_t len = 0;
	FILE *out;

	if (argc >= SKIFF_ARGV_MAX || client_open(&cl, sh->o->socket, ex.text, sizeof(ex.text)) < 0)
		return;
	for (unsigned int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	out = open_memstream(&text, &len);
	if (out != NULL) {
		client_command(&cl, argc + 1, words, 0, 0, out, &ex);
		fclose(out);
		for (char *w = strtok_r(text, "\n", &save); w; w = strtok_r(NULL, "\n", &save))
			candidate(c, w);
		free(text);
	}
	client_close(&cl);
}

static void tool_words(unsigned int argc, char *const *argv, struct candidates *c)
{
	static const char *const tools[] = {"ip", "tc", "bridge", "ping", "traceroute", "exit"};
	static const char *const objects[] = {"link", "address", "route", "neighbour", "rule",
		"monitor"};
	const char *start = argv[argc - 1];

	for (unsigned int i = 0; argc == 1 && i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strncmp(tools[i], start, strlen(start)) == 0)
			candidate(c, tools[i]);
	if (argc != 2 || strcmp(argv[0], "ip") != 0)
		return;
	for (unsigned int i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (strncmp(objects[i], start, strlen(start)) == 0)
			candidate(c, objects[i]);
}

static size_t common(const struct candidates *c)
{
	size_t n = strlen(c->word[0]);

	for (unsigned int i = 1; i < c->n; i++)
		while (strncmp(c->word[0], c->word[i], n) != 0)
			n--;
	return n;
}

/* Puts in what all candidates share; shows them when that is no more than is there already. */
static unsigned char offer(EditLine *el, const struct candidates *c, const char *start)
{
	size_t have = strlen(start), n;
	char *rest;

	if (c->n == 0)
		return CC_REFRESH_BEEP;
	n = common(c);
	if (n > have || c->n == 1) {
		rest = strndup(c->word[0] + have, n - have);
		if (rest != NULL && rest[0] != '\0')
			el_insertstr(el, rest);
		if (c->n == 1)
			el_insertstr(el, " ");
		free(rest);
		return CC_REFRESH;
	}
	fputc('\n', stdout);
	for (unsigned int i = 0; i < c->n; i++)
		printf("%s%s", c->word[i], i + 1 < c->n ? "  " : "\n");
	fflush(stdout);
	return CC_REDISPLAY;
}

static unsigned char complete(EditLine *el, int ch)
{
	char *argv[SKIFF_ARGV_MAX + 2], empty[] = "";
	const LineInfo *line = el_line(el);
	size_t len = (size_t)(line->cursor - line->buffer);
	struct candidates c = {0};
	struct words_error e;
	struct words w;
	struct shell *sh;
	unsigned int argc;
	unsigned char done;

	el_get(el, EL_CLIENTDATA, (void **)&sh);
	if (words_split(&w, line->buffer, len, &e) < 0)
		return CC_REFRESH_BEEP;
	words_argv(&w, argv);
	argc = w.n;
	if (argc == 0 || line->buffer[len - 1] == ' ')
		argv[argc++] = empty;
	argv[argc] = NULL;
	if (argc == 1 || !verb_is_own(argv[0]))
		tool_words(argc, argv, &c);
	if (argc == 1 || verb_is_own(argv[0]))
		ask_server(sh, argc, argv, &c);
	if (c.n == 0)
		verb_complete(argc, argv, candidate, &c);
	done = offer(el, &c, argv[argc - 1]);
	for (unsigned int i = 0; i < c.n; i++)
		free(c.word[i]);
	words_free(&w);
	return done;
}

static void open_history(struct shell *sh)
{
	const char *home = getenv("HOME");
	HistEvent ev;

	sh->history = history_init();
	history(sh->history, &ev, H_SETSIZE, HISTORY);
	history(sh->history, &ev, H_SETUNIQUE, 1);
	if (home == NULL ||
		snprintf(sh->history_file, sizeof(sh->history_file), "%s/.skiff_history", home) >=
			(int)sizeof(sh->history_file))
		sh->history_file[0] = '\0';
	if (sh->history_file[0] != '\0')
		history(sh->history, &ev, H_LOAD, sh->history_file);
}

static void close_history(struct shell *sh)
{
	HistEvent ev;

	if (sh->history_file[0] != '\0' && isatty(STDIN_FILENO)) {
		mode_t was = umask(077);

		history(sh->history, &ev, H_SAVE, sh->history_file);
		umask(was);
	}
	history_end(sh->history);
}

static void open_editor(struct shell *sh)
{
	sh->el = el_init("skiff", stdin, stdout, stderr);
	el_set(sh->el, EL_CLIENTDATA, sh);
	el_set(sh->el, EL_PROMPT, prompt);
	el_set(sh->el, EL_EDITOR, "emacs");
	el_set(sh->el, EL_SIGNAL, 1);
	el_set(sh->el, EL_HIST, history, sh->history);
	el_set(sh->el, EL_ADDFN, "skiff-complete", "complete a word", complete);
	el_set(sh->el, EL_BIND, "^I", "skiff-complete", NULL);
	el_source(sh->el, NULL);
}

/* Returns true to leave; *status is that of the last command. */
static bool run_line(struct shell *sh, const char *line, int *status)
{
	char *argv[SKIFF_ARGV_MAX + 1];
	struct words_error e;
	struct words w;
	bool leave = false;
	int err = words_split(&w, line, strlen(line), &e);

	if (err == -ENOMEM) {
		fputs("skiff: no memory\n", stderr);
		return false;
	}
	if (err < 0) {
		fprintf(stderr, "skiff: column %u: %s\n", e.column, e.text);
		*status = SKIFF_USAGE;
		return false;
	}
	words_argv(&w, argv);
	client_interrupted = 0;
	if (w.n > 0)
		leave = strcmp(argv[0], "exit") == 0 || strcmp(argv[0], "quit") == 0;
	if (w.n > 0 && !leave)
		*status = skiff_command(sh->o, w.n, argv, true);
	fflush(stdout);
	words_free(&w);
	return leave;
}

/* Ctrl-C ends what runs (a trace, say), not the shell: client.c's recv() then ends by EINTR. */
static void on_interrupt(int sig)
{
	client_interrupted = 1;
}

static int from_terminal(struct shell *sh)
{
	struct sigaction sa = {.sa_handler = on_interrupt};
	HistEvent ev;
	const char *line;
	int n, status = 0;

	sigaction(SIGINT, &sa, NULL);
	open_history(sh);
	open_editor(sh);
	for (;;) {
		errno = 0;
		line = el_gets(sh->el, &n);
		if (line == NULL && errno == EINTR) {
			fputc('\n', stdout);
			el_reset(sh->el);
			continue;
		}
		if (line == NULL || n <= 0)
			break;
		if (n > 1)
			history(sh->history, &ev, H_ENTER, line);
		if (run_line(sh, line, &status))
			break;
	}
	el_end(sh->el);
	close_history(sh);
	return status;
}

static int from_pipe(struct shell *sh)
{
	size_t size = 0;
	char *line = NULL;
	int status = 0;

	/* A script stops at its first failure. */
	while (getline(&line, &size, stdin) >= 0)
		if (run_line(sh, line, &status) || status != 0)
			break;
	free(line);
	return status;
}

int skiff_shell(const struct options *o)
{
	struct shell sh = {.o = o};

	return isatty(STDIN_FILENO) ? from_terminal(&sh) : from_pipe(&sh);
}
