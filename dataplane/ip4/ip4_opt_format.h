/* SPDX-License-Identifier: BSD-3-Clause */
/* The octets of IPv4 options: RFC 791 3.1, RFC 2113. */
#pragma once

/* Types: copied flag, class 2 bits, number 5 bits. */
enum ip4_opt_type {
	IP4_OPT_END = 0,
	IP4_OPT_NOP = 1,
	IP4_OPT_RR = 7,
	IP4_OPT_TS = 68,
	IP4_OPT_LSRR = 131,
	IP4_OPT_CIPSO = 134,
	IP4_OPT_SSRR = 137,
	IP4_OPT_RA = 148,
};

#define IP4_OPT_COPIED 0x80

/* Where in an option: length, pointer (counts from 1), of timestamps: overflow 4 bits, kind 4. */
enum ip4_opt_at {
	AT_LEN = 1,
	AT_PTR = 2,
	AT_TS = 3,
};

enum ip4_opt_ts {
	TS_ONLY = 0,
	TS_ADDR = 1,
	TS_PRESPEC = 3,
};
