/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests over the Unix stream, blocking: skiff has nothing else to do meanwhile. */
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <skiff/path.h>

volatile sig_atomic_t client_interrupted;

static int fail(char *buf, size_t size, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int fail(char *buf, size_t size, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return err;
}

static int send_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int recv_all(int fd, void *bytes, size_t len)
{
	char *p = bytes;

	while (len > 0) {
		ssize_t n = recv(fd, p, len, 0);

		if (n < 0 && errno == EINTR && !client_interrupted)
			continue;
		if (n <= 0)
			return n == 0 ? -EPIPE : -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_msg(int fd, enum skiff_msg_type type, const void *payload, size_t len)
{
	struct skiff_msg m = {.len = (uint32_t)len, .type = (uint16_t)type};
	int err = send_all(fd, &m, sizeof(m));

	return err < 0 ? err : send_all(fd, payload, len);
}

/* One message into buf, NUL-ended; its payload's length in m->len. */
static int recv_msg(int fd, struct skiff_msg *m, char *buf)
{
	int err = recv_all(fd, m, sizeof(*m));

	if (err < 0)
		return err;
	if (m->len > SKIFF_MSG_MAX)
		return -EPROTO;
	err = recv_all(fd, buf, m->len);
	if (err == 0)
		buf[m->len] = '\0';
	return err;
}

static int refused(const struct skiff_msg *m, const char *payload, char *err, size_t size)
{
	struct skiff_refused r;

	if (m->type != SKIFF_MSG_REFUSED || m->len < sizeof(r))
		return fail(err, size, -EPROTO, "skiffd answers what this skiff does not "
			"understand; are they of one version?");
	memcpy(&r, payload, sizeof(r));
	return fail(err, size, -(int)r.err, "%s", payload + sizeof(r));
}

static int hello(struct client *c, char *err, size_t size)
{
	struct skiff_hello h = {.magic = SKIFF_ABI_MAGIC, .abi = SKIFF_ABI_VERSION,
		.kind = SKIFF_PEER_COMMAND};
	static char buf[SKIFF_MSG_MAX + 1];
	struct skiff_welcome w;
	struct skiff_msg m;
	int e = send_msg(c->fd, SKIFF_MSG_HELLO, &h, sizeof(h));

	/* A refusal may come before our greeting is out: read it in any case. */
	if (e < 0 && e != -EPIPE && e != -ECONNRESET)
		return fail(err, size, e, "%s: %s", c->path, strerror(-e));
	e = recv_msg(c->fd, &m, buf);
	if (e < 0)
		return fail(err, size, e, "%s: skiffd closed the connection", c->path);
	if (m.type != SKIFF_MSG_WELCOME || m.len < sizeof(w))
		return refused(&m, buf, err, size);
	memcpy(&w, buf, sizeof(w));
	c->role = (enum skiff_role)w.role;
	return 0;
}

static int cannot_connect(const struct client *c, int e, char *err, size_t size)
{
	if (e == ENOENT || e == ECONNREFUSED)
		return fail(err, size, -e, "no skiffd at %s; start one, or give its socket by -s "
			"or $" SKIFF_SOCKET_ENV, c->path);
	if (e == EACCES || e == EPERM)
		return fail(err, size, -e, "%s: no permission; be root or in the group skiff",
			c->path);
	return fail(err, size, -e, "%s: %s", c->path, strerror(e));
}

int client_open(struct client *c, const char *path, char *err, size_t size)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int e;

	c->fd = -1;
	if (skiff_socket_path_client(path, c->path, sizeof(c->path)) < 0)
		return fail(err, size, -ENAMETOOLONG, "the path of the socket is longer than %zu "
			"characters", sizeof(c->path) - 1);
	memcpy(to.sun_path, c->path, strlen(c->path) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return fail(err, size, -errno, "socket: %s", strerror(errno));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		e = cannot_connect(c, errno, err, size);
	else
		e = hello(c, err, size);
	if (e < 0)
		client_close(c);
	return e;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* The COMMAND's payload: its struct and the words with their NULs. */
static int send_command(struct client *c, unsigned int argc, char *const *argv, uint32_t flags,
	uint64_t txn)
{
	struct skiff_command cmd = {.flags = flags, .argc = argc, .txn = txn};
	char *buf;
	size_t len = sizeof(cmd);
	int err;

	for (unsigned int i = 0; i < argc; i++)
		len += strlen(argv[i]) + 1;
	if (len > SKIFF_MSG_MAX || argc > SKIFF_ARGV_MAX)
		return -E2BIG;
	buf = malloc(len);
	if (buf == NULL)
		return -ENOMEM;
	memcpy(buf, &cmd, sizeof(cmd));
	len = sizeof(cmd);
	for (unsigned int i = 0; i < argc; i++) {
		size_t n = strlen(argv[i]) + 1;

		memcpy(buf + len, argv[i], n);
		len += n;
	}
	err = send_msg(c->fd, SKIFF_MSG_COMMAND, buf, len);
	free(buf);
	return err;
}

static int output(const struct skiff_msg *m, const char *buf, FILE *out)
{
	struct skiff_output o;

	if (m->len < sizeof(o))
		return -EPROTO;
	memcpy(&o, buf, sizeof(o));
	fwrite(buf + sizeof(o), 1, m->len - sizeof(o), o.stream == 2 ? stderr : out);
	fflush(out);
	return 0;
}

int client_command(struct client *c, unsigned int argc, char *const *argv, uint32_t flags,
	uint64_t txn, FILE *out, struct client_exit *ex)
{
	static char buf[SKIFF_MSG_MAX + 1];
	struct skiff_exit e;
	struct skiff_msg m;
	int err = send_command(c, argc, argv, flags, txn);

	ex->word = SKIFF_NO_WORD;
	while (err == 0) {
		err = recv_msg(c->fd, &m, buf);
		if (err == 0 && m.type == SKIFF_MSG_OUTPUT) {
			err = output(&m, buf, out);
		} else if (err == 0 && m.type == SKIFF_MSG_EXIT && m.len >= sizeof(e)) {
			memcpy(&e, buf, sizeof(e));
			ex->status = e.status;
			ex->word = e.word;
			snprintf(ex->text, sizeof(ex->text), "%.*s", (int)sizeof(ex->text) - 1,
				buf + sizeof(e));
			return 0;
		} else if (err == 0) {
			return refused(&m, buf, ex->text, sizeof(ex->text));
		}
	}
	if (err == -EINTR)
		return fail(ex->text, sizeof(ex->text), err, "interrupted");
	if (err == -E2BIG)
		return fail(ex->text, sizeof(ex->text), err, "the command is too long");
	return fail(ex->text, sizeof(ex->text), err, "skiffd ended before it answered");
}

int client_txn(struct client *c, enum skiff_msg_type type, uint64_t *token, char *text, size_t size)
{
	struct skiff_txn t = {.token = *token};
	static char buf[SKIFF_MSG_MAX + 1];
	struct skiff_txn_reply r;
	struct skiff_msg m;
	int err = send_msg(c->fd, type, &t, sizeof(t));

	if (err == 0)
		err = recv_msg(c->fd, &m, buf);
	if (err < 0)
		return fail(text, size, err, "skiffd ended before it answered");
	if (m.type != SKIFF_MSG_TXN || m.len < sizeof(r))
		return refused(&m, buf, text, size);
	memcpy(&r, buf, sizeof(r));
	*token = r.token;
	if (r.err == 0)
		return 0;
	return fail(text, size, -(int)r.err, "%s", buf + sizeof(r));
}
