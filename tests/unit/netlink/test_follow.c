/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread goes to the CPU of the one program that asks without end, says so, and floats again. */
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
#define MS UINT64_C(1000000)

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

/* All at the time `now`, from the CPU `from`, as the program says. */
static void requests(struct nl_server *ns, struct nl_sock *s, uint32_t from, int n, uint64_t now)
{
	atomic_store(&s->page->cli_cpu, from);
	while (n-- > 0)
		nl_follow_request(ns, s, now);
}

static int told_cpu = -2, told_times;

static void told(void *ctx, int cpu)
{
	assert_ptr_equal(ctx, &told_cpu);
	told_cpu = cpu;
	told_times++;
}

/* The server, the first two CPUs that we may run on; false: there is but one. */
static bool set_up(struct nl_server **ns, int cpu[2])
{
	cpu_set_t now;
	int n = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	if (CPU_COUNT(&now) < 2)
		return false;
	for (int c = 0; n < 2; c++)
		if (CPU_ISSET(c, &now))
			cpu[n++] = c;
	*ns = nl_server_new(event_base_new());
	assert_int_equal(nl_server_register(*ns, &sock_diag), 0);
	nl_server_on_follow(*ns, told, &told_cpu);
	told_times = 0;
	return true;
}

static void tear_down(struct nl_server *ns)
{
	struct event_base *base = ns->base;

	nl_server_free(ns);
	event_base_free(base);
}

static bool bound_to(int cpu)
{
	cpu_set_t now;

	sched_getaffinity(0, sizeof(now), &now);
	return CPU_COUNT(&now) == 1 && CPU_ISSET(cpu, &now);
}

static void goes_where_the_program_is(void **state)
{
	struct nl_sock *s, *other;
	struct nl_server *ns;
	int fd[2], cpu[2], usual = cpus();
	uint64_t now = 1000 * MS;

	if (!set_up(&ns, cpu))
		skip();
	s = open_one(ns, &fd[0]);

	requests(ns, s, cpu[0], ENOUGH - 1, now);
	assert_int_equal(cpus(), usual);
	requests(ns, s, cpu[0], 1, now);
	assert_true(bound_to(cpu[0]));
	assert_int_equal(told_cpu, cpu[0]);
	nl_follow_check(ns, now + MS); /* the last request was a moment ago */
	assert_true(bound_to(cpu[0]));
	nl_follow_check(ns, now + 3 * MS);
	assert_int_equal(cpus(), usual);
	assert_int_equal(told_cpu, -1);
	assert_int_equal(told_times, 2);

	/* what a program makes up moves nobody */
	now += 1000 * MS;
	requests(ns, s, CPU_SETSIZE + 5, 2 * ENOUGH, now);
	requests(ns, s, UINT32_MAX, 2 * ENOUGH, now);
	assert_int_equal(cpus(), usual);

	requests(ns, s, cpu[0], ENOUGH, now);
	assert_true(bound_to(cpu[0]));
	other = open_one(ns, &fd[1]);
	nl_follow_check(ns, now);
	assert_int_equal(cpus(), usual);
	requests(ns, other, cpu[0], 2 * ENOUGH, now + 1000 * MS);
	assert_int_equal(cpus(), usual);

	tear_down(ns);
	close(fd[0]);
	close(fd[1]);
}

static void is_not_led_about(void **state)
{
	struct nl_server *ns;
	struct nl_sock *s;
	int fd, cpu[2];
	uint64_t now = 1000 * MS;

	if (!set_up(&ns, cpu))
		skip();
	s = open_one(ns, &fd);

	/* a pause before the last of them: it is the first of a new row */
	for (int i = 0; i < ENOUGH - 1; i++, now += MS)
		requests(ns, s, cpu[0], 1, now);
	requests(ns, s, cpu[0], 1, now + 2 * MS);
	assert_int_equal(told_times, 0);

	now += 3 * MS;
	requests(ns, s, cpu[0], ENOUGH, now);
	assert_true(bound_to(cpu[0]));
	/* it says that it is here and there in turn */
	for (int i = 1; i < 40; i++)
		requests(ns, s, cpu[i % 2], ENOUGH, now + i * MS / 10);
	assert_true(bound_to(cpu[0]));
	requests(ns, s, cpu[1], ENOUGH, now + 4 * MS);
	assert_true(bound_to(cpu[1]));
	assert_int_equal(told_cpu, cpu[1]);
	assert_int_equal(told_times, 2);
	nl_follow_check(ns, now + 7 * MS);

	tear_down(ns);
	close(fd);
}

/* Everybody sleeps: the loop is woken once, and nothing is left that would wake it again. */
static void comes_back_from_a_sleep(void **state)
{
	struct nl_server *ns;
	struct nl_sock *s;
	int fd, cpu[2], usual = cpus(), rounds = 0;

	if (!set_up(&ns, cpu))
		skip();
	s = open_one(ns, &fd);
	requests(ns, s, cpu[0], ENOUGH, skiff_now_ns());
	assert_true(bound_to(cpu[0]));
	while (nl_server_poll(ns))
		; /* until the socket sleeps */
	while (cpus() != usual && rounds++ < 10) {
		assert_int_equal(event_base_loop(ns->base, EVLOOP_ONCE), 0);
		nl_server_poll(ns);
	}
	assert_int_equal(cpus(), usual);
	assert_int_equal(told_cpu, -1);
	nl_follow_rest(ns);
	/* none was made where the quiet time passed before anybody slept */
	assert_true(ns->follow.quiet == NULL || !evtimer_pending(ns->follow.quiet, NULL));

	tear_down(ns);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_where_the_program_is),
		cmocka_unit_test(is_not_led_about),
		cmocka_unit_test(comes_back_from_a_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
