/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration file as a list of steps: own verbs, one tool each, and runs of `ip` lines that
 * one `ip -batch` can take. Made whole before anything is run, so that a wrong word on the last
 * line is found first. Pure but for reading the file.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "words.h"

enum step_kind {
	STEP_OWN = 1, /* one line: a verb of skiff */
	STEP_TOOL,    /* one line: a tool of Linux */
	STEP_BATCH,   /* `ip` lines, each simple enough for ip's own batch */
};

struct step {
	enum step_kind kind;
	uint32_t first; /* index into script.line of its first line */
	uint32_t n;     /* lines */
};

struct script_line {
	uint32_t no; /* in the file, from 1 */
	const char *text;
	uint32_t len;
};

struct script {
	const char *file;
	char *bytes;
	struct script_line *line; /* those that hold a command */
	uint32_t n_lines;
	struct step *step;
	uint32_t n_steps;
};

/* 0, or a negative errno with `FILE:LINE:COLUMN: ...` (or `FILE: ...`) written to err. */
int script_read(struct script *s, const char *file, FILE *err);
void script_free(struct script *s);
/* The words of a line that script_read accepted. 0 or -ENOMEM. */
int script_words(const struct script *s, uint32_t line, struct words *w);
/* The column that an error at word `word` points to. */
uint32_t script_column(const struct script *s, uint32_t line, uint32_t word);
