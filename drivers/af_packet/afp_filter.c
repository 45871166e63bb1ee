/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program of afp_bpf.h, and its map. It runs in the kernel for each frame that arrives,
 * before the socket's own slot is filled, and returns how much of the frame the slot shall have.
 * Opened and closed with the receive queue, by afp_socket.c. See bpf/instruction-set.rst.
 *
 * Written as instructions, for want of a compiler on the machines that run it; 120 of them.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <rte_malloc.h>

#include "afp.h"
#include "afp_bpf.h"

#define CHECKSUM_UNNECESSARY 1 /* of the kernel's linux/skbuff.h, in two bits */
#define CHECKSUM_PARTIAL 3

enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };

#define OP(c, d, s, o, i) {.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)}
#define MOV(d, s) OP(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV32(d, s) OP(BPF_ALU | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i) OP(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ALU(op, d, i) OP(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define ALU32(op, d, i) OP(BPF_ALU | (op) | BPF_K, d, 0, 0, i)
#define ALU_R(op, d, s) OP(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define ALU32_R(op, d, s) OP(BPF_ALU | (op) | BPF_X, d, s, 0, 0)
#define LOAD(size, d, s, o) OP(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, o, s) OP(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define ATOMIC(op, d, o, s) OP(BPF_STX | BPF_ATOMIC | BPF_W, d, s, o, op)
#define JUMP(op, d, i, label) OP(BPF_JMP | (op) | BPF_K, d, 0, label, i)
#define JUMP_R(op, d, s, label) OP(BPF_JMP | (op) | BPF_X, d, s, label, 0)
#define CALL(f) OP(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define CALL_KERNEL(id) OP(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, id)
#define EXIT OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP_VALUE(d, fd)                                                                           \
	OP(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_VALUE, 0, fd), OP(0, 0, 0, 0, 0)

/* Where a jump goes; no instruction, resolve() takes it out. */
enum { PASS = 1, NOTE, NOTE_CPU, CLOSE, WRITE, FIRST, FAULT, OVERLOOKED, NB_LABELS };
#define NOWHERE (BPF_ALU | BPF_END | 0xf0) /* a code that no instruction has */
#define LABEL(label) OP(NOWHERE, 0, 0, 0, label)

#define SHARED(m) ((int)offsetof(struct ring_shared, m))
#define SKB(m) ((int)offsetof(struct __sk_buff, m))

/* What the program keeps on its stack. */
#define LEN (-8)    /* of the frame */
#define AFTER (-16) /* the head after it */
#define SUMMED (-24)

static int sys_bpf(int cmd, union bpf_attr *a)
{
	int fd = syscall(SYS_bpf, cmd, a, sizeof(*a));

	return fd < 0 ? -errno : fd;
}

/* Turns labels into distances; returns how many instructions are left. */
static unsigned resolve(struct bpf_insn *p, unsigned n)
{
	int at[NB_LABELS] = {0};
	unsigned len = 0;

	for (unsigned i = 0; i < n; i++) {
		if (p[i].code == NOWHERE)
			at[p[i].imm] = len;
		else
			p[len++] = p[i];
	}
	for (unsigned i = 0; i < len; i++) {
		unsigned op = BPF_OP(p[i].code);

		if (BPF_CLASS(p[i].code) == BPF_JMP && op != BPF_CALL && op != BPF_EXIT)
			p[i].off = at[p[i].off] - (int)i - 1;
	}
	return len;
}

