#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two workers: flows are shared among them, in software where the ports have one queue each, and by
the ports where they have two; everything a router must do works the same."""
import os
import re
import sys

from skiffnet import Host, Skiff, carry_tcp, link, run_tests, wait_for

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
    done = left.run(["ping", "-n", "-c", "2", "-i", "0.05", "-w", "30", "-s", str(size), "-I", source,
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
    carry_tcp(left, right, "198.51.100.2", "-P", "4")


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


def forwarded():
    """By worker."""
    return [row["packets"] for n in range(2) for row in router.json(f"show stages -a worker {n}")
            if row["stage"] == "ip4_forward"]


def on_one_worker(act, least):
    """Of the packets that act() sends both ways, one worker forwards all; its number."""
    before = forwarded()
    act()
    change = [now - was for now, was in zip(forwarded(), before)]
    assert max(change) >= least and min(change) == 0, change
    return change.index(max(change))


def by_mixed_ports():
    """A port that places flows itself and one whose flows are placed in software agree on whose a
    flow is: both directions of it meet."""
    with open(router.config, "w", encoding="utf-8") as out:
        out.write(CONFIG.format(options="").replace("iface eth0", "iface eth0 queues 2"))
    router.start()
    wait_for(lambda: received(left.run("ping -n -c 1 -W 1 198.51.100.2", check=False)), "an answer")
    owners = [on_one_worker(lambda n=n: ping(56, f"192.0.2.{n}", f"198.51.100.{10 + n * 3 % 16}"), 4)
              for n in range(10, 26)]
    assert set(owners) == {0, 1}, owners
    owners = [on_one_worker(lambda n=n: ping(3000, f"192.0.2.{n}", f"198.51.100.{35 - n}"), 12)
              for n in range(10, 18)]
    echo = ("import socket; s = socket.socket(2, 2); s.bind(('', 7)); print(flush=True)\n"
            "while True: s.sendto(*s.recvfrom(99))")
    server = right.popen(["python3", "-c", echo], stdout=-1)
    server.stdout.readline()
    ask = ("import socket, sys; s = socket.socket(2, 2); s.bind(('192.0.2.2', int(sys.argv[1])))\n"
           "s.settimeout(30); s.connect(('198.51.100.2', 7))\nfor i in range(5): s.send(b'x'); s.recv(9)")
    try:
        owners = [on_one_worker(lambda p=p: left.run(["python3", "-c", ask, str(p)]), 10)
                  for p in range(9000, 9016)]
    finally:
        server.kill()
    assert set(owners) == {0, 1}, owners
    ledger_closes()
    router.stop()


def by_the_ports():
    start(" queues 2")
    flows_and_fragments()
    carries_tcp()
    both_worked()
    ledger_closes()
    router.stop()


run_tests([by_software, by_the_ports, by_mixed_ports])
