/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages out of the bytes of a Unix stream, apart from all I/O: bytes are fed as they come, in
 * whatever pieces, and whole messages taken. Also what a payload must look like before anybody
 * looks into it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <skiff/abi.h>

struct api_frames {
	uint8_t *buf;
	size_t len, cap, taken;
};

/* 0, -ENOMEM, or -EMSGSIZE when more is fed than two messages can be. Copies the bytes. */
int api_frames_feed(struct api_frames *f, const void *bytes, size_t len);

/*
 * 1: the next message; *payload is valid until the next feed. 0: not whole yet. -EPROTO: a length
 * or type that no message has; the stream is beyond repair.
 */
int api_frames_next(struct api_frames *f, struct skiff_msg *h, const uint8_t **payload);
bool api_frames_empty(const struct api_frames *f);
void api_frames_free(struct api_frames *f);

/*
 * The words of a COMMAND's payload into argv (pointers into it), the count returned; -EPROTO when
 * they are not argc NUL-ended words that fill it exactly.
 */
int api_command_words(const uint8_t *payload, size_t len, struct skiff_command *c,
	const char *argv[SKIFF_ARGV_MAX]);