static int load(const struct afp_bpf *b, const struct afp_btf *k)
{
	const int shift = k->ip_summed % 8;
	struct bpf_insn p[] = {
		MOV(R6, R1),
		MAP_VALUE(R7, b->map),
		/* R8: the epoch; is the ring wanted, and from this CPU? */
		LOAD(BPF_W, R8, R7, SHARED(want)),
		JUMP(BPF_JEQ, R8, 0, NOTE),
		CALL(BPF_FUNC_get_smp_processor_id),
		LOAD(BPF_W, R1, R7, SHARED(owner)),
		JUMP_R(BPF_JNE, R0, R1, NOTE_CPU),
		/* R9: where the epoch's state is, less its offset; was it closed? */
		MOV(R9, R8),
		ALU(BPF_AND, R9, RING_EPOCHS - 1),
		ALU(BPF_LSH, R9, 2),
		ALU_R(BPF_ADD, R9, R7),
		LOAD(BPF_W, R1, R9, SHARED(state)),
		MOV(R2, R8),
		ALU32(BPF_OR, R2, RING_CLOSED),
		JUMP_R(BPF_JEQ, R1, R2, PASS),
		/* Is it a plain frame? */
		MOV(R1, R6),
		CALL_KERNEL(k->cast),
		LOAD(BPF_B, R1, R0, k->ip_summed / 8),
		ALU(BPF_AND, R1, 3 << shift),
		JUMP(BPF_JEQ, R1, CHECKSUM_PARTIAL << shift, CLOSE),
		STORE(BPF_DW, R10, SUMMED, R1),
		LOAD(BPF_W, R1, R6, SKB(vlan_present)),
		JUMP(BPF_JNE, R1, 0, CLOSE),
		LOAD(BPF_W, R1, R6, SKB(gso_size)),
		JUMP(BPF_JNE, R1, 0, CLOSE),
		LOAD(BPF_W, R2, R6, SKB(len)),
		JUMP(BPF_JGT, R2, b->longest, CLOSE),
		JUMP(BPF_JLT, R2, RING_SHORTEST, CLOSE),
		STORE(BPF_DW, R10, LEN, R2),
		LOAD(BPF_W, R1, R9, SHARED(state)),
		JUMP_R(BPF_JNE, R1, R8, FIRST),
		/* R9: the head from here on. Does nobody write, and is there room? */
		LOAD(BPF_W, R9, R7, SHARED(head)),
		MOV(R1, R9),
		ALU(BPF_AND, R1, 1),
		JUMP(BPF_JNE, R1, 0, CLOSE),
		ALU(BPF_ADD, R2, RING_HEADER + RING_UNIT - 1),
		ALU(BPF_RSH, R2, RING_UNIT_SHIFT),
		ALU(BPF_LSH, R2, 1),
		MOV32(R3, R9),
		ALU32_R(BPF_ADD, R3, R2),
		STORE(BPF_DW, R10, AFTER, R3),
		LOAD(BPF_W, R4, R7, SHARED(tail_seen)),
		MOV32(R5, R3),
		ALU32_R(BPF_SUB, R5, R4),
		JUMP(BPF_JLE, R5, 2 * RING_UNITS, WRITE),
		LOAD(BPF_W, R4, R7, SHARED(tail)),
		STORE(BPF_W, R7, SHARED(tail_seen), R4),
		MOV32(R5, R3),
		ALU32_R(BPF_SUB, R5, R4),
		JUMP(BPF_JGT, R5, 2 * RING_UNITS, CLOSE),
		/*
		 * One writes at a time: there may be another for a moment when the reader has
		 * changed the owner.
		 */
		LABEL(WRITE),
		MOV(R0, R9),
		MOV(R1, R9),
		ALU(BPF_OR, R1, 1),
		ATOMIC(BPF_CMPXCHG, R7, SHARED(head), R1),
		JUMP_R(BPF_JNE, R0, R9, CLOSE),
		/* R3: where the record begins, less the units' offset */
		MOV(R3, R9),
		ALU(BPF_LSH, R3, RING_UNIT_SHIFT - 1),
		ALU(BPF_AND, R3, (RING_UNITS - 1) << RING_UNIT_SHIFT),
		ALU_R(BPF_ADD, R3, R7),
		LOAD(BPF_DW, R2, R10, SUMMED),
		ALU(BPF_LSH, R2, 8),
		MOV(R1, R8),
		ALU(BPF_AND, R1, 0xff),
		ALU_R(BPF_OR, R2, R1),
		ALU(BPF_LSH, R2, 16),
		LOAD(BPF_DW, R4, R10, LEN),
		ALU_R(BPF_OR, R2, R4),
		STORE(BPF_W, R3, SHARED(unit), R2),
		ALU(BPF_ADD, R3, SHARED(unit) + RING_HEADER),
		MOV(R1, R6),
		SET(R2, 0),
		CALL(BPF_FUNC_skb_load_bytes),
		JUMP(BPF_JNE, R0, 0, FAULT),
		/*
		 * The exchange is a full barrier: either we see that the reader changed its mind,
		 * or it sees the frame.
		 */
		LOAD(BPF_DW, R1, R10, AFTER),
		ATOMIC(BPF_XCHG, R7, SHARED(head), R1),
		LOAD(BPF_W, R1, R7, SHARED(want)),
		JUMP_R(BPF_JNE, R1, R8, OVERLOOKED),
		SET(R0, 0),
		EXIT,
		LABEL(OVERLOOKED),
		SET(R0, 1),
		EXIT,
		/* The first one of an epoch: all of it but what the cut takes. */
		LABEL(FIRST),
		MOV(R3, R8),
		ALU(BPF_AND, R3, RING_EPOCHS - 1),
		ALU(BPF_LSH, R3, 3),
		ALU_R(BPF_ADD, R3, R7),
		ALU(BPF_ADD, R3, SHARED(cut)),
		MOV(R1, R6),
		ALU(BPF_SUB, R2, 8),
		SET(R4, 8),
		CALL(BPF_FUNC_skb_load_bytes),
		JUMP(BPF_JNE, R0, 0, CLOSE),
		STORE(BPF_W, R9, SHARED(state), R8),
		LOAD(BPF_DW, R0, R10, LEN),
		ALU(BPF_AND, R8, RING_EPOCHS - 1),
		ALU_R(BPF_SUB, R0, R8),
		ALU(BPF_SUB, R0, 1),
		EXIT,
		LABEL(FAULT),
		ATOMIC(BPF_XCHG, R7, SHARED(head), R9),
		LABEL(CLOSE),
		MOV(R1, R8),
		ALU(BPF_AND, R1, RING_EPOCHS - 1),
		ALU(BPF_LSH, R1, 2),
		ALU_R(BPF_ADD, R1, R7),
		ALU32(BPF_OR, R8, RING_CLOSED),
		STORE(BPF_W, R1, SHARED(state), R8),
		JUMP(BPF_JA, 0, 0, PASS),
		LABEL(NOTE),
		CALL(BPF_FUNC_get_smp_processor_id),
		LABEL(NOTE_CPU),
		LOAD(BPF_W, R1, R7, SHARED(last_cpu)),
		JUMP_R(BPF_JEQ, R1, R0, PASS),
		STORE(BPF_W, R7, SHARED(last_cpu), R0),
		LABEL(PASS),
		SET(R0, -1),
		EXIT,
	};
	union bpf_attr a;

	memset(&a, 0, sizeof(a)); /* all of it: the kernel looks */
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insn_cnt = resolve(p, RTE_DIM(p));
	a.insns = (uintptr_t)p;
	a.license = (uintptr_t) "Dual BSD/GPL"; /* the kernel's own functions ask for it */
	memcpy(a.prog_name, "skiff_receive", sizeof("skiff_receive"));
	return sys_bpf(BPF_PROG_LOAD, &a);
}

