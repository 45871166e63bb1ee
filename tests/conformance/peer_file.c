/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that are no device: capture files, which the driver reads from their beginning at each
 * start and writes as it sends; and nothing at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define IN "/run/in.pcap"
#define OUT "/run/out.pcap"

struct file_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, digits, longest, link;
};

struct record {
	uint32_t s, us, stored, len;
};

/* All that is staged, as the file that the next start reads. */
static void write_file(struct put *t)
{
	const struct file_head head = {0xa1b2c3d4, 2, 4, 0, 0, FRAME_MAX, 1};
	FILE *f = fopen(IN, "w");
	struct kept *k;

	assert_non_null(f);
	fwrite(&head, sizeof(head), 1, f);
	while ((k = inbox_get(&t->staged))) {
		const struct record r = {0, 0, k->len, k->len};

		fwrite(&r, sizeof(r), 1, f);
		fwrite(k->data, 1, k->len, f);
		free(k);
	}
	assert_int_equal(fclose(f), 0);
	t->file_at = sizeof(head);
}

static bool file_send(struct put *t, const uint8_t *frame, unsigned len)
{
	inbox_put_bytes(&t->staged, frame, len);
	return true;
}

static void file_read(struct put *t)
{
	static uint8_t buf[FRAME_MAX];
	FILE *f = fopen(OUT, "r");
	struct record r;

	if (f == NULL)
		return;
	fseek(f, t->file_at, SEEK_SET);
	while (fread(&r, sizeof(r), 1, f) == 1 && r.stored <= sizeof(buf) &&
		fread(buf, 1, r.stored, f) == r.stored) {
		assert_int_equal(r.stored, r.len);
		inbox_put_bytes(&t->from_port, buf, r.stored);
		t->file_at = ftell(f);
	}
	fclose(f);
}

static void file_settle(struct put *t)
{
	if (t->staged.n == 0)
		return;
	file_read(t); /* the file is written anew */
	rig_restart(t, write_file);
}

static void file_gone(struct put *t)
{
	(void)t;
	remove(IN);
	remove(OUT);
}

const struct peer_ops peer_file = {
	.before = write_file,
	.gone = file_gone,
	.send = file_send,
	.read = file_read,
	.settle = file_settle,
};

static bool none_send(struct put *t, const uint8_t *frame, unsigned len)
{
	(void)t, (void)frame, (void)len;
	return false;
}

static void none_read(struct put *t)
{
	(void)t;
}

const struct peer_ops peer_none = {.send = none_send, .read = none_read};
