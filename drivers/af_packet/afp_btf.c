/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the running kernel says of itself in /sys/kernel/btf/vmlinux: where struct sk_buff keeps
 * what the program of afp_filter.c reads, and the number of the function that lets it. Called in
 * the control thread, for the first queue. See bpf/btf.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/btf.h>
#include <sys/stat.h>

#include "afp.h"
#include "afp_bpf.h"

struct types {
	const uint8_t *first, *end; /* one after another, numbered from 1 */
	const char *names;
	uint32_t names_len;
};

static const char *name_of(const struct types *b, uint32_t at)
{
	return at < b->names_len ? b->names + at : "";
}

/* Bytes that follow a type's own twelve. */
static size_t tail_of(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
		return sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	case BTF_KIND_ENUM64:
		return n * sizeof(struct btf_enum64);
	default:
		return 0;
	}
}

/* The one after t, NULL: the first one. NULL: there is none that is whole. */
static const struct btf_type *next(const struct types *b, const struct btf_type *t)
{
	const uint8_t *at = t ? (const uint8_t *)(t + 1) + tail_of(t) : b->first;

	t = (const void *)at;
	if ((size_t)(b->end - at) < sizeof(*t) ||
		(size_t)(b->end - at) - sizeof(*t) < tail_of(t))
		return NULL;
	return t;
}

static const struct btf_type *find(
	const struct types *b, unsigned kind, const char *name, int *id)
{
	int i = 1;

	for (const struct btf_type *t = next(b, NULL); t; t = next(b, t), i++) {
		if (BTF_INFO_KIND(t->info) != kind || strcmp(name_of(b, t->name_off), name) != 0)
			continue;
		*id = i;
		return t;
	}
	return NULL;
}

static const struct btf_type *by_id(const struct types *b, uint32_t id)
{
	const struct btf_type *t = next(b, NULL);

	while (t && --id > 0)
		t = next(b, t);
	return t;
}

static bool has_members(const struct btf_type *t)
{
	unsigned kind = BTF_INFO_KIND(t->info);

	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

/* The bit at which a member lies, also one of an unnamed struct or union in it; -1: none. */
static int bit_of(const struct types *b, const struct btf_type *t, const char *name, int depth)
{
	const struct btf_member *m = (const void *)(t + 1);
	const bool fields = BTF_INFO_KFLAG(t->info);

	for (unsigned i = 0; i < BTF_INFO_VLEN(t->info); i++, m++) {
		int at = fields ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset, inner = -1;
		const struct btf_type *in;

		if (strcmp(name_of(b, m->name_off), name) == 0)
			return at;
		if (*name_of(b, m->name_off) == '\0' && depth > 0 && (in = by_id(b, m->type)) &&
			has_members(in))
			inner = bit_of(b, in, name, depth - 1);
		if (inner >= 0)
			return at + inner;
	}
	return -1;
}

static int look(const struct types *b, struct afp_btf *out)
{
	int id;
	const struct btf_type *skb = find(b, BTF_KIND_STRUCT, "sk_buff", &id);

	if (skb == NULL || find(b, BTF_KIND_FUNC, "bpf_cast_to_kern_ctx", &out->cast) == NULL)
		return -EOPNOTSUPP;
	out->ip_summed = bit_of(b, skb, "ip_summed", 4);
	/* Two bits of one byte, counted from its lowest. */
	if (out->ip_summed < 0 || out->ip_summed % 8 == 7 ||
		__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return -EOPNOTSUPP;
	return 0;
}

static int parse(const uint8_t *p, size_t len, struct afp_btf *out)
{
	const struct btf_header *h = (const void *)p;
	struct types b;

	if (len < sizeof(*h) || h->magic != BTF_MAGIC || h->hdr_len > len || h->str_len == 0 ||
		(uint64_t)h->hdr_len + h->type_off + h->type_len > len ||
		(uint64_t)h->hdr_len + h->str_off + h->str_len > len ||
		(h->hdr_len + h->type_off) % sizeof(uint32_t) != 0)
		return -EINVAL;
	b.first = p + h->hdr_len + h->type_off;
	b.end = b.first + h->type_len;
	b.names = (const char *)p + h->hdr_len + h->str_off;
	b.names_len = h->str_len;
	return b.names[b.names_len - 1] == '\0' ? look(&b, out) : -EINVAL;
}

static int read_file(const char *path, struct afp_btf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	struct stat st;
	uint8_t *p;
	ssize_t n = 1;
	size_t got = 0;

	if (fd < 0)
		return -errno;
	p = fstat(fd, &st) == 0 ? malloc(st.st_size) : NULL;
	while (p && n > 0 && got < (size_t)st.st_size) {
		n = read(fd, p + got, st.st_size - got);
		got += n > 0 ? n : 0;
	}
	close(fd);
	err = p ? parse(p, got, out) : -ENOMEM;
	free(p);
	return err;
}

int afp_btf_read(struct afp_btf *out)
{
	static struct afp_btf known; /* the kernel stays the same */
	int err = 0;

	if (known.cast == 0)
		err = read_file("/sys/kernel/btf/vmlinux", &known);
	if (err < 0)
		known.cast = 0;
	*out = known;
	return err;
}
