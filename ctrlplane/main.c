/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiffd: its options, and the order in which its parts start and stop. Each line of the table is
 * a part; it starts after all above it and ends before them, whether skiffd ran or not. For
 * --check only the parts marked so start: the model, the netlink server and a private socket, on
 * which the loader runs the file and commits nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skiff/path.h>

#include "api.h"
#include "cmd_trace.h"
#include "commands.h"
#include "cp.h"
#include "daemon.h"
#include "eal.h"
#include "engine.h"
#include "loader.h"
#include "log.h"
#include "loop.h"
#include "netlink/nl_server.h"
#include "netlink/sock_diag.h"
#include "port_table.h"
#include "preread.h"
#include "snapshot.h"
#include "systemd.h"
#include "telemetry.h"
#include "transaction.h"

#define FILES_MIN 64u /* two ports, a worker, DPDK: some 40 */

static int settings_init(struct skiffd *d)
{
	const char *file = d->check ? d->check : d->config;
	struct verb_error e;
	int err = 0;

	settings_default(&d->settings);
	if (sched_getaffinity(0, sizeof(d->cpus), &d->cpus) < 0)
		return -errno;
	if (file != NULL)
		err = preread(file, &d->settings);
	if (err < 0)
		return err;
	err = settings_resolve(&d->settings, &d->cpus, &e);
	/* Whether the CPUs are there is a matter of this machine, not of the file's being right. */
	if (err < 0 && !d->check)
		log_error("%s", e.text);
	return d->check ? 0 : err;
}

/*
 * Each port, worker and program costs descriptors; the soft limit is often 1024. With fewer than the
 * start itself takes it would fail at any place, DPDK's own threads among them.
 */
static int limits_init(struct skiffd *d)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 0;
	if (r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	if (d->check == NULL && r.rlim_cur < FILES_MIN) {
		log_error("%llu open files are allowed, skiffd needs %u; raise the limit (ulimit -n)",
			(unsigned long long)r.rlim_cur, FILES_MIN);
		return -EMFILE;
	}
	return 0;
}

static int netlink_init(struct skiffd *d)
{
	d->ns = nl_server_new(d->base);
	if (d->ns == NULL)
		return -ENOMEM;
	nl_server_register(d->ns, &sock_diag);
	return nl_server_register(d->ns, &cp_rtnetlink);
}

static void netlink_fini(struct skiffd *d)
{
	if (d->ns != NULL)
		nl_server_free(d->ns);
	d->ns = NULL;
}

static const struct api_ops api_ops = {
	.command = commands_run,
	.command_gone = commands_gone,
	.txn_begin = transaction_begin,
	.txn_end = transaction_end,
	.context = transaction_context,
};

/* --check has a socket of its own in a folder of its own, which nobody else finds. */
static int private_socket(struct skiffd *d)
{
	const char *tmp = getenv("TMPDIR");
	char dir[sizeof(d->socket_path) - 16];

	if (tmp == NULL || strlen(tmp) > 64)
		tmp = "/tmp";
	snprintf(dir, sizeof(dir), "%s/skiff-check.XXXXXX", tmp);
	if (mkdtemp(dir) == NULL) {
		log_error("%s: %s", tmp, strerror(errno));
		return -errno;
	}
	snprintf(d->socket_path, sizeof(d->socket_path), "%s/" SKIFF_SOCKET_NAME, dir);
	return 0;
}

static int socket_path(struct skiffd *d)
{
	/* /run/skiff is for who may write there: root, or the unit's user. */
	int use_run = access("/run/skiff", W_OK) == 0 ||
		(access("/run/skiff", F_OK) != 0 && access("/run", W_OK) == 0);

	if (d->check)
		return private_socket(d);
	if (skiff_socket_path(d->socket_option, use_run, d->socket_path,
		sizeof(d->socket_path)) == 0)
		return 0;
	log_error("the path of the socket is longer than %zu characters; choose a shorter one with "
		"-s SOCKET",
		sizeof(d->socket_path) - 1);
	return -ENAMETOOLONG;
}

static int api_init(struct skiffd *d)
{
	char text[512];
	int err = socket_path(d);

	if (err < 0)
		return err;
	d->api = api_open(d->base, d->ns, d->socket_path, &api_ops, d, text, sizeof(text));
	if (d->api != NULL)
		return 0;
	log_error("%s", text);
	return -EADDRINUSE;
}

static void api_fini(struct skiffd *d)
{
	char dir[sizeof(d->socket_path)];

	if (d->api != NULL)
		api_close(d->api);
	d->api = NULL;
	transactions_fini(d);
	if (d->check && d->socket_path[0] != '\0') {
		snprintf(dir, sizeof(dir), "%s", d->socket_path);
		rmdir(dirname(dir));
	}
}

struct part {
	const char *name;
	int (*init)(struct skiffd *d);  /* 0, or -errno; what it says is in the log */
	void (*fini)(struct skiffd *d); /* NULL: nothing to undo; also called when init failed */
	bool check;                     /* part of --check */
};

