/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff: own verbs are asked of skiffd, everything else is Linux's tool run on skiff. One command
 * by its arguments, or many in the shell.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "skiff.h"
#include "tools.h"
#include "verbs.h"

static void usage(FILE *out)
{
	fputs("Usage: skiff [-s SOCKET] [-j] [WORDS...]\n"
	      "\n"
	      "Talks to skiffd. Without words: an interactive shell. Own verbs:\n"
	      "\n", out);
	verb_help(out, NULL);
	fputs("\n"
	      "Anything else is a Linux tool, run on skiff: `skiff ip route`, `skiff ss -ti`.\n"
	      "\n"
	      "Options:\n"
	      "  -s, --socket SOCKET  skiffd's socket; default $SKIFF_SOCKET, /run/skiff/skiff.sock,\n"
	      "                       $XDG_RUNTIME_DIR/skiff.sock\n"
	      "  -j, --json           JSON in place of tables\n"
	      "  -h, --help           this text\n"
	      "  -V, --version        the version\n"
	      "\n"
	      "Exit status: 0 done; 1 refused, with the reason on stderr; 2 wrong words; 3 no skiffd\n"
	      "at the socket. A tool's status is its own.\n", out);
}

static int help(unsigned int argc, char *const *argv)
{
	char words[128] = "";

	for (unsigned int i = 1; i < argc; i++) {
		size_t n = strlen(words);

		snprintf(words + n, sizeof(words) - n, "%s%s", i > 1 ? " " : "", argv[i]);
	}
	if (verb_help(stdout, words) > 0)
		return SKIFF_OK;
	fprintf(stderr, "skiff: no verb begins with '%s'; `skiff help` lists them\n", words);
	return SKIFF_USAGE;
}

/* The client's side of `load`'s words. */
static int load(const struct options *o, unsigned int argc, char *const *argv)
{
	bool check = argc > 1 && strcmp(argv[1], "--check") == 0;

	if (argc != 2u + check) {
		fprintf(stderr, "skiff: %s; write: skiff load [--check] FILE\n",
			argc < 2u + check ? "a file is missing" : "one file at a time");
		return SKIFF_USAGE;
	}
	return skiff_load(o, argv[1 + check], check);
}

static int ask(const struct options *o, unsigned int argc, char *const *argv)
{
	struct client_exit ex = {.text = ""};
	struct client c;
	int err = client_open(&c, o->socket, ex.text, sizeof(ex.text));

	if (err < 0) {
		fprintf(stderr, "skiff: %s\n", ex.text);
		return SKIFF_NO_DAEMON;
	}
	err = client_command(&c, argc, argv, o->json ? SKIFF_COMMAND_JSON : 0, 0, stdout, &ex);
	client_close(&c);
	if (ex.text[0] != '\0')
		fprintf(stderr, "skiff: %s\n", ex.text);
	if (err < 0)
		return SKIFF_NO_DAEMON;
	return ex.status;
}

static void put_word(void *arg, const char *word)
{
	puts(word);
}

/* For the shell's completion: without a skiffd, what the grammar alone knows. */
static int complete(const struct options *o, unsigned int argc, char *const *argv)
{
	char text[SKIFF_TEXT_MAX];
	struct client c;

	if (client_open(&c, o->socket, text, sizeof(text)) == 0) {
		client_close(&c);
		return ask(o, argc, argv);
	}
	verb_complete(argc - 1, argv + 1, put_word, NULL);
	return SKIFF_OK;
}

static int own(const struct options *o, unsigned int argc, char *const *argv)
{
	struct verb_error e;
	unsigned int used;
	const struct verb *v = verb_find(argc, argv, &used, &e);

	if (v == NULL) {
		fprintf(stderr, "skiff: %s\n", e.text);
		return SKIFF_USAGE;
	}
	if (v->flags & VERB_NOT_YET) {
		fprintf(stderr, "skiff: `%s` (%s) is not part of this version of skiff\n", v->words,
			v->text);
		return SKIFF_USAGE;
	}
	switch (v->id) {
	case VERB_HELP:
		return help(argc, argv);
	case VERB_LOAD:
		return load(o, argc, argv);
	case VERB_COMPLETE:
		return complete(o, argc, argv);
	default:
		return ask(o, argc, argv);
	}
}

int skiff_command(const struct options *o, unsigned int argc, char *const *argv, bool shell)
{
	if (verb_is_own(argv[0]))
		return own(o, argc, argv);
	fflush(stdout);
	return shell ? tools_run(o->socket, o->json, argc, argv)
		     : tools_exec(o->socket, o->json, argc, argv);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct options o = {0};
	int c;

	/* "+": the first word ends our options, the rest is the tool's. */
	while ((c = getopt_long(argc, argv, "+s:jhV", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			o.socket = optarg;
			break;
		case 'j':
			o.json = true;
			break;
		case 'h':
			usage(stdout);
			return SKIFF_OK;
		case 'V':
			puts("skiff " SKIFF_VERSION);
			return SKIFF_OK;
		default:
			fputs("skiff --help tells the options\n", stderr);
			return SKIFF_USAGE;
		}
	}
	if (optind == argc)
		return skiff_shell(&o);
	return skiff_command(&o, (unsigned int)(argc - optind), argv + optind, false);
}
