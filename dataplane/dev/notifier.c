/* SPDX-License-Identifier: BSD-3-Clause */
/* Notifier chains of the control thread; netdev_update.c calls the one of interfaces. */
#include <errno.h>
#include <stddef.h>

#include "dev/notifier.h"

static void unlink_dead(struct notifier_chain *c)
{
	for (struct notifier_block **p = &c->head; *p;) {
		if ((*p)->dead)
			*p = (*p)->next;
		else
			p = &(*p)->next;
	}
	c->sweep = false;
}

int notifier_register(struct notifier_chain *c, struct notifier_block *nb)
{
	struct notifier_block **p = &c->head;

	for (struct notifier_block *i = c->head; i; i = i->next) {
		if (i != nb)
			continue;
		if (!nb->dead)
			return -EEXIST;
		nb->dead = false; /* registered again within the call that removed it */
		return 0;
	}
	while (*p && (*p)->priority >= nb->priority)
		p = &(*p)->next;
	nb->next = *p;
	nb->dead = false;
	*p = nb;
	return 0;
}

int notifier_unregister(struct notifier_chain *c, struct notifier_block *nb)
{
	for (struct notifier_block *i = c->head; i; i = i->next) {
		if (i != nb || nb->dead)
			continue;
		nb->dead = true;
		if (c->depth)
			c->sweep = true;
		else
			unlink_dead(c);
		return 0;
	}
	return -ENOENT;
}

int notifier_call(struct notifier_chain *c, unsigned long event, void *ptr, int max, int *calls)
{
	int ret = NOTIFY_DONE, n = 0;

	c->depth++;
	for (struct notifier_block *nb = c->head, *next; nb && n != max; nb = next) {
		if (!nb->dead) {
			ret = nb->call(nb, event, ptr);
			n++;
		}
		next = nb->next;
		if (ret & NOTIFY_STOP_MASK)
			break;
	}
	if (--c->depth == 0 && c->sweep)
		unlink_dead(c);
	if (calls)
		*calls = n;
	return ret;
}
