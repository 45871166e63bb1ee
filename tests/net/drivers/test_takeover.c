/* SPDX-License-Identifier: BSD-3-Clause */
/* drivers/takeover*.c against the kernel: silent while taken, as before afterwards. No EAL. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/bpf.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <libmnl/libmnl.h>

#include "hosts.h"
#include "takeover.h"
#include "unit.h"

#define STATE "/run/skiff"
#define SETTLE 30 /* s: duplicate address detection and the like */

static struct takeover *t;
static struct takeover_why why;

/* Whether somebody answers the peer's ARP request, with or without a way back for the ping. */
static bool kernel_answers(void)
{
	sh_ok("ip -n peer neigh flush dev pe0");
	sh_ok("ip netns exec peer ping -n -c 1 -W 0.2 192.0.2.1");
	return sh_ok("ip -n peer neigh show 192.0.2.1 dev pe0 | grep -q lladdr");
}

static void give_addresses(void)
{
	sh("ip -n peer addr replace 192.0.2.2/24 dev pe0");
	sh("ip addr replace 192.0.2.1/24 dev sk0");
	sh("ip addr replace 2001:db8::1/64 dev sk0 nodad");
	sh("ip route replace 198.51.100.0/24 via 192.0.2.2 dev sk0 metric 77");
	sh("ip route replace default via 192.0.2.2");
	sh("ip neigh replace 192.0.2.9 lladdr 02:00:00:00:00:09 nud permanent dev sk0");
}

/* Everything of the interface that a user can see. */
static void picture(char *out, size_t len)
{
	snprintf(out, len, "%s",
		sh_text("ip -d link show sk0 | grep -oE 'addrgenmode [a-z0-9]*|,UP' ; "
			"ip -o addr show dev sk0 | awk '{print $3,$4}' | sort; "
			"ip route show dev sk0; ip -6 route show dev sk0 proto static; "
			"ip neigh show dev sk0 nud permanent; tc qdisc show dev sk0 clsact"));
}

static int count_moved(const struct nlmsghdr *n, void *arg)
{
	unsigned *seen = arg;

	seen[n->nlmsg_type == RTM_NEWADDR ? 0 : n->nlmsg_type == RTM_NEWROUTE ? 1 : 2]++;
	return 0;
}

static void refuses_addresses_unless_told(void **state)
{
	char before[4096], after[4096];

	give_addresses();
	picture(before, sizeof(before));
	assert_int_equal(takeover_begin("sk0", 0, STATE, &t, &why), -EADDRINUSE);
	assert_non_null(strstr(why.text, "takeover yes"));
	assert_non_null(strstr(why.text, "192.0.2.1/24"));
	picture(after, sizeof(after));
	assert_string_equal(before, after);
	assert_string_equal(sh_text("ls " STATE), "");
}

static void refuses_what_is_not_there(void **state)
{
	assert_int_equal(takeover_begin("nosuch0", 0, STATE, &t, &why), -ENODEV);
	assert_int_equal(takeover_begin("lo", 0, STATE, &t, &why), -EAFNOSUPPORT);
	assert_int_equal(takeover_begin("sk0", TAKEOVER_ADDRESSES, "/nosuch", &t, &why), -ENOENT);
	assert_non_null(strstr(why.text, "/nosuch"));
}

static void move_and_give_back(unsigned way, const char *means)
{
	char before[4096], during[4096], after[4096];
	unsigned seen[3] = {0};

	give_addresses();
	assert_true(wait_until(SETTLE, kernel_answers()));
	picture(before, sizeof(before));
	assert_int_equal(takeover_begin("sk0", TAKEOVER_ADDRESSES | TAKEOVER_OWN_EGRESS | way,
				 STATE, &t, &why),
		0);
	assert_string_equal(takeover_means(t), means);
	takeover_moved(t, count_moved, seen);
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 2);
	assert_true(seen[2] >= 1);
	picture(during, sizeof(during));
	assert_null(strstr(during, "192.0.2.1"));
	assert_null(strstr(during, "2001:db8"));
	assert_null(strstr(during, "fe80"));
	assert_non_null(strstr(during, "addrgenmode none"));
	takeover_end(t);
	picture(after, sizeof(after));
	assert_string_equal(before, after);
	assert_true(wait_until(SETTLE, kernel_answers()));
	assert_string_equal(sh_text("ls " STATE), "");
}

