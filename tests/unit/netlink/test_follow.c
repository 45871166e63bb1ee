/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread goes to the CPU of the one program that asks without end, and floats again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink/nl_internal.h"
#include "netlink/sock_diag.h"

#define ENOUGH 64 /* requests */

static struct nl_sock *last(struct nl_server *ns)
{
	struct nl_sock *s = TAILQ_FIRST(&ns->socks);

	while (TAILQ_NEXT(s, link) != NULL)
		s = TAILQ_NEXT(s, link);
	return s;
}

static struct nl_sock *open_one(struct nl_server *ns, int *theirs)
{
	struct nl_peer peer = {.uid = 1, .pid = 1, .role = SKIFF_ROLE_ADMIN};
	struct skiff_netlink_open open = {.protocol = NETLINK_SOCK_DIAG, .type = SOCK_RAW};
	struct skiff_netlink_opened o;
	int fd[2], memfd;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(nl_server_open(ns, fd[0], &peer, &open, &o, &memfd), 0);
	close(memfd);
	*theirs = fd[1];
	nl_sock_wake(last(ns));
	return last(ns);
}

static int cpus(void)
{
	cpu_set_t now;

	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	return CPU_COUNT(&now);
}

static void requests(struct nl_server *ns, struct nl_sock *s, uint32_t from, int n)
{
	atomic_store(&s->page->cli_cpu, from);
	while (n-- > 0)
		nl_follow_request(ns, s, from + 1, 1000);
}

static void goes_where_the_program_is(void **state)
{
	struct event_base *base = event_base_new();
	struct nl_server *ns = nl_server_new(base);
	struct nl_sock *s, *other;
	int fd[2], usual = cpus(), first = 0;
	cpu_set_t now;

	if (usual < 2)
		skip();
	assert_int_equal(nl_server_register(ns, &sock_diag), 0);
	s = open_one(ns, &fd[0]);
	sched_getaffinity(0, sizeof(now), &now);
	while (!CPU_ISSET(first, &now))
		first++;

	requests(ns, s, first, ENOUGH - 1);
	assert_int_equal(cpus(), usual);
	requests(ns, s, first, 1);
	assert_int_equal(cpus(), 1);
	sched_getaffinity(0, sizeof(now), &now);
	assert_true(CPU_ISSET(first, &now));
	nl_follow_check(ns, 2000); /* the last request was a moment ago */
	assert_int_equal(cpus(), 1);
	nl_follow_check(ns, 3000000);
	assert_int_equal(cpus(), usual);

	/* what a program makes up moves nobody */
	requests(ns, s, CPU_SETSIZE + 5, 2 * ENOUGH);
	requests(ns, s, UINT32_MAX, 2 * ENOUGH);
	assert_int_equal(cpus(), usual);

	requests(ns, s, first, ENOUGH);
	assert_int_equal(cpus(), 1);
	other = open_one(ns, &fd[1]);
	nl_follow_check(ns, 1000);
	assert_int_equal(cpus(), usual);
	requests(ns, other, first, 2 * ENOUGH);
	assert_int_equal(cpus(), usual);

	nl_server_free(ns);
	event_base_free(base);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_where_the_program_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
