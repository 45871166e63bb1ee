/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 header checks that need nothing but the bytes, RFC 1812 5.2.2, in the order of Linux's
 * ip_rcv. ip4/ip4_input walks the same ladder over a segmented packet; ICMP uses this one for the
 * header that an error quotes.
 */
#include "wire/ip4.h"

enum ip4_error ip4_check(const void *data, uint32_t avail, uint32_t len)
{
	const struct ip4_hdr *ip = data;

	if (avail < IP4_HDR_LEN || len < IP4_HDR_LEN)
		return IP4_SHORT;
	if (ip4_version(ip) != 4)
		return IP4_VERSION;
	if (ip4_ihl(ip) < 5)
		return IP4_IHL;
	if (avail < ip4_hdr_len(ip) || len < ip4_hdr_len(ip))
		return IP4_SHORT;
	if (csum_ip4(ip, ip4_ihl(ip)))
		return IP4_CSUM;
	if (len < ip4_tot_len(ip))
		return IP4_TRUNCATED;
	if (ip4_tot_len(ip) < ip4_hdr_len(ip))
		return IP4_TOT_LEN;
	return IP4_OK;
}
