/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK calls back in its telemetry thread. That thread asks the control thread for fresh figures by
 * an eventfd and waits for them on a condition; the control thread, when the workers have answered,
 * puts them into `published` under the mutex. The telemetry thread reads nothing else.
 */
#include "telemetry.h"

#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_telemetry.h>

#include "daemon.h"
#include "log.h"
#include "port_table.h"
#include "report.h"

#define ANSWER_MS 3000 /* longer than a snapshot may take */

/* DPDK has no call to withdraw a command, so this outlives everything. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t fresh;
	uint64_t asked, answered; /* rounds */
	json_t *published;
	int fd;                   /* eventfd, -1: skiffd stops */
	struct event *event;
} tel = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

struct path {
	const char *command, *key, *name, *help; /* name: of a row; NULL: there are no rows */
};

static const struct path paths[] = {
	{"/skiff/stages", "stages", "stage", "packets, calls and cycles of each stage"},
	{"/skiff/drops", "drops", "reason", "lost packets by reason"},
	{"/skiff/ports", "ports", "port", "ports and their counters"},
	{"/skiff/workers", "workers", "worker", "packet threads"},
	{"/skiff/memory", "memory", NULL, "pools and tables"},
	{"/skiff/ledger", "ledger", NULL, "where packets came from and ended"},
};

#define N_PATHS (sizeof(paths) / sizeof(paths[0]))

static void fill(struct rte_tel_data *out, const json_t *object);

static void add(struct rte_tel_data *out, const char *key, const json_t *v)
{
	char text[32];

	if (json_is_integer(v)) {
		json_int_t n = json_integer_value(v);

		if (n >= 0)
			rte_tel_data_add_dict_u64(out, key, (uint64_t)n);
		else
			rte_tel_data_add_dict_int(out, key, (int)n);
	} else if (json_is_string(v)) {
		rte_tel_data_add_dict_string(out, key, json_string_value(v));
	} else if (json_is_real(v)) {
		snprintf(text, sizeof(text), "%.1f", json_real_value(v));
		rte_tel_data_add_dict_string(out, key, text);
	} else if (json_is_boolean(v)) {
		rte_tel_data_add_dict_u64(out, key, json_is_true(v));
	} else if (json_is_object(v)) {
		struct rte_tel_data *inner = rte_tel_data_alloc();

		if (inner == NULL)
			return;
		rte_tel_data_start_dict(inner);
		fill(inner, v);
		rte_tel_data_add_dict_container(out, key, inner, 0);
	}
}

static void fill(struct rte_tel_data *out, const json_t *object)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)object, key, v)
		add(out, key, v);
}

/*
 * In a row, telemetry prints no further level: what is nested is named "outer_inner". Sentences
 * are for people: they would fill telemetry's 16 KB.
 */
static void fill_flat(struct rte_tel_data *out, const json_t *object)
{
	const char *key, *inner_key;
	json_t *v, *inner;
	char name[64];

	json_object_foreach((json_t *)(uintptr_t)object, key, v) {
		if (strcmp(key, "what") == 0)
			continue;
		if (!json_is_object(v)) {
			add(out, key, v);
			continue;
		}
		json_object_foreach(v, inner_key, inner) {
			snprintf(name, sizeof(name), "%s_%s", key, inner_key);
			add(out, name, inner);
		}
	}
}

