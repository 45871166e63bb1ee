/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections to skiffd's Unix socket, each a small state machine: HELLO, then one netlink socket
 * (the stream goes over to netlink/nl_sock.c) or any number of commands and transactions, one at
 * a time. The framing is api_frame.c's, credentials api_listen.c's.
 */
#include "api.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api_frame.h"
#include "api_listen.h"
#include "netlink/nl_server.h"

#define HELLO_SECONDS 10
#define UNSENT_MAX ((size_t)16 << 20)
#define CONNS_ADMIN 4096u
#define CONNS_READER 64u

struct conn {
	LIST_ENTRY(conn) link;
	struct api *api;
	int fd;
	struct event *rd, *wr;
	struct evbuffer *out;
	struct api_frames in;
	struct api_peer peer;
	uint32_t kind; /* enum skiff_peer_kind, 0: no HELLO yet */
	uint64_t txn;  /* begun here, 0: none */
	bool closing;  /* when all is sent */
	bool busy;     /* a command runs */
	struct api_cmd cmd;
	const char *words[SKIFF_ARGV_MAX + 1];
	uint8_t *text; /* of the words */
};

struct api {
	struct event_base *base;
	struct nl_server *ns;
	const struct api_ops *ops;
	void *arg;
	struct api_listener listener;
	struct event *ev;
	gid_t gid;
	LIST_HEAD(, conn) conns;
};

static void take_messages(struct conn *c);

static void conn_free(struct conn *c)
{
	struct api *a = c->api;
	char text[SKIFF_TEXT_MAX];

	LIST_REMOVE(c, link);
	if (c->busy && a->ops->command_gone != NULL)
		a->ops->command_gone(a->arg, &c->cmd);
	if (c->txn != 0)
		a->ops->txn_end(a->arg, c->txn, false, text, sizeof(text));
	if (c->rd != NULL)
		event_free(c->rd);
	if (c->wr != NULL)
		event_free(c->wr);
	if (c->out != NULL)
		evbuffer_free(c->out);
	api_frames_free(&c->in);
	free(c->text);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

/* evbuffer_write would raise SIGPIPE when the program is gone. As its: > 0, 0, or -1 with errno. */
static ssize_t write_some(struct conn *c)
{
	struct evbuffer_iovec v[16];
	int n = evbuffer_peek(c->out, -1, NULL, v, 16);
	struct msghdr m = {.msg_iov = (struct iovec *)v, .msg_iovlen = n < 16 ? n : 16};
	ssize_t sent = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent > 0)
		evbuffer_drain(c->out, sent);
	return sent;
}

static void flush(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	while (evbuffer_get_length(c->out) != 0) {
		ssize_t n = write_some(c);

		if (n < 0 && errno == EAGAIN) {
			event_add(c->wr, NULL);
			return;
		}
		if (n <= 0) {
			c->closing = true;
			evbuffer_drain(c->out, evbuffer_get_length(c->out));
		}
	}
	if (c->closing)
		shutdown(c->fd, SHUT_RDWR); /* the read event sees the end and frees */
	else
		take_messages(c); /* the next command may have come behind the last one */
}

/* Queued and written when the loop comes round: a handler's `c` lives until it returns. */
static void send_msg(struct conn *c, uint16_t type, const void *head, size_t head_len,
	const void *bytes, size_t len)
{
	struct skiff_msg h = {.len = head_len + len, .type = type};

	if (c->closing)
		return;
	evbuffer_add(c->out, &h, sizeof(h));
	evbuffer_add(c->out, head, head_len);
	evbuffer_add(c->out, bytes, len);
	if (evbuffer_get_length(c->out) > UNSENT_MAX) {
		c->closing = true;
		evbuffer_drain(c->out, evbuffer_get_length(c->out));
	}
	event_active(c->wr, EV_WRITE, 0);
}

