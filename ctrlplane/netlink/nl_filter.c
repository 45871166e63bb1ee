/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SO_ATTACH_FILTER on an emulated netlink socket: classic BPF, checked once and interpreted for
 * each datagram on its way to the reader. Jumps go forward only, so a run is bounded by the
 * program's length. Ancillary loads (SKF_AD_OFF) are not served and refused when attached.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/nl_internal.h"

struct nl_filter {
	uint32_t n;
	struct sock_filter code[];
};

static bool valid_jump(const struct sock_filter *c, size_t i, size_t n)
{
	if (BPF_OP(c->code) == BPF_JA)
		return c->k < n - i - 1;
	return c->jt < n - i - 1 && c->jf < n - i - 1;
}

static bool valid_alu(const struct sock_filter *c)
{
	switch (BPF_OP(c->code)) {
	case BPF_DIV:
	case BPF_MOD:
		return BPF_SRC(c->code) == BPF_X || c->k != 0;
	case BPF_LSH:
	case BPF_RSH:
		return BPF_SRC(c->code) == BPF_X || c->k < 32;
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
	case BPF_NEG:
		return true;
	default:
		return false;
	}
}

static bool valid_load(const struct sock_filter *c)
{
	switch (BPF_MODE(c->code)) {
	case BPF_IMM:
	case BPF_LEN:
		return true;
	case BPF_MEM:
		return c->k < BPF_MEMWORDS;
	case BPF_ABS:
		return BPF_CLASS(c->code) == BPF_LD && (int32_t)c->k >= 0;
	case BPF_IND:
		return BPF_CLASS(c->code) == BPF_LD;
	case BPF_MSH:
		return BPF_CLASS(c->code) == BPF_LDX && (int32_t)c->k >= 0;
	default:
		return false;
	}
}

static bool valid(const struct sock_filter *c, size_t i, size_t n)
{
	switch (BPF_CLASS(c->code)) {
	case BPF_LD:
	case BPF_LDX:
		return BPF_SIZE(c->code) != 0x18 && valid_load(c);
	case BPF_ST:
	case BPF_STX:
		return c->k < BPF_MEMWORDS;
	case BPF_ALU:
		return valid_alu(c);
	case BPF_JMP:
		return BPF_OP(c->code) <= BPF_JSET && valid_jump(c, i, n);
	case BPF_RET:
		return BPF_RVAL(c->code) == BPF_K || BPF_RVAL(c->code) == BPF_A;
	default: /* BPF_MISC */
		return BPF_MISCOP(c->code) == BPF_TAX || BPF_MISCOP(c->code) == BPF_TXA;
	}
}

struct nl_filter *nl_filter_new(const struct sock_filter *code, size_t n, int *err)
{
	*err = -EINVAL;
	if (n == 0 || n > BPF_MAXINSNS || BPF_CLASS(code[n - 1].code) != BPF_RET)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!valid(&code[i], i, n))
			return NULL;
	struct nl_filter *f = malloc(sizeof(*f) + n * sizeof(*code));

	if (f == NULL) {
		*err = -ENOMEM;
		return NULL;
	}
	f->n = n;
	memcpy(f->code, code, n * sizeof(*code));
	return f;
}

static bool load(const uint8_t *pkt, uint32_t len, uint64_t off, uint16_t size, uint32_t *v)
{
	uint32_t n = size == BPF_W ? 4 : size == BPF_H ? 2 : 1;

	if (off + n > len)
		return false;
	*v = 0;
	for (uint32_t i = 0; i < n; i++)
		*v = *v << 8 | pkt[off + i];
	return true;
}

static bool alu(uint16_t op, uint32_t b, uint32_t *a)
{
	switch (op) {
	case BPF_ADD:
		*a += b;
		break;
	case BPF_SUB:
		*a -= b;
		break;
	case BPF_MUL:
		*a *= b;
		break;
	case BPF_DIV:
	case BPF_MOD:
		if (b == 0)
			return false;
		*a = op == BPF_DIV ? *a / b : *a % b;
		break;
	case BPF_AND:
		*a &= b;
		break;
	case BPF_OR:
		*a |= b;
		break;
	case BPF_XOR:
		*a ^= b;
		break;
	case BPF_LSH:
		*a = b < 32 ? *a << b : 0;
		break;
	case BPF_RSH:
		*a = b < 32 ? *a >> b : 0;
		break;
	default:
		*a = -*a;
	}
	return true;
}

static bool taken(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default:
		return (a & b) != 0;
	}
}

struct regs {
	uint32_t a, x, mem[BPF_MEMWORDS];
};

static bool run_load(const struct sock_filter *c, const uint8_t *pkt, uint32_t len, struct regs *r)
{
	uint32_t v = c->k;

	switch (BPF_MODE(c->code)) {
	case BPF_LEN:
		v = len;
		break;
	case BPF_MEM:
		v = r->mem[c->k];
		break;
	case BPF_ABS:
		if (!load(pkt, len, c->k, BPF_SIZE(c->code), &v))
			return false;
		break;
	case BPF_IND:
		if (!load(pkt, len, (uint32_t)(r->x + c->k), BPF_SIZE(c->code), &v))
			return false;
		break;
	case BPF_MSH:
		if (!load(pkt, len, c->k, BPF_B, &v))
			return false;
		v = (v & 0xf) << 2;
		break;
	}
	*(BPF_CLASS(c->code) == BPF_LD ? &r->a : &r->x) = v;
	return true;
}

static uint32_t jump(const struct sock_filter *c, const struct regs *r)
{
	if (BPF_OP(c->code) == BPF_JA)
		return c->k;
	return taken(BPF_OP(c->code), r->a, BPF_SRC(c->code) == BPF_X ? r->x : c->k) ? c->jt : c->jf;
}

uint32_t nl_filter_run(const struct nl_filter *f, const uint8_t *pkt, uint32_t len)
{
	struct regs r = {0};

	for (uint32_t i = 0; i < f->n; i++) {
		const struct sock_filter *c = &f->code[i];

		switch (BPF_CLASS(c->code)) {
		case BPF_LD:
		case BPF_LDX:
			if (!run_load(c, pkt, len, &r))
				return 0;
			break;
		case BPF_ST:
			r.mem[c->k] = r.a;
			break;
		case BPF_STX:
			r.mem[c->k] = r.x;
			break;
		case BPF_ALU:
			if (!alu(BPF_OP(c->code), BPF_SRC(c->code) == BPF_X ? r.x : c->k, &r.a))
				return 0;
			break;
		case BPF_JMP:
			i += jump(c, &r);
			break;
		case BPF_RET:
			return BPF_RVAL(c->code) == BPF_A ? r.a : c->k;
		default:
			*(BPF_MISCOP(c->code) == BPF_TAX ? &r.x : &r.a) =
				BPF_MISCOP(c->code) == BPF_TAX ? r.a : r.x;
		}
	}
	return 0;
}
