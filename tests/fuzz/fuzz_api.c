/* SPDX-License-Identifier: BSD-3-Clause */
/* The framing of skiffd's Unix stream, fed in pieces that the input chooses, and command words. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "api_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct api_frames f = {0};
	struct skiff_msg h;
	const uint8_t *p;
	size_t at = 0, total = 0;

	while (at < size) {
		size_t n = data[at] + 1u;

		at++;
		n = n < size - at ? n : size - at;
		if (api_frames_feed(&f, data + at, n) < 0)
			break;
		at += n;
		int got;

		while ((got = api_frames_next(&f, &h, &p)) == 1) {
			const char *argv[SKIFF_ARGV_MAX];
			struct skiff_command c;
			int argc = api_command_words(p, h.len, &c, argv);

			for (int i = 0; i < argc; i++)
				total += strlen(argv[i]) + 1;
			if (argc > 0)
				assert(total + sizeof(c) == h.len);
			total = 0;
		}
		if (got < 0)
			break;
	}
	api_frames_free(&f);
	return 0;
}
