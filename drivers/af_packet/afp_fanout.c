/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several receive queues: the kernel gives each frame to one socket of a fanout group, chosen by
 * our own program. Called by afp_queue.c once per queue, in queue order, and only where there is
 * more than one queue. The hash is that of receive side scaling, Toeplitz with the key 6d5a 6d5a ...,
 * and its low 7 bits choose the queue: symmetric (both directions of a flow meet on a queue), without
 * the ports of fragments (all fragments of a datagram meet), and the same that other ports and
 * software go by, so that a flow between two kinds of ports meets, too. No DEFRAG: what the kernel
 * reassembled would no longer be what was on the wire.
 */
#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <linux/filter.h>
#include <linux/if_ether.h>

#include <rte_debug.h>

#include "afp.h"

/* Classic BPF written from top to bottom: jumps are patched when their target is reached. */
struct writer {
	struct sock_filter f[192];
	uint8_t n;
};

static uint8_t emit(struct writer *w, uint16_t code, uint32_t k)
{
	RTE_VERIFY(w->n < RTE_DIM(w->f));
	w->f[w->n] = (struct sock_filter){.code = code, .k = k};
	return w->n++;
}

/* Falls through where the value is k; elsewhere goes to what patch_else() names. */
static uint8_t emit_if(struct writer *w, uint16_t test, uint32_t k)
{
	return emit(w, BPF_JMP | test | BPF_K, k);
}

static void patch_else(struct writer *w, uint8_t at)
{
	w->f[at].jf = w->n - at - 1;
}

static void patch_then(struct writer *w, uint8_t at)
{
	w->f[at].jt = w->n - at - 1;
}

static void patch_ja(struct writer *w, uint8_t at)
{
	w->f[at].k = w->n - at - 1;
}

static void load_word(struct writer *w, uint32_t at)
{
	emit(w, BPF_LD | BPF_W | BPF_ABS, at);
}

/* M[0] ^= A */
static void fold(struct writer *w)
{
	emit(w, BPF_LDX | BPF_MEM, 0);
	emit(w, BPF_ALU | BPF_XOR | BPF_X, 0);
	emit(w, BPF_ST, 0);
}

/* M[0] ^= both ports, which lie at X and X + 2; symmetric, for it does not matter which is which.
 */
static void fold_ports(struct writer *w)
{
	emit(w, BPF_LD | BPF_H | BPF_IND, 0);
	emit(w, BPF_ST, 1);
	emit(w, BPF_LD | BPF_H | BPF_IND, 2);
	emit(w, BPF_LDX | BPF_MEM, 1);
	emit(w, BPF_ALU | BPF_XOR | BPF_X, 0);
	fold(w);
}

/* Then A is TCP or UDP; returns the jump that is taken when it is neither. */
static uint8_t emit_if_ports(struct writer *w)
{
	uint8_t tcp = emit_if(w, BPF_JEQ, IPPROTO_TCP);
	uint8_t udp = emit_if(w, BPF_JEQ, IPPROTO_UDP);

	patch_then(w, tcp);
	return udp;
}

/* M[0] = M[0] & mask << k | M[0] >> k & mask, of its low byte */
static void swap_bits(struct writer *w, uint32_t mask, uint32_t k)
{
	emit(w, BPF_LD | BPF_MEM, 0);
	emit(w, BPF_ALU | BPF_AND | BPF_K, mask);
	emit(w, BPF_ALU | BPF_LSH | BPF_K, k);
	emit(w, BPF_ST, 1);
	emit(w, BPF_LD | BPF_MEM, 0);
	emit(w, BPF_ALU | BPF_RSH | BPF_K, k);
	emit(w, BPF_ALU | BPF_AND | BPF_K, mask);
	emit(w, BPF_LDX | BPF_MEM, 1);
	emit(w, BPF_ALU | BPF_OR | BPF_X, 0);
	emit(w, BPF_ST, 0);
}

/*
 * M[0], the xor of all words, to the low byte of its Toeplitz hash. The key repeats after 16 bits, so
 * the hash is that of the xor of the halves: the xor of its rotations by the places of the key's ones,
 * read from the other end.
 */
