/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drivers/ports_serial.c: what a port's caller does in DPDK's interrupt thread never meets a handler
 * of that thread, nor what a handler left to an alarm.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include <rte_alarm.h>
#include <rte_eal.h>
#include <rte_interrupts.h>

#include "ports.h"
#include "unit.h"

#define ROUNDS 3000

static const struct port_type serial = {.name = "serial", .serial = true}, other = {.name = "other"};
static struct port port;
static int fd;
static atomic_bool is_stuck, let_go, unstuck;
static atomic_uint worked, handled, left, met; /* left: to an alarm, and not done yet */
static pthread_t in;

static void alarmed(void *arg)
{
	(void)arg;
	left--;
}

/* As virtio_user's: it leaves work to alarms, two of them for one event. */
static void handler(void *arg)
{
	uint64_t n;

	(void)arg;
	if (read(fd, &n, sizeof(n)) != sizeof(n))
		return;
	for (unsigned i = 0; i < 2; i++) {
		left++;
		if (rte_eal_alarm_set(1, alarmed, NULL) != 0)
			left--;
	}
	handled++;
}

static int work(void *arg)
{
	in = pthread_self();
	worked++;
	met += left != 0;
	return *(int *)arg;
}

static void *disturb(void *stop)
{
	uint64_t one = 1;

	while (!atomic_load((atomic_bool *)stop))
		if (write(fd, &one, sizeof(one)) != sizeof(one))
			break;
	return NULL;
}

static void runs_where_no_handler_is(void **state)
{
	struct rte_intr_handle *h = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	atomic_bool stop = false;
	pthread_t disturber;
	int rc = -7;

	(void)state;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(h && fd >= 0);
	rte_intr_fd_set(h, fd);
	rte_intr_type_set(h, RTE_INTR_HANDLE_EXT);
	assert_int_equal(rte_intr_callback_register(h, handler, NULL), 0);
	port.spec.type = &serial;
	assert_int_equal(pthread_create(&disturber, NULL, disturb, &stop), 0);
	for (unsigned i = 0; i < ROUNDS || handled == 0; i++) {
		assert_int_equal(port_call(&port, work, &rc), -7);
		assert_false(pthread_equal(in, pthread_self()));
	}
	atomic_store(&stop, true);
	pthread_join(disturber, NULL);
	print_message("%u events of a handler, %u alarms left\n", (unsigned)handled, (unsigned)left);
	assert_int_equal(met, 0);
	/* As a port that is stopped: once its handler is gone, nothing of it comes any more. */
	assert_int_equal(rte_intr_callback_unregister_sync(h, handler, NULL), 1);
	assert_int_equal(port_call(&port, work, &rc), -7);
	assert_int_equal(left, 0);
	rte_intr_instance_free(h);
	close(fd);
}

/* As virtio_user's, whose peer connects and then says nothing. */
static void stuck(void *arg)
{
	uint64_t n;

	(void)arg;
	is_stuck = true;
	if (read(fd, &n, sizeof(n)) == sizeof(n))
		while (!let_go)
			usleep(1000);
	unstuck = true;
}

static void gives_up_on_a_stuck_handler(void **state)
{
	struct rte_intr_handle *h = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	uint64_t one = 1;
	int rc = 5;

	(void)state;
	fd = eventfd(0, EFD_CLOEXEC);
	assert_true(h && fd >= 0);
	rte_intr_fd_set(h, fd);
	rte_intr_type_set(h, RTE_INTR_HANDLE_EXT);
	assert_int_equal(rte_intr_callback_register(h, stuck, NULL), 0);
	port.spec.type = &serial;
	worked = 0;
	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
	while (!is_stuck)
		usleep(1000);
	assert_int_equal(port_call(&port, work, &rc), -ETIMEDOUT);
	let_go = true;
	assert_int_equal(port_call(&port, work, &rc), 5);
	assert_true(unstuck);
	assert_int_equal(worked, 1); /* what was given up is not done later */
	assert_int_equal(rte_intr_callback_unregister_sync(h, stuck, NULL), 1);
	rte_intr_instance_free(h);
	close(fd);
}

/* What has begun is waited for, however long it takes. */
static int takes_long(void *arg)
{
	(void)arg;
	usleep(PORT_CALL_SECONDS * 1000000 + 300000);
	return 9;
}

static void waits_for_what_has_begun(void **state)
{
	(void)state;
	port.spec.type = &serial;
	assert_int_equal(port_call(&port, takes_long, NULL), 9);
}

static void other_types_are_called_directly(void **state)
{
	int rc = 3;

	(void)state;
	port.spec.type = &other;
	assert_int_equal(port_call(&port, work, &rc), 3);
	assert_true(pthread_equal(in, pthread_self()));
}

int main(int argc, char **argv)
{
	char prefix[64], *words[] = {argv[0], "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"-m", "16", "--lcores", "0", "--log-level", "*:error", prefix};
	const struct CMUnitTest tests[] = {cmocka_unit_test(runs_where_no_handler_is),
		cmocka_unit_test(gives_up_on_a_stuck_handler),
		cmocka_unit_test(waits_for_what_has_begun),
		cmocka_unit_test(other_types_are_called_directly)};

	(void)argc;
	snprintf(prefix, sizeof(prefix), "--file-prefix=skiff-serial-%d", getpid());
	if (rte_eal_init(sizeof(words) / sizeof(words[0]), words) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