static const struct part parts[] = {
	{"settings", settings_init, NULL, true},
	{"limits", limits_init, NULL, true},
	{"loop", loop_init, loop_fini, true},
	{"netlink", netlink_init, netlink_fini, true},
	{"socket", api_init, api_fini, true}, /* first sign of a second skiffd: before any effect */
	{"takeover", port_table_recover, NULL, false},
	{"eal", eal_start, eal_stop, false},
	{"engine", engine_init, engine_fini, false},
	{"model", engine_model_init, engine_model_fini, true},
	{"snapshots", snapshots_init, snapshots_fini, false},
	{"telemetry", telemetry_init, telemetry_fini, false},
	{"ports", port_table_init, port_table_fini, true},
	{"workers", workers_start, workers_stop, false},
	{"trace", NULL, traces_fini, false},
	{"loader", loader_start, loader_stop, true},
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static bool wanted(const struct skiffd *d, const struct part *p)
{
	return d->check == NULL || p->check;
}

/* How many parts are to be ended: all that started, and the one that failed half-way. */
static unsigned int start(struct skiffd *d)
{
	for (unsigned int i = 0; i < N_PARTS; i++) {
		int err = 0;

		if (wanted(d, &parts[i]) && parts[i].init != NULL)
			err = parts[i].init(d);
		if (err < 0) {
			log_debug("%s: %s", parts[i].name, strerror(-err));
			d->stop = true;
			d->status = 1;
			return i + 1;
		}
	}
	return N_PARTS;
}

static void unwind(struct skiffd *d, unsigned int n)
{
	while (n-- > 0)
		if (wanted(d, &parts[n]) && parts[n].fini != NULL)
			parts[n].fini(d);
}

static void usage(FILE *out)
{
	fputs("Usage: skiffd [-c FILE] [-s SOCKET] [--log-level LEVEL]\n"
	      "       skiffd --check FILE\n"
	      "\n"
	      "The skiff router. Runs in the foreground; prints `skiffd: ready` when traffic can\n"
	      "flow. SIGTERM ends it in order and gives taken interfaces back.\n"
	      "\n"
	      "Options:\n"
	      "  -c, --config FILE      commands to run at start; see skiff.conf.example\n"
	      "  -s, --socket SOCKET    where skiff finds it; default $SKIFF_SOCKET,\n"
	      "                         /run/skiff/skiff.sock, $XDG_RUNTIME_DIR/skiff.sock\n"
	      "      --check FILE       say what is wrong with FILE; touches nothing\n"
	      "      --log-level LEVEL  error, warning (default), info, debug (with DPDK's words)\n"
	      "  -h, --help             this text\n"
	      "  -V, --version          the version\n"
	      "\n"
	      "Exit status: 0 ended by SIGTERM or SIGINT, or FILE is right; 1 something is wrong,\n"
	      "told on stderr, and nothing was done; 2 wrong words.\n", out);
}

static int set_level(struct skiffd *d, const char *word)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};

	for (int i = 0; i < 4; i++) {
		if (strcmp(word, names[i]) == 0) {
			log_level = (enum log_level)i;
			d->dpdk_log = i == LOG_LEVEL_DEBUG ? "debug" : NULL;
			return 0;
		}
	}
	fprintf(stderr, "skiffd: '%s' is no log level; one of: error, warning, info, debug\n", word);
	return -EINVAL;
}

/* -1: go on; else the exit status. */
static int options(struct skiffd *d, int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, 's'},
		{"check", required_argument, NULL, 'C'},
		{"log-level", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:s:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			d->config = optarg;
			break;
		case 's':
			d->socket_option = optarg;
			break;
		case 'C':
			d->check = optarg;
			break;
		case 'l':
			if (set_level(d, optarg) < 0)
				return 2;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'V':
			puts("skiffd " SKIFF_VERSION);
			return 0;
		default:
			fputs("skiffd --help tells the options\n", stderr);
			return 2;
		}
	}
	if (optind < argc || (d->check && (d->config || d->socket_option))) {
		fprintf(stderr, "skiffd: %s; skiffd --help tells the options\n",
			optind < argc ? argv[optind] : "--check stands alone");
		return 2;
	}
	return -1;
}

static void find_exe_dir(struct skiffd *d)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0) {
		snprintf(d->exe_dir, sizeof(d->exe_dir), "%s", SKIFF_BINDIR);
		return;
	}
	exe[n] = '\0';
	snprintf(d->exe_dir, sizeof(d->exe_dir), "%s", dirname(exe));
}

int main(int argc, char **argv)
{
	static struct skiffd daemon_state;
	struct skiffd *d = &daemon_state;
	int status = options(d, argc, argv);
	unsigned int n;

	if (status >= 0)
		return status;
	umask(S_IWGRP | S_IWOTH);
	find_exe_dir(d);
	n = start(d);
	if (!d->stop)
		loop_run(d);
	if (d->ready && !d->check)
		notify_systemd("STOPPING=1");
	unwind(d, n);
	if (d->check && d->status == 0)
		printf("%s: right\n", d->check);
	return d->status;
}