static void toeplitz(struct writer *w)
{
	static const uint8_t shifts[] = {14, 13, 11, 10, 8, 6, 4, 3, 1};

	emit(w, BPF_LD | BPF_MEM, 0);
	emit(w, BPF_ALU | BPF_RSH | BPF_K, 16);
	fold(w);
	emit(w, BPF_ALU | BPF_AND | BPF_K, 0xffff);
	emit(w, BPF_ST, 1);
	emit(w, BPF_ALU | BPF_LSH | BPF_K, 16);
	emit(w, BPF_LDX | BPF_MEM, 1);
	emit(w, BPF_ALU | BPF_OR | BPF_X, 0);
	emit(w, BPF_ST, 1); /* the word twice: a shift of it is a rotation */
	emit(w, BPF_LD | BPF_IMM, 0);
	emit(w, BPF_ST, 0);
	for (unsigned int i = 0; i < RTE_DIM(shifts); i++) {
		emit(w, BPF_LD | BPF_MEM, 1);
		emit(w, BPF_ALU | BPF_RSH | BPF_K, shifts[i]);
		fold(w);
	}
	emit(w, BPF_ALU | BPF_RSH | BPF_K, 8);
	emit(w, BPF_ALU | BPF_AND | BPF_K, 0xff);
	emit(w, BPF_ST, 0);
	swap_bits(w, 0x0f, 4);
	swap_bits(w, 0x33, 2);
	swap_bits(w, 0x55, 1);
}

/* The result modulo the number of queues is the queue. A load past the end returns 0. */
static void write_program(struct writer *w)
{
	uint8_t not4, not6, frag, no_ports4, no_ports6, done4;

	emit(w, BPF_LD | BPF_IMM, 0);
	emit(w, BPF_ST, 0);
	emit(w, BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL);
	not4 = emit_if(w, BPF_JEQ, ETH_P_IP);
	for (uint32_t at = 12; at <= 16; at += 4) {
		load_word(w, at);
		fold(w);
	}
	emit(w, BPF_LD | BPF_H | BPF_ABS, 6);
	frag = emit_if(w, BPF_JSET, 0x3fff); /* more fragments, or an offset */
	patch_else(w, frag);
	emit(w, BPF_LD | BPF_B | BPF_ABS, 9);
	no_ports4 = emit_if_ports(w);
	emit(w, BPF_LDX | BPF_B | BPF_MSH, 0);
	fold_ports(w);
	patch_then(w, frag);
	patch_else(w, no_ports4);
	done4 = emit(w, BPF_JMP | BPF_JA, 0);

	patch_else(w, not4);
	emit(w, BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL);
	not6 = emit_if(w, BPF_JEQ, ETH_P_IPV6);
	for (uint32_t at = 8; at <= 36; at += 4) {
		load_word(w, at);
		fold(w);
	}
	emit(w, BPF_LD | BPF_B | BPF_ABS, 6);
	no_ports6 = emit_if_ports(w);
	emit(w, BPF_LDX | BPF_W | BPF_IMM, 40);
	fold_ports(w);

	patch_else(w, not6);
	patch_else(w, no_ports6);
	patch_ja(w, done4);
	toeplitz(w);
	emit(w, BPF_ALU | BPF_AND | BPF_K, 127);
	emit(w, BPF_RET | BPF_A, 0);
}

/* *group: 0 makes a group of a free number and returns it, else joins that one. */
int afp_fanout_join(int fd, uint16_t *group)
{
	struct writer w = {.n = 0};
	struct sock_fprog prog;
	int arg = *group | PACKET_FANOUT_CBPF << 16;
	socklen_t len = sizeof(arg);

	if (*group == 0)
		arg |= PACKET_FANOUT_FLAG_UNIQUEID << 16;
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &arg, sizeof(arg)) < 0)
		goto refused;
	if (*group != 0)
		return 0;
	write_program(&w);
	prog = (struct sock_fprog){.len = w.n, .filter = w.f};
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &prog, sizeof(prog)) < 0 ||
		getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &arg, &len) < 0)
		goto refused;
	*group = arg & 0xffff;
	return 0;
refused:;
	int err = errno;
	AFP_LOG(ERR, "the kernel refuses to spread the traffic over several queues: %s",
		strerror(err));
	return -err;
}
