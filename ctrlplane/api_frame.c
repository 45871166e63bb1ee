/* SPDX-License-Identifier: BSD-3-Clause */
/* The framing of the Unix stream. Called by api.c with what it read; no I/O here, so it is fuzzed. */
#include "api_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int api_frames_feed(struct api_frames *f, const void *bytes, size_t len)
{
	if (f->taken != 0) {
		memmove(f->buf, f->buf + f->taken, f->len - f->taken);
		f->len -= f->taken;
		f->taken = 0;
	}
	if (f->len + len > 2 * (SKIFF_MSG_MAX + sizeof(struct skiff_msg)))
		return -EMSGSIZE;
	if (f->len + len > f->cap) {
		size_t cap = f->len + len < 512 ? 512 : 2 * (f->len + len);
		uint8_t *buf = realloc(f->buf, cap);

		if (buf == NULL)
			return -ENOMEM;
		f->buf = buf;
		f->cap = cap;
	}
	if (len != 0)
		memcpy(f->buf + f->len, bytes, len);
	f->len += len;
	return 0;
}

int api_frames_next(struct api_frames *f, struct skiff_msg *h, const uint8_t **payload)
{
	size_t have = f->len - f->taken;

	if (have < sizeof(*h))
		return 0;
	memcpy(h, f->buf + f->taken, sizeof(*h));
	if (h->len > SKIFF_MSG_MAX || h->zero != 0)
		return -EPROTO;
	if (have - sizeof(*h) < h->len)
		return 0;
	*payload = f->buf + f->taken + sizeof(*h);
	f->taken += sizeof(*h) + h->len;
	return 1;
}

bool api_frames_empty(const struct api_frames *f)
{
	return f->taken == f->len;
}

void api_frames_free(struct api_frames *f)
{
	free(f->buf);
	*f = (struct api_frames){0};
}

int api_command_words(const uint8_t *payload, size_t len, struct skiff_command *c,
	const char *argv[SKIFF_ARGV_MAX])
{
	size_t at = sizeof(*c);

	if (len < sizeof(*c))
		return -EPROTO;
	memcpy(c, payload, sizeof(*c));
	if (c->argc == 0 || c->argc > SKIFF_ARGV_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < c->argc; i++) {
		const uint8_t *end = at < len ? memchr(payload + at, '\0', len - at) : NULL;

		if (end == NULL)
			return -EPROTO;
		argv[i] = (const char *)payload + at;
		at = end - payload + 1;
	}
	return at == len ? (int)c->argc : -EPROTO;
}
