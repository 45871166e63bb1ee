#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A worker steps aside while `ip -batch` runs on its CPU, and comes back; where the user chose its
CPU it stays."""
import os
import sys

from skiffnet import SKIFF_RUN, Skiff, processor_time, run_tests, wait_for

N = 20000
BUSY = 0.3  # seconds of skiffd's: the worker of the other case has long gone by then

if len(os.sched_getaffinity(0)) < 2:
    print("it takes two CPUs to step aside")
    sys.exit(77)

router = Skiff("router")


def start(system):
    with open(router.config, "w", encoding="utf-8") as out:
        out.write(f"{system}\nip link add d0 type dummy\nip link set d0 up\n"
                  "ip addr add 198.51.100.1/24 dev d0\n")
    router.start()
    return router.json("show workers")[0]["cpu"]


def allowed():
    """The CPUs of the worker's thread now."""
    tasks = f"/proc/{router.process.pid}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/status", encoding="ascii") as status:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        if lines["Name"].startswith("rte-worker"):
            return lines["Cpus_allowed_list"]
    raise AssertionError("no worker")


def batch_on(cpu):
    """Adds and withdraws routes from that CPU, again and again, until it is killed."""
    path = f"/run/{router.name}.batch"
    with open(path, "w", encoding="ascii") as out:
        for verb in ("add", "del"):
            out.writelines(f"route {verb} 10.{i >> 8}.{i & 255}.0/24 via 198.51.100.2\n"
                           for i in range(N))
    return router.host.popen(["taskset", "-c", str(cpu), "sh", "-c", 'while "$@"; do :; done', "sh",
                              SKIFF_RUN, "-s", router.socket, "ip", "-batch", path],
                             start_new_session=True)


def kill(batch):
    os.killpg(batch.pid, 9)
    batch.wait()


def makes_room_and_comes_back():
    home = start("system workers 1")
    assert allowed() == str(home), allowed()
    batch = batch_on(home)
    wait_for(lambda: allowed() != str(home), "the worker to step aside", step=0.001)
    away = allowed()
    assert str(home) not in away.split(","), away
    kill(batch)  # in the middle of it
    wait_for(lambda: allowed() == str(home), "the worker to come back", seconds=5)
    router.stop()


def stays_where_it_was_put():
    home = sorted(os.sched_getaffinity(0))[-1]
    assert start(f"system cores {home}") == home
    batch = batch_on(home)
    try:
        seen, enough = set(), processor_time(router.process.pid) + BUSY
        wait_for(lambda: seen.add(allowed()) or processor_time(router.process.pid) > enough,
                 "requests", step=0.001)
        assert seen == {str(home)}, seen
    finally:
        kill(batch)
    router.stop()


run_tests([makes_room_and_comes_back, stays_where_it_was_put])
