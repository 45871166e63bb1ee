/* SPDX-License-Identifier: BSD-3-Clause */
/* Aligned text out of JSON rows: words to the left, figures to the right. */
#include "table.h"

#include <inttypes.h>
#include <string.h>

#define CELL 256
#define COLUMNS_MAX 24

static void cell(char *buf, const json_t *value, enum column_kind kind)
{
	buf[0] = '\0';
	if (json_is_string(value))
		snprintf(buf, CELL, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(buf, CELL, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buf, CELL, "%.1f%s", json_real_value(value), kind == COL_PERCENT ? "%" : "");
	else if (json_is_boolean(value))
		snprintf(buf, CELL, "%s", json_is_true(value) ? "yes" : "no");
}

static bool hidden(const json_t *row, const char *hide, bool all)
{
	return !all && hide != NULL && json_integer_value(json_object_get(row, hide)) == 0;
}

static void put(FILE *out, const char *text, int width, enum column_kind kind, bool last)
{
	if (kind != COL_TEXT)
		fprintf(out, "%*s", width, text);
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%-*s", width, text);
	fputs(last ? "\n" : "  ", out);
}

struct layout {
	const struct column *col;
	unsigned int n;
	int width[COLUMNS_MAX];
	json_int_t sum[COLUMNS_MAX];
	bool totals;
};

static void widen(struct layout *l, unsigned int i, const char *text)
{
	int n = (int)strlen(text);

	if (n > l->width[i])
		l->width[i] = n;
}

static unsigned int measure(struct layout *l, const json_t *rows, const char *hide, bool all)
{
	unsigned int shown = 0;
	char buf[CELL];
	const json_t *row;
	size_t r;

	for (unsigned int i = 0; i < l->n; i++)
		widen(l, i, l->col[i].title);
	json_array_foreach(rows, r, row) {
		if (hidden(row, hide, all))
			continue;
		shown++;
		for (unsigned int i = 0; i < l->n; i++) {
			const json_t *v = json_object_get(row, l->col[i].key);

			cell(buf, v, l->col[i].kind);
			widen(l, i, buf);
			l->sum[i] += json_integer_value(v);
			l->totals |= l->col[i].total;
		}
	}
	for (unsigned int i = 0; i < l->n; i++) {
		snprintf(buf, sizeof(buf), "%" JSON_INTEGER_FORMAT, l->sum[i]);
		if (l->col[i].total)
			widen(l, i, buf);
	}
	widen(l, 0, "total");
	return shown;
}

static void print_totals(FILE *out, const struct layout *l)
{
	unsigned int last = 0;
	char buf[CELL];

	for (unsigned int i = 0; i < l->n; i++)
		if (l->col[i].total)
			last = i;
	for (unsigned int i = 0; i <= last; i++) {
		snprintf(buf, sizeof(buf), "%" JSON_INTEGER_FORMAT, l->sum[i]);
		put(out, i == 0 ? "total" : l->col[i].total ? buf : "", l->width[i], l->col[i].kind,
			i == last);
	}
}

void table_print(FILE *out, const json_t *rows, const struct column *col, unsigned int n_col,
	const char *hide, bool all)
{
	struct layout l = {.col = col, .n = n_col < COLUMNS_MAX ? n_col : COLUMNS_MAX};
	unsigned int shown = measure(&l, rows, hide, all);
	const json_t *row;
	char buf[CELL];
	size_t r;

	for (unsigned int i = 0; i < l.n; i++)
		put(out, col[i].title, l.width[i], col[i].kind, i + 1 == l.n);
	json_array_foreach(rows, r, row) {
		if (hidden(row, hide, all))
			continue;
		for (unsigned int i = 0; i < l.n; i++) {
			cell(buf, json_object_get(row, col[i].key), col[i].kind);
			put(out, buf, l.width[i], col[i].kind, i + 1 == l.n);
		}
	}
	if (l.totals && shown > 1)
		print_totals(out, &l);
}

void table_print_object(FILE *out, const json_t *object, int indent)
{
	char buf[CELL];
	const char *key;
	json_t *value;
	int width = 0;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		if (!json_is_object(value) && (int)strlen(key) > width)
			width = (int)strlen(key);
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (json_is_object(value)) {
			fprintf(out, "%*s%s\n", indent, "", key);
			table_print_object(out, value, indent + 4);
			continue;
		}
		cell(buf, value, COL_NUMBER);
		fprintf(out, "%*s%-*s  %s\n", indent, "", width, key, buf);
	}
}
