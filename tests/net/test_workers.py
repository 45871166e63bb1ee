#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two workers: flows are shared among them, in software where the ports have one queue each, and by
the ports where they have two; everything a router must do works the same."""
import os
import re
import sys

from skiffnet import Host, Skiff, iperf, link, run_tests, wait_for

CONFIG = """
system workers 2
port add wan af_packet iface eth0{options}
port add lan af_packet iface eth1{options}
ip addr add 192.0.2.1/24 dev wan
ip addr add 198.51.100.1/24 dev lan
ip link set wan up
ip link set lan up
"""

if len(os.sched_getaffinity(0)) < 2:
    print("two workers need two CPUs")
    sys.exit(77)

left, right = Host("left"), Host("right")
router = Skiff("router")
link(left, "eth0", router.host, "eth0")
link(right, "eth0", router.host, "eth1")
for host, net in ((left, "192.0.2"), (right, "198.51.100")):
    host.run(f"ip addr add {net}.2/24 dev eth0")
    host.run(f"ip route add default via {net}.1")
    for n in range(10, 26):
        host.run(f"ip addr add {net}.{n}/24 dev eth0")


def received(done):
    match = re.search(r"(\d+) received", done.stdout)
    return int(match.group(1)) if match else 0


def ping(size, source, target):
    done = left.run(["ping", "-n", "-c", "2", "-i", "0.05", "-w", "5", "-s", str(size), "-I", source,
                     target], check=False)
    assert received(done) >= 2, done.stdout


def start(options=""):
    with open(router.config, "w", encoding="utf-8") as out:
        out.write(CONFIG.format(options=options))
    router.start()
    wait_for(lambda: received(left.run("ping -n -c 1 -W 1 198.51.100.2", check=False)), "an answer")


def workers():
    rows = router.json("show workers")
    return rows if isinstance(rows, list) else rows["workers"]


def flows_and_fragments():
    """Pairs of addresses in many combinations: whole, forwarded in fragments, and in fragments to the
    router itself, which meet only if one worker gets them all."""
    for n in range(10, 26):
        for k in (3, 5, 7): # hashes are of the xor of both
            ping(56, f"192.0.2.{n}", f"198.51.100.{10 + n * k % 16}")
        ping(3000, f"192.0.2.{n}", f"198.51.100.{35 - n}")
        ping(5000, f"192.0.2.{n}", "192.0.2.1")
        ping(5000, f"192.0.2.{n}", "198.51.100.1")


def carries_tcp():
    end = iperf(left, right, "198.51.100.2", "-P", "4", seconds=1)
    assert end["sum_received"]["bytes"] > 1 << 20, end["sum_received"]


def both_worked():
    for row in workers():
        assert row["rx"] > 20, workers()
        assert row["lane_packets"] > 10, workers()


def ledger_closes():
    ledger = router.json("show ledger")
    assert ledger["gap"] == 0, ledger
    return ledger


def by_software():
    start()
    flows_and_fragments()
    carries_tcp()
    both_worked()
    ledger = ledger_closes()
    assert ledger["ring_out"] > 50, ledger
    router.stop()


def by_the_ports():
    start(" queues 2")
    flows_and_fragments()
    carries_tcp()
    both_worked()
    ledger_closes()
    router.stop()


run_tests([by_software, by_the_ports])