static void refuse(struct conn *c, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void refuse(struct conn *c, int err, const char *fmt, ...)
{
	struct skiff_refused r = {.err = err};
	char text[SKIFF_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	send_msg(c, SKIFF_MSG_REFUSED, &r, sizeof(r), text, strlen(text));
	c->closing = true;
}

static void hello(struct conn *c, const uint8_t *p, size_t len)
{
	struct skiff_hello h = {0};
	struct skiff_welcome w = {.abi = SKIFF_ABI_VERSION, .role = c->peer.role, .pid = getpid()};

	memcpy(&h, p, len < sizeof(h) ? len : sizeof(h));
	if (h.magic != SKIFF_ABI_MAGIC) {
		refuse(c, EPROTO, "this is skiffd's socket; it does not understand the program");
	} else if (h.abi != SKIFF_ABI_VERSION) {
		refuse(c, EPROTO, "the program speaks version %u of skiff's interface, skiffd %u; "
			"install skiffd and libskiff.so of one release", h.abi, SKIFF_ABI_VERSION);
	} else if (c->peer.role == SKIFF_ROLE_NONE) {
		refuse(c, EACCES, "user %u may not use skiff; root, skiffd's own user and members "
			"of group skiff may", c->peer.uid);
	} else if (len != sizeof(h) ||
		   (h.kind != SKIFF_PEER_NETLINK && h.kind != SKIFF_PEER_COMMAND)) {
		refuse(c, EPROTO, "malformed greeting");
	} else {
		c->kind = h.kind;
		send_msg(c, SKIFF_MSG_WELCOME, &w, sizeof(w), NULL, 0);
	}
}

/* Blocking in theory only: both messages together are far below a stream's buffer. */
static int pass_memory(int fd, const struct skiff_netlink_opened *o, int memfd)
{
	struct skiff_msg h = {.len = sizeof(*o), .type = SKIFF_MSG_NETLINK_OPENED};
	struct iovec v[2] = {{&h, sizeof(h)}, {(void *)o, sizeof(*o)}};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u = {0};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2, .msg_control = u.buf,
		.msg_controllen = sizeof(u.buf)};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &memfd, sizeof(int));
	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(h) + sizeof(*o) ? 0 : -EIO;
}

/* The stream becomes the netlink socket's; true: the connection is no longer ours. */
static bool netlink_open(struct conn *c, const uint8_t *p, size_t len)
{
	struct api *a = c->api;
	struct skiff_netlink_open o;
	struct skiff_netlink_opened opened;
	int memfd, fd = c->fd;

	if (len != sizeof(o) || !api_frames_empty(&c->in)) {
		refuse(c, EPROTO, "malformed request for a netlink socket");
		return false;
	}
	memcpy(&o, p, sizeof(o));
	struct nl_peer peer = {.uid = c->peer.uid, .pid = c->peer.pid, .role = c->peer.role,
		.ctx = a->ops->context(a->arg, o.txn)};

	if (!nl_server_has(a->ns, o.protocol)) {
		refuse(c, EPROTONOSUPPORT, "skiff does not serve netlink protocol %u", o.protocol);
		return false;
	}
	if (peer.ctx == NULL) {
		refuse(c, ECONNREFUSED, "the transaction is over");
		return false;
	}
	int keep = dup(fd);
	int err = keep < 0 ? -errno : nl_server_open(a->ns, keep, &peer, &o, &opened, &memfd);

	if (err < 0) {
		refuse(c, -err, "no netlink socket: %s", err == -EDQUOT
			? "this user has as many as skiff allows" : strerror(-err));
		return false;
	}
	/* WELCOME goes first, and whole: the stream was empty. */
	while (evbuffer_get_length(c->out) != 0 && write_some(c) > 0)
		;
	/* On failure the end of the stream, when the program closes it, frees the socket. */
	if (evbuffer_get_length(c->out) == 0)
		err = pass_memory(fd, &opened, memfd);
	if (err < 0)
		shutdown(fd, SHUT_RDWR);
	close(memfd);
	return true;
}