/* An address of the kernel's on the same host must not make it answer on a taken interface. */
static void be_silent(unsigned way)
{
	int fd;
	char frame[256];
	ssize_t n;

	sh("ip addr flush dev sk0");
	sh("ip addr replace 192.0.2.1/32 dev lo");
	assert_int_equal(takeover_begin("sk0", TAKEOVER_OWN_EGRESS | way, STATE, &t, &why), 0);
	fd = peer_socket("pe0", false);
	assert_false(wait_until(0.5, kernel_answers()));
	/* Nor does it send by itself: what it wants to goes nowhere. */
	sh_ok("ping -c 1 -W 1 -I sk0 192.0.2.2");
	while ((n = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) > 0)
		fail_msg("the kernel sent a frame of type %02x%02x", frame[12] & 255,
			frame[13] & 255);
	close(fd);
	takeover_end(t);
	assert_true(wait_until(SETTLE, kernel_answers()));
	sh("ip addr del 192.0.2.1/32 dev lo");
}

/* Programs at the kernel's early ingress hook; -1: it has none (before Linux 6.6). */
static int early_programs(void)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.query.target_fd = if_nametoindex("sk0"); /* target_ifindex in newer headers */
	a.query.attach_type = 46;                  /* BPF_TCX_INGRESS */
	return syscall(SYS_bpf, BPF_PROG_QUERY, &a, sizeof(a)) < 0 ? -1 : (int)a.query.prog_cnt;
}

/* The cheap drop stands before the table while the interface is taken, and by itself does it all. */
static void drops_early(void **state)
{
	if (early_programs() != 0)
		skip();
	assert_int_equal(takeover_begin("sk0", TAKEOVER_OWN_EGRESS, STATE, &t, &why), 0);
	assert_int_equal(early_programs(), 1);
	takeover_end(t);
	assert_int_equal(early_programs(), 0);
}

static void moves_and_gives_back(void **state)
{
	move_and_give_back(0, "nft");
	move_and_give_back(TAKEOVER_BY_TC, "tc");
}

static void kernel_is_silent(void **state)
{
	be_silent(0);
	be_silent(TAKEOVER_BY_TC);
}

/* Where the driver's own frames pass the egress hook, the kernel just has nothing to say. */
static void kernel_says_nothing_by_itself(void **state)
{
	uint8_t frame[256];
	ssize_t n;
	int fd;

	sh("ip addr flush dev sk0; sysctl -qw net.ipv6.conf.sk0.disable_ipv6=0");
	assert_int_equal(takeover_begin("sk0", 0, STATE, &t, &why), 0);
	fd = peer_socket("pe0", false);
	sh("ip link set sk0 down; ip link set sk0 up");
	/* Duplicate address detection, router solicitation and multicast reports come within 2 s.
	 */
	wait_until(2.5, (n = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) > 0);
	if (n > 0)
		fail_msg("the kernel sent a frame of type %02x%02x", frame[12], frame[13]);
	close(fd);
	takeover_end(t);
}

static void only_one_may_have_it(void **state)
{
	struct takeover *second;

	sh("ip addr flush dev sk0; mkdir -p /run/other");
	assert_int_equal(takeover_begin("sk0", 0, STATE, &t, &why), 0);
	assert_int_equal(takeover_begin("sk0", 0, STATE, &second, &why), -EBUSY);
	assert_int_equal(takeover_begin("sk0", 0, "/run/other", &second, &why), -EBUSY);
	assert_non_null(strstr(why.text, "another skiffd"));
	assert_string_equal(sh_text("ls /run/other"), "");
	/* A recovery meanwhile leaves the living alone. */
	assert_int_equal(takeover_recover(STATE), 0);
	takeover_end(t);
	assert_int_equal(takeover_begin("sk0", 0, "/run/other", &t, &why), 0);
	takeover_end(t);
}

