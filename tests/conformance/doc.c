/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of docs/compatibility.md about what each port type does of the suite, made from the
 * tables: a line a case, a column a type, and the reasons below.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define BEGIN "<!-- made by `conformance --doc` out of tests/conformance: begin -->\n"
#define END "<!-- end -->\n"

static const char *const case_text[CASE_COUNT] = {
#define CASE(name, text) #name ": " text,
#include "cases.def"
#undef CASE
};

static const char *const case_name[CASE_COUNT] = {
#define CASE(name, text) #name,
#include "cases.def"
#undef CASE
};

/* Reasons are numbered as they come; the same words have the same number. */
struct notes {
	const char *text[CASE_COUNT * 16];
	unsigned n;
};

static unsigned number(struct notes *notes, const char *text)
{
	for (unsigned i = 0; i < notes->n; i++)
		if (strcmp(notes->text[i], text) == 0)
			return i + 1;
	notes->text[notes->n++] = text;
	return notes->n;
}

static void write_to(FILE *f)
{
	struct notes notes = {.n = 0};

	fputs(BEGIN "| case |", f);
	for (unsigned t = 0; t < put_type_count; t++)
		fprintf(f, " %s |", put_types[t].name);
	fputs("\n|---|", f);
	for (unsigned t = 0; t < put_type_count; t++)
		fputs("---|", f);
	for (unsigned c = 0; c < CASE_COUNT; c++) {
		fprintf(f, "\n| %s |", case_name[c]);
		for (unsigned t = 0; t < put_type_count; t++) {
			const char *why = put_types[t].not_able[c];

			if (why)
				fprintf(f, " not able (%u) |", number(&notes, why));
			else
				fputs(" yes |", f);
		}
	}
	fputs("\n\n", f);
	for (unsigned i = 0; i < notes.n; i++)
		fprintf(f, "%u. %s\n", i + 1, notes.text[i]);
	fputs("\nWhat the cases show:\n\n", f);
	for (unsigned c = 0; c < CASE_COUNT; c++)
		fprintf(f, "- %s\n", case_text[c]);
	fputs("\nAnd what they allow for:\n\n", f);
	for (unsigned t = 0; t < put_type_count; t++)
		if (put_types[t].quirk)
			fprintf(f, "- %s: %s\n", put_types[t].name, put_types[t].quirk);
	fputs(END, f);
}

void doc_write(void)
{
	write_to(stdout);
}

int doc_check(const char *path)
{
	static char have[1 << 17];
	char *want = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&want, &len), *doc = fopen(path, "r");
	bool same;

	if (f == NULL || doc == NULL) {
		perror(path);
		return 1;
	}
	write_to(f);
	fclose(f);
	have[fread(have, 1, sizeof(have) - 1, doc)] = '\0';
	fclose(doc);
	same = strstr(have, want) != NULL;
	if (!same)
		fprintf(stderr, "%s is stale: put in what `conformance --doc` writes\n", path);
	free(want);
	return !same;
}