static void command(struct conn *c, const uint8_t *p, size_t len)
{
	struct api *a = c->api;
	struct skiff_command q;

	c->text = malloc(len);
	if (c->text == NULL) {
		refuse(c, ENOMEM, "skiffd has no memory left");
		return;
	}
	memcpy(c->text, p, len);
	int argc = api_command_words(c->text, len, &q, c->words);

	if (argc < 0) {
		refuse(c, EPROTO, "malformed command");
		return;
	}
	c->words[argc] = NULL;
	c->cmd = (struct api_cmd){.argc = argc, .argv = c->words, .role = c->peer.role,
		.uid = c->peer.uid, .json = q.flags & SKIFF_COMMAND_JSON,
		.ctx = a->ops->context(a->arg, q.txn)};
	c->busy = true;
	if (c->cmd.ctx == NULL)
		api_cmd_exit(&c->cmd, 1, SKIFF_NO_WORD, "the transaction is over");
	else
		a->ops->command(a->arg, &c->cmd);
}

static void transaction(struct conn *c, uint16_t type, const uint8_t *p, size_t len)
{
	struct api *a = c->api;
	struct skiff_txn t = {0};
	struct skiff_txn_reply r = {0};
	char text[SKIFF_TEXT_MAX] = "";
	int err = 0;

	if (len != sizeof(t)) {
		refuse(c, EPROTO, "malformed transaction request");
		return;
	}
	memcpy(&t, p, sizeof(t));
	if (c->peer.role != SKIFF_ROLE_ADMIN) {
		err = -EPERM;
		snprintf(text, sizeof(text), "this user may read skiff's state, not change it");
	} else if (type == SKIFF_MSG_TXN_BEGIN && c->txn != 0) {
		err = -EBUSY;
		snprintf(text, sizeof(text), "a transaction is open on this connection already");
	} else if (type == SKIFF_MSG_TXN_BEGIN) {
		while (t.token == 0)
			if (getrandom(&t.token, sizeof(t.token), 0) < 0)
				t.token = 0;
		err = a->ops->txn_begin(a->arg, t.token, text, sizeof(text));
		c->txn = err == 0 ? t.token : 0;
	} else if (t.token == 0 || t.token != c->txn) {
		err = -ENOENT;
		snprintf(text, sizeof(text), "no such transaction on this connection");
	} else {
		c->txn = 0;
		err = a->ops->txn_end(a->arg, t.token, type == SKIFF_MSG_TXN_COMMIT, text,
			sizeof(text));
	}
	r.token = err == 0 ? t.token : 0;
	r.err = -err;
	send_msg(c, SKIFF_MSG_TXN, &r, sizeof(r), text, strlen(text));
}

/* True: the connection has been given away, its shell is to be freed. */
static bool handle(struct conn *c, const struct skiff_msg *h, const uint8_t *p)
{
	if (c->kind == 0 && h->type == SKIFF_MSG_HELLO) {
		hello(c, p, h->len);
		return false;
	}
	if (c->kind == SKIFF_PEER_NETLINK && h->type == SKIFF_MSG_NETLINK_OPEN)
		return netlink_open(c, p, h->len);
	if (c->kind == SKIFF_PEER_COMMAND && h->type == SKIFF_MSG_COMMAND)
		command(c, p, h->len);
	else if (c->kind == SKIFF_PEER_COMMAND && h->type >= SKIFF_MSG_TXN_BEGIN &&
		 h->type <= SKIFF_MSG_TXN_ABORT)
		transaction(c, h->type, p, h->len);
	else
		refuse(c, EPROTO, "unexpected message %u", h->type);
	return false;
}

/* All whole messages, but no next one while a command runs. */
static void take_messages(struct conn *c)
{
	struct skiff_msg h;
	const uint8_t *p;

	while (!c->closing && !c->busy) {
		int got = api_frames_next(&c->in, &h, &p);

		if (got < 0)
			refuse(c, EPROTO, "malformed message");
		if (got <= 0)
			return;
		if (handle(c, &h, p)) {
			conn_free(c);
			return;
		}
	}
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	char bytes[16384];
	ssize_t n = what & EV_READ ? recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) : 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || (!c->closing && api_frames_feed(&c->in, bytes, n) < 0)) {
		conn_free(c);
		return;
	}
	if (c->kind == 0 && !c->closing) {
		/* Past the greeting there is no time limit. */
		event_del(c->rd);
		event_add(c->rd, NULL);
	}
	take_messages(c);
}