/* A process that takes the interface and is killed when it has; `flags` as for takeover_begin(). */
static void take_and_die(unsigned flags)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (takeover_begin("sk0", flags, STATE, &t, &why) < 0)
			_exit(1);
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
}

static void recovers_after_kill(void **state)
{
	char before[4096], after[4096];

	give_addresses();
	picture(before, sizeof(before));
	take_and_die(TAKEOVER_ADDRESSES);
	/* Without any recovery the interface is usable: what silenced it is gone with its owner. */
	sh("ip addr add 192.0.2.1/24 dev sk0");
	assert_true(wait_until(SETTLE, kernel_answers()));
	assert_int_equal(takeover_recover(STATE), 1);
	picture(after, sizeof(after));
	assert_string_equal(before, after);
	assert_string_equal(sh_text("ls " STATE), "");
	assert_int_equal(takeover_recover(STATE), 0);
	/* By traffic control it stays silent until the recovery. */
	take_and_die(TAKEOVER_ADDRESSES | TAKEOVER_BY_TC);
	assert_int_equal(takeover_recover(STATE), 1);
	picture(after, sizeof(after));
	assert_string_equal(before, after);
}

static void taking_again_recovers_first(void **state)
{
	char before[4096], after[4096];

	give_addresses();
	picture(before, sizeof(before));
	take_and_die(TAKEOVER_ADDRESSES);
	assert_int_equal(takeover_begin("sk0", 0, STATE, &t, &why), -EADDRINUSE);
	picture(after, sizeof(after));
	assert_string_equal(before, after);
}

static void recovery_survives_rubbish(void **state)
{
	sh("echo rubbish >" STATE "/takeover-1-x");
	sh("head -c 300 /dev/urandom >" STATE "/takeover-2-y");
	sh("echo 'skiff-takeover 1 1 1 1 1 1 1 0 z' >" STATE "/takeover-3-z");
	assert_int_equal(takeover_recover(STATE), 0);
	/* The well-formed one is of another namespace: not ours to undo, nor to forget. */
	assert_string_equal(sh_text("ls " STATE), "takeover-3-z\n");
	sh("rm " STATE "/*");
	assert_int_equal(takeover_recover("/nosuch"), 0);
}

static void an_interface_that_went_needs_nothing(void **state)
{
	give_addresses();
	assert_int_equal(takeover_begin("sk0", TAKEOVER_ADDRESSES, STATE, &t, &why), 0);
	sh("ip link del sk0");
	takeover_end(t);
	assert_string_equal(sh_text("ls " STATE), "");
	hosts_link();
	give_addresses();
	take_and_die(TAKEOVER_ADDRESSES);
	sh("ip link del sk0");
	assert_int_equal(takeover_recover(STATE), 0);
	assert_string_equal(sh_text("ls " STATE), "");
	hosts_link();
}

static void refuses_members_of_a_bridge(void **state)
{
	if (!sh_ok("ip link add br0 type bridge"))
		skip(); /* this kernel has no bridges */
	sh("ip addr flush dev sk0; ip link set sk0 master br0");
	assert_int_equal(takeover_begin("sk0", 0, STATE, &t, &why), -EBUSY);
	assert_non_null(strstr(why.text, "br0"));
	sh("ip link del br0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_addresses_unless_told),
		cmocka_unit_test(refuses_what_is_not_there),
		cmocka_unit_test(moves_and_gives_back),
		cmocka_unit_test(kernel_is_silent),
		cmocka_unit_test(drops_early),
		cmocka_unit_test(kernel_says_nothing_by_itself),
		cmocka_unit_test(only_one_may_have_it),
		cmocka_unit_test(recovers_after_kill),
		cmocka_unit_test(taking_again_recovers_first),
		cmocka_unit_test(recovery_survives_rubbish),
		cmocka_unit_test(an_interface_that_went_needs_nothing),
		cmocka_unit_test(refuses_members_of_a_bridge),
	};

	mkdir(STATE, 0755);
	hosts_make();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