/* Letters, digits and '_' are what telemetry takes in a name; the row has the real one. */
static void key_of(char *buf, size_t size, const json_t *v)
{
	if (json_is_integer(v))
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else
		snprintf(buf, size, "%s", json_string_value(v));
	for (char *p = buf; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
}

/* Rows become entries under what `name` says of each: 22.11 prints no array of objects. */
static void add_rows(struct rte_tel_data *out, const json_t *rows, const char *name)
{
	const json_t *row;
	char key[64];
	size_t i;

	json_array_foreach(rows, i, row) {
		const json_t *packets = json_object_get(row, "packets");

		key_of(key, sizeof(key), json_object_get(row, name));
		if (strcmp(name, "reason") == 0) {
			add(out, key, packets);
			continue;
		}
		struct rte_tel_data *inner = rte_tel_data_alloc();

		if (inner == NULL)
			return;
		rte_tel_data_start_dict(inner);
		fill_flat(inner, row);
		rte_tel_data_add_dict_container(out, key, inner, 0);
	}
}

static void answer(struct rte_tel_data *out, const struct path *p, const json_t *v)
{
	rte_tel_data_start_dict(out);
	if (p->name != NULL)
		add_rows(out, v, p->name);
	else
		fill(out, v);
	add_rows(out, json_object_get(v, "pools"), "pool");
}

/* The telemetry thread. */
static int on_command(const char *command, const char *params, struct rte_tel_data *out)
{
	const uint64_t one = 1;
	struct timespec until;
	uint64_t round;
	int err = -1;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ANSWER_MS / 1000;
	pthread_mutex_lock(&tel.lock);
	round = ++tel.asked;
	if (tel.fd < 0 || write(tel.fd, &one, sizeof(one)) != sizeof(one)) {
		pthread_mutex_unlock(&tel.lock);
		return -1;
	}
	while (tel.answered < round && tel.fd >= 0)
		if (pthread_cond_timedwait(&tel.fresh, &tel.lock, &until) != 0)
			break;
	for (unsigned int i = 0; i < N_PATHS && tel.answered >= round; i++) {
		if (strcmp(paths[i].command, command) != 0)
			continue;
		answer(out, &paths[i], json_object_get(tel.published, paths[i].key));
		err = 0;
	}
	pthread_mutex_unlock(&tel.lock);
	return err;
}

struct asked {
	struct skiffd *d;
	uint64_t round;
};

static struct asked asked; /* the round that is being gathered; control thread */

static void publish(void *arg, const struct snapshot *s)
{
	struct skiffd *d = asked.d;
	json_t *j, *old;

	if (s == NULL)
		return;
	j = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
		"stages", report_stages(s, REPORT_ALL), "drops", report_drops(s, REPORT_ALL),
		"ports", report_ports(d, NULL), "workers", report_workers(d, NULL, s),
		"memory", report_memory(d), "ledger", report_ledger(s, REPORT_ALL));
	pthread_mutex_lock(&tel.lock);
	old = tel.published;
	tel.published = j;
	tel.answered = asked.round;
	pthread_cond_broadcast(&tel.fresh);
	pthread_mutex_unlock(&tel.lock);
	json_decref(old);
}

static void on_asked(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) != sizeof(n))
		return;
	pthread_mutex_lock(&tel.lock);
	asked = (struct asked){.d = arg, .round = tel.asked};
	pthread_mutex_unlock(&tel.lock);
	snapshot_ask(arg, publish, &asked);
}

int telemetry_init(struct skiffd *d)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0) {
		log_error("telemetry: %s", strerror(errno));
		return -errno;
	}
	pthread_cond_init(&tel.fresh, NULL);
	tel.event = event_new(d->base, fd, EV_READ | EV_PERSIST, on_asked, d);
	if (tel.event == NULL || event_add(tel.event, NULL) < 0) {
		close(fd);
		return -ENOMEM;
	}
	tel.fd = fd;
	for (unsigned int i = 0; i < N_PATHS; i++)
		if (rte_telemetry_register_cmd(paths[i].command, on_command, paths[i].help) < 0)
			log_warn("telemetry does not take %s", paths[i].command);
	return 0;
}

void telemetry_fini(struct skiffd *d)
{
	int fd;

	pthread_mutex_lock(&tel.lock);
	fd = tel.fd;
	tel.fd = -1;
	pthread_cond_broadcast(&tel.fresh);
	json_decref(tel.published);
	tel.published = NULL;
	pthread_mutex_unlock(&tel.lock);
	if (tel.event != NULL)
		event_free(tel.event);
	tel.event = NULL;
	if (fd >= 0)
		close(fd);
}
