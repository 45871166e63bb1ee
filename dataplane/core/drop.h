/* SPDX-License-Identifier: BSD-3-Clause */
/* Every way to lose a packet, one name and one sentence each, from drop_reasons.def. */
#pragma once

enum drop_reason {
#define DROP(name, text) DROP_##name,
#include "core/drop_reasons.def"
#undef DROP
	DROP_REASON_COUNT,
};

/* "ip4_bad_csum", as shown and typed; and the sentence. */
const char *drop_reason_name(enum drop_reason reason);
const char *drop_reason_text(enum drop_reason reason);