static int make_map(struct afp_bpf *b)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = sizeof(uint32_t);
	a.value_size = sizeof(*b->shared);
	a.max_entries = 1;
	a.map_flags = BPF_F_MMAPABLE;
	memcpy(a.map_name, "skiff_receive", sizeof("skiff_receive"));
	b->map = sys_bpf(BPF_MAP_CREATE, &a);
	if (b->map < 0)
		return b->map;
	b->shared = mmap(NULL, sizeof(*b->shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, b->map, 0);
	if (b->shared != MAP_FAILED)
		return 0;
	b->shared = NULL;
	return -errno;
}

/* With PREEMPT_RT another frame may come into the midst of one on the same CPU. */
static bool one_at_a_time(void)
{
	return access("/sys/kernel/realtime", F_OK) != 0;
}

static int open_all(struct afp_bpf *b)
{
	struct afp_btf k;
	int err = afp_btf_read(&k);

	if (err == 0 && !one_at_a_time())
		err = -EOPNOTSUPP;
	if (err == 0)
		err = make_map(b);
	if (err < 0)
		return err;
	b->good = CHECKSUM_UNNECESSARY << k.ip_summed % 8;
	b->prog = load(b, &k);
	return RTE_MIN(b->prog, 0);
}

struct afp_bpf *afp_bpf_open(uint32_t slot_room)
{
	struct afp_bpf *b = rte_zmalloc("afp_bpf", sizeof(*b), RTE_CACHE_LINE_SIZE);
	int err;

	if (b == NULL)
		return NULL;
	b->map = b->prog = -1;
	b->longest = RTE_MIN(slot_room, RING_LONGEST);
	err = open_all(b);
	if (err == 0)
		return b;
	AFP_LOG(INFO, "no BPF filter (%s): all frames come by the packet socket's ring",
		strerror(-err));
	afp_bpf_close(b);
	return NULL;
}

/* Also the end of one that was never opened whole. */
void afp_bpf_close(struct afp_bpf *b)
{
	if (b == NULL)
		return;
	if (b->shared)
		munmap(b->shared, sizeof(*b->shared));
	if (b->map >= 0)
		close(b->map);
	if (b->prog >= 0)
		close(b->prog);
	rte_free(b);
}

int afp_bpf_attach(const struct afp_bpf *b, int fd)
{
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &b->prog, sizeof(b->prog)) < 0)
		return -errno;
	return 0;
}
