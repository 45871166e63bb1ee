/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a fault script: lines (or parts between semicolons) of the form
 *
 *   at start: ACTION             at tx [every] N: ACTION       at access [every] N: ACTION
 *   at time [every] T: ACTION    at rx [every] N: ACTION       # comment
 *
 * T has a unit: ns, us, ms, s. The actions are in model_fault.c and docs/cs8900a-model.md.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "model_priv.h"

#define MAX_WORDS 6
#define MAX_FAULTS 1000
#define LEAST_PERIOD_NS 100000

struct words {
	char *w[MAX_WORDS + 1];
	unsigned n;
};

static struct words split(char *text)
{
	struct words words = { .n = 0 };
	char *save = NULL;

	for (char *w = strtok_r(text, " \t\r", &save); w && words.n < MAX_WORDS;
		w = strtok_r(NULL, " \t\r", &save))
		words.w[words.n++] = w;
	words.w[words.n] = strtok_r(NULL, "", &save); /* what is too much */
	return words;
}

static bool number(const char *text, uint64_t *n, const char **end)
{
	char *stop;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*n = strtoull(text, &stop, 0);
	*end = stop;
	return !errno;
}

/* ACTION [NUMBER]; two words may be one action. */
int csm_action_parse(char *text, struct csm_fault *f, char *err, size_t errlen)
{
	struct words words = split(text);
	char name[32];
	const char *arg = NULL, *end;
	uint64_t least, most;
	unsigned used = 1;
	int action;

	if (!words.n) {
		snprintf(err, errlen, "an action is missing");
		return -EINVAL;
	}
	snprintf(name, sizeof(name), "%s", words.w[0]);
	action = csm_action_find(name, &arg, &least, &most);
	if (action < 0 && words.n > 1) {
		snprintf(name, sizeof(name), "%.15s %.15s", words.w[0], words.w[1]);
		action = csm_action_find(name, &arg, &least, &most);
		used = 2;
	}
	if (action < 0) {
		snprintf(err, errlen, "no action is called \"%s\"", name);
		return -EINVAL;
	}
	f->action = (unsigned)action;
	if (arg && (words.n == used || !number(words.w[used], &f->arg, &end) || *end
			|| f->arg < least || f->arg > most)) {
		snprintf(err, errlen, "\"%s\" needs %s, %llu to %llu", name, arg,
			(unsigned long long)least, (unsigned long long)most);
		return -EINVAL;
	}
	used += arg ? 1 : 0;
	if (words.w[used]) {
		snprintf(err, errlen, "\"%s\" after \"%s\" says nothing", words.w[used], name);
		return -EINVAL;
	}
	return 0;
}

static bool time_unit(const char *unit, uint64_t *n)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

	for (unsigned i = 0; i < 4; i++) {
		if (strcmp(units[i].name, unit))
			continue;
		if (*n > UINT64_MAX / 4 / units[i].ns)
			return false;
		*n *= units[i].ns;
		return true;
	}
	return false;
}

static int trigger_word(const char *word)
{
	static const char *const names[] = {
		[AT_START] = "start", [AT_TIME] = "time", [AT_ACCESS] = "access", [AT_TX] = "tx",
		[AT_RX] = "rx",
	};

	for (int i = AT_START; i <= AT_RX; i++)
		if (!strcmp(names[i], word))
			return i;
	return -1;
}

/* "at TRIGGER [every] [NUMBER]", split. */
static int trigger_parse(const struct words *words, struct csm_fault *f, char *err, size_t errlen)
{
	const char *end;
	unsigned at = 2;
	int trigger;

	if (words->n < 2 || strcmp(words->w[0], "at")) {
		snprintf(err, errlen, "a line begins with \"at\" and start, time, access, tx or rx");
		return -EINVAL;
	}
	trigger = trigger_word(words->w[1]);
	if (trigger < 0) {
		snprintf(err, errlen, "\"%s\" is not start, time, access, tx or rx", words->w[1]);
		return -EINVAL;
	}
	f->trigger = (enum csm_trigger)trigger;
	if (trigger != AT_START) {
		if (words->w[at] && !strcmp(words->w[at], "every")) {
			f->every = true;
			at++;
		}
		if (!words->w[at] || !number(words->w[at], &f->n, &end)
			|| (trigger == AT_TIME ? !time_unit(end, &f->n) : *end != 0)
			|| (!f->n && (f->every || trigger != AT_TIME))) {
			snprintf(err, errlen, trigger == AT_TIME
				? "\"at time\" needs a time with its unit, as 20ms"
				: "\"at %s\" needs a number from 1", words->w[1]);
			return -EINVAL;
		}
		at++;
	}
	if (trigger == AT_TIME && f->every && f->n < LEAST_PERIOD_NS) {
		snprintf(err, errlen, "\"at time every\" needs 100us or more");
		return -EINVAL;
	}
	if (words->w[at]) {
		snprintf(err, errlen, "\"%s\" where a colon should be", words->w[at]);
		return -EINVAL;
	}
	f->due = f->n;
	return 0;
}

static int line_parse(char *line, struct csm_fault *f, char *err, size_t errlen)
{
	char *colon = strchr(line, ':');
	struct words words;

	memset(f, 0, sizeof(*f));
	if (!colon) {
		snprintf(err, errlen, "no colon between when and what");
		return -EINVAL;
	}
	*colon = 0;
	words = split(line);
	if (trigger_parse(&words, f, err, errlen))
		return -EINVAL;
	return csm_action_parse(colon + 1, f, err, errlen);
}

static bool blank(const char *text)
{
	return !text[strspn(text, " \t\r")];
}

static int add(struct cs8900a_model *m, const struct csm_fault *f)
{
	struct csm_fault *more;

	if (m->nb_faults == MAX_FAULTS)
		return -E2BIG;
	more = realloc(m->faults, (m->nb_faults + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->faults = more;
	more[m->nb_faults++] = *f;
	return 0;
}

static int one_line(struct cs8900a_model *m, char *line, unsigned number, char *err,
	size_t errlen)
{
	char *comment = strchr(line, '#'), *save = NULL, why[160];
	struct csm_fault f;
	int rc = 0;

	if (comment)
		*comment = 0;
	for (char *part = strtok_r(line, ";", &save); part && !rc; part = strtok_r(NULL, ";", &save)) {
		if (blank(part))
			continue;
		rc = line_parse(part, &f, why, sizeof(why));
		if (!rc && add(m, &f)) {
			snprintf(why, sizeof(why), "a script has at most %d actions", MAX_FAULTS);
			rc = -E2BIG;
		}
		if (rc)
			snprintf(err, errlen, "fault script, line %u: %s", number, why);
	}
	return rc;
}

int csm_script(struct cs8900a_model *m, const char *text, char *err, size_t errlen)
{
	char *copy = strdup(text), *line = copy, *end;
	int rc = copy ? 0 : -ENOMEM;

	if (rc)
		snprintf(err, errlen, "no memory for the fault script");
	for (unsigned number = 1; !rc && line; number++) {
		end = strchr(line, '\n');
		if (end)
			*end++ = 0;
		rc = one_line(m, line, number, err, errlen);
		line = end;
	}
	free(copy);
	return rc;
}
