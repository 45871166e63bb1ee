/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages out of a byte stream, whatever its pieces; and the words of a command. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_frame.h"

static size_t message(uint8_t *to, uint16_t type, const void *payload, uint32_t len)
{
	struct skiff_msg h = {.len = len, .type = type};

	memcpy(to, &h, sizeof(h));
	memcpy(to + sizeof(h), payload, len);
	return sizeof(h) + len;
}

static void whole_messages_whatever_the_pieces(void **state)
{
	uint8_t stream[256];
	size_t len = message(stream, 1, "hello", 5);

	len += message(stream + len, 2, "", 0);
	len += message(stream + len, 3, "again", 5);
	for (size_t piece = 1; piece <= len; piece++) {
		struct api_frames f = {0};
		struct skiff_msg h;
		const uint8_t *p;
		uint16_t next = 1;

		for (size_t at = 0; at < len; at += piece) {
			size_t n = len - at < piece ? len - at : piece;

			assert_int_equal(api_frames_feed(&f, stream + at, n), 0);
			while (api_frames_next(&f, &h, &p) == 1) {
				assert_int_equal(h.type, next);
				if (next != 2)
					assert_memory_equal(p, next == 1 ? "hello" : "again", 5);
				next++;
			}
		}
		assert_int_equal(next, 4);
		assert_true(api_frames_empty(&f));
		api_frames_free(&f);
	}
}

static void the_largest_passes_one_more_does_not(void **state)
{
	struct api_frames f = {0};
	struct skiff_msg h = {.len = SKIFF_MSG_MAX, .type = 1};
	const uint8_t *p;
	uint8_t *big = calloc(1, SKIFF_MSG_MAX);

	api_frames_feed(&f, &h, sizeof(h));
	assert_int_equal(api_frames_next(&f, &h, &p), 0);
	assert_int_equal(api_frames_feed(&f, big, SKIFF_MSG_MAX), 0);
	assert_int_equal(api_frames_next(&f, &h, &p), 1);
	h.len = SKIFF_MSG_MAX + 1;
	api_frames_feed(&f, &h, sizeof(h));
	assert_int_equal(api_frames_next(&f, &h, &p), -EPROTO);
	api_frames_free(&f);
	h = (struct skiff_msg){.type = 1, .zero = 1};
	api_frames_feed(&f, &h, sizeof(h));
	assert_int_equal(api_frames_next(&f, &h, &p), -EPROTO);
	api_frames_free(&f);
	free(big);
}

static void a_flood_is_refused(void **state)
{
	struct api_frames f = {0};
	uint8_t *big = calloc(1, 2 * SKIFF_MSG_MAX);

	assert_int_equal(api_frames_feed(&f, big, 2 * SKIFF_MSG_MAX), 0);
	assert_int_equal(api_frames_feed(&f, big, 64), -EMSGSIZE);
	api_frames_free(&f);
	free(big);
}

static int words(const void *text, size_t len, uint32_t argc, const char **argv)
{
	uint8_t p[2048];
	struct skiff_command c = {.argc = argc, .flags = SKIFF_COMMAND_JSON};

	memcpy(p, &c, sizeof(c));
	memcpy(p + sizeof(c), text, len);
	int n = api_command_words(p, sizeof(c) + len, &c, argv);

	if (n == 2)
		assert_string_equal(argv[1], "b c");
	return n;
}

static void words_fill_the_payload_exactly(void **state)
{
	const char *argv[SKIFF_ARGV_MAX];
	struct skiff_command c;

	assert_int_equal(words("a\0b c\0", 6, 2, argv), 2);
	assert_int_equal(words("a\0b c", 5, 2, argv), -EPROTO);	 /* the last is not ended */
	assert_int_equal(words("a\0b c\0", 6, 1, argv), -EPROTO); /* bytes behind it */
	assert_int_equal(words("a\0b c\0", 6, 3, argv), -EPROTO);
	assert_int_equal(words("", 0, 0, argv), -EPROTO);
	assert_int_equal(words("a", 2, SKIFF_ARGV_MAX + 1, argv), -EPROTO);
	assert_int_equal(words("", 1, 1, argv), 1); /* an empty word is a word */
	assert_int_equal(api_command_words((const uint8_t *)"abc", 3, &c, argv), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_messages_whatever_the_pieces),
		cmocka_unit_test(the_largest_passes_one_more_does_not),
		cmocka_unit_test(a_flood_is_refused),
		cmocka_unit_test(words_fill_the_payload_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