static uint32_t conns_of(const struct api *a, uint32_t uid)
{
	const struct conn *c;
	uint32_t n = 0;

	LIST_FOREACH (c, &a->conns, link)
		n += c->peer.uid == uid;
	return n;
}

static void accepted(evutil_socket_t lfd, short what, void *arg)
{
	struct api *a = arg;
	struct timeval patience = {.tv_sec = HELLO_SECONDS};
	int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct conn *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

	if (c == NULL || api_peer_of(fd, a->gid, &c->peer) < 0) {
		if (fd >= 0)
			close(fd);
		free(c);
		return;
	}
	uint32_t others = conns_of(a, c->peer.uid);

	c->api = a;
	c->fd = fd;
	c->rd = event_new(a->base, fd, EV_READ | EV_PERSIST, readable, c);
	c->wr = event_new(a->base, fd, EV_WRITE, flush, c);
	c->out = evbuffer_new();
	LIST_INSERT_HEAD(&a->conns, c, link);
	if (c->rd == NULL || c->wr == NULL || c->out == NULL || event_add(c->rd, &patience) < 0)
		conn_free(c);
	else if (others >= (c->peer.role == SKIFF_ROLE_ADMIN ? CONNS_ADMIN : CONNS_READER))
		refuse(c, EDQUOT, "user %u has as many connections as skiff allows", c->peer.uid);
}

struct api *api_open(struct event_base *base, struct nl_server *ns, const char *path,
	const struct api_ops *ops, void *arg, char *err, size_t err_size)
{
	struct api *a = calloc(1, sizeof(*a));
	const struct group *g = getgrnam("skiff");

	if (a == NULL) {
		snprintf(err, err_size, "no memory");
		return NULL;
	}
	*a = (struct api){.base = base, .ns = ns, .ops = ops, .arg = arg,
		.gid = g != NULL ? g->gr_gid : (gid_t)-1};
	LIST_INIT(&a->conns);
	if (api_listen(&a->listener, path, err, err_size) < 0) {
		free(a);
		return NULL;
	}
	a->ev = event_new(base, a->listener.fd, EV_READ | EV_PERSIST, accepted, a);
	if (a->ev == NULL || event_add(a->ev, NULL) < 0) {
		snprintf(err, err_size, "the event loop refuses the socket");
		api_close(a);
		return NULL;
	}
	return a;
}

void api_close(struct api *a)
{
	if (a == NULL)
		return;
	while (!LIST_EMPTY(&a->conns))
		conn_free(LIST_FIRST(&a->conns));
	if (a->ev != NULL)
		event_free(a->ev);
	api_unlisten(&a->listener);
	free(a);
}

static struct conn *conn_of(const struct api_cmd *cmd)
{
	return (struct conn *)((char *)(uintptr_t)cmd - offsetof(struct conn, cmd));
}

void api_cmd_out(struct api_cmd *cmd, const void *bytes, size_t len)
{
	struct skiff_output o = {.stream = 1};
	size_t most = SKIFF_MSG_MAX - sizeof(o);

	for (size_t at = 0; at < len; at += most) {
		size_t n = len - at < most ? len - at : most;

		send_msg(conn_of(cmd), SKIFF_MSG_OUTPUT, &o, sizeof(o), (const char *)bytes + at, n);
	}
}

void api_cmd_printf(struct api_cmd *cmd, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	api_cmd_out(cmd, text, n);
	free(text);
}

size_t api_cmd_unsent(const struct api_cmd *cmd)
{
	return evbuffer_get_length(conn_of(cmd)->out);
}

void api_cmd_exit(struct api_cmd *cmd, int status, uint32_t word, const char *fmt, ...)
{
	struct conn *c = conn_of(cmd);
	struct skiff_exit e = {.status = status, .word = word};
	char text[SKIFF_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	send_msg(c, SKIFF_MSG_EXIT, &e, sizeof(e), text, strlen(text));
	free(c->text);
	c->text = NULL;
	c->busy = false;
}
