/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Our classic BPF against the kernel's: random programs are attached to a datagram socket pair,
 * and both must agree on which are valid and on how much of a datagram they keep.
 */
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "netlink/nl_internal.h"

#define LEN 40

static const uint16_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_H | BPF_ABS, BPF_LD | BPF_B | BPF_ABS,
	BPF_LD | BPF_W | BPF_IND, BPF_LD | BPF_B | BPF_IND, BPF_LD | BPF_W | BPF_LEN,
	BPF_LD | BPF_IMM, BPF_LD | BPF_MEM, BPF_LDX | BPF_W | BPF_IMM, BPF_LDX | BPF_MEM,
	BPF_LDX | BPF_B | BPF_MSH, BPF_LDX | BPF_W | BPF_LEN, BPF_ST, BPF_STX,
	BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_SUB | BPF_X, BPF_ALU | BPF_MUL | BPF_K,
	BPF_ALU | BPF_DIV | BPF_X, BPF_ALU | BPF_DIV | BPF_K, BPF_ALU | BPF_MOD | BPF_K,
	BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_OR | BPF_X, BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_K, BPF_ALU | BPF_RSH | BPF_K, BPF_ALU | BPF_NEG,
	BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JSET | BPF_K, BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA, BPF_RET | BPF_K, BPF_RET | BPF_A,
};

static struct sock_filter random_op(int left)
{
	struct sock_filter c = {.code = codes[rand() % (sizeof(codes) / sizeof(codes[0]))]};

	c.k = rand() % 4 != 0 ? rand() % 48 : rand();
	if (BPF_CLASS(c.code) == BPF_ST || BPF_CLASS(c.code) == BPF_STX ||
		BPF_MODE(c.code) == BPF_MEM)
		c.k = rand() % 20;
	if (BPF_CLASS(c.code) == BPF_JMP) {
		c.jt = rand() % (left + 1);
		c.jf = rand() % (left + 1);
		if (BPF_OP(c.code) == BPF_JA)
			c.k = rand() % (left + 1);
	}
	return c;
}

/* What the kernel keeps of the datagram, -1: it refuses the program. */
static int kernel(const struct sock_filter *code, int n, const uint8_t *pkt)
{
	struct sock_fprog prog = {n, (struct sock_filter *)code};
	uint8_t buf[LEN];
	int fd[2], keep = -1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	if (setsockopt(fd[0], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0) {
		send(fd[1], pkt, LEN, MSG_DONTWAIT);
		keep = recv(fd[0], buf, sizeof(buf), MSG_DONTWAIT);
		keep = keep < 0 ? 0 : keep;
	}
	close(fd[0]);
	close(fd[1]);
	return keep;
}

static void agrees_with_the_kernel(void **state)
{
	int valid = 0, kept = 0;

	srand(42);
	for (int round = 0; round < 4000; round++) {
		struct sock_filter code[12];
		/* Scratch memory must be written before it is read: the kernel checks, so do we not. */
		int n = 2 + rand() % 10, err;
		uint8_t pkt[LEN];

		for (int i = 0; i < LEN; i++)
			pkt[i] = rand();
		for (int i = 0; i < n - 1; i++)
			code[i] = random_op(n - i - 2);
		code[n - 1] = (struct sock_filter){.code = BPF_RET | BPF_K, .k = rand() % 50};
		int theirs = kernel(code, n, pkt);
		struct nl_filter *f = nl_filter_new(code, n, &err);

		if (theirs < 0 && f != NULL) {
			bool reads = false;

			for (int i = 0; i < n; i++)
				reads |= BPF_MODE(code[i].code) == BPF_MEM &&
					 BPF_CLASS(code[i].code) <= BPF_LDX;
			assert_true(reads); /* of unwritten memory: zero with us */
		} else if (theirs >= 0) {
			assert_non_null(f);
			uint32_t ours = nl_filter_run(f, pkt, LEN);

			assert_int_equal(ours < LEN ? ours : LEN, theirs);
			valid++;
			kept += theirs != 0;
		}
		free(f);
	}
	assert_true(valid > 1000 && kept > 300);
}

static void endless_and_short_programs_are_refused(void **state)
{
	struct sock_filter ret = BPF_STMT(BPF_RET | BPF_K, 1);
	struct sock_filter no_end[] = {ret, BPF_STMT(BPF_LD | BPF_IMM, 1)};
	struct sock_filter ancillary[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF), ret};
	int err;

	assert_null(nl_filter_new(&ret, 0, &err));
	assert_null(nl_filter_new(no_end, 2, &err));
	assert_null(nl_filter_new(ancillary, 2, &err));
	assert_null(nl_filter_new(&ret, BPF_MAXINSNS + 1, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_kernel),
		cmocka_unit_test(endless_and_short_programs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
