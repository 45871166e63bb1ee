/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `show` prints, made once as JSON and written as JSON or as an aligned table. Pure; jansson.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum column_kind {
	COL_TEXT,
	COL_COUNT,    /* integer */
	COL_NUMBER,   /* one decimal; empty when null */
	COL_PERCENT,
};

struct column {
	const char *key;   /* of the row's object */
	const char *title;
	enum column_kind kind;
	bool total;        /* the sum stands in the last line */
};

/*
 * `rows` is an array of objects. Rows whose key `hide` is 0 are left out unless `all`; with
 * totals asked by any column a last line "total" is added when there is more than one row.
 */
void table_print(FILE *out, const json_t *rows, const struct column *col, unsigned int n_col,
	const char *hide, bool all);
/* Objects as lines of "key: value"; nested ones indented. */
void table_print_object(FILE *out, const json_t *object, int indent);
