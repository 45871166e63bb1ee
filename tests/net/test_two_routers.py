#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two skiff routers in series between two kernel hosts, traffic both ways while routes flap, and not
a buffer more in use after it than before.

SKIFF_SOAK_SECONDS sets how long the traffic runs (6).
"""
import os
import re
import threading

from skiffnet import Failed, Host, Skiff, carry_tcp, link, run_tests, wait_for

SECONDS = int(os.environ.get("SKIFF_SOAK_SECONDS", "6"))


def config(near, near_peer, far_net):
    return f"""
system workers 1
port add near af_packet iface eth0
port add core af_packet iface eth1
ip addr add {near} dev near
ip addr add {near_peer[0]} dev core
ip link set near up
ip link set core up
ip route add {far_net} via {near_peer[1]}
"""


left, right = Host("left"), Host("right")
one = Skiff("one", config("192.0.2.1/24", ("10.99.0.1/30", "10.99.0.2"), "198.51.100.0/24"))
two = Skiff("two", config("198.51.100.1/24", ("10.99.0.2/30", "10.99.0.1"), "192.0.2.0/24"))
link(left, "eth0", one.host, "eth0")
link(one.host, "eth1", two.host, "eth1")
link(two.host, "eth0", right, "eth0")
for host, net in ((left, "192.0.2"), (right, "198.51.100")):
    host.run(f"ip addr add {net}.2/24 dev eth0")
    host.run(f"ip route add default via {net}.1")


def received(done):
    match = re.search(r"(\d+) received", done.stdout)
    return int(match.group(1)) if match else 0


def astray(router):
    """Buffers of each pool that are in use, less those that workers and ports keep empty at hand."""
    used = {pool["pool"]: pool["in_use"] for pool in router.json("show memory")["pools"]}
    rows = router.json("show workers")
    rows = rows if isinstance(rows, list) else rows["workers"]
    spare = sum(port["rx_buffers"] for port in router.json("show ports"))
    return (used["packets"] - spare - sum(row["cached"] for row in rows),
            used["clones"] - sum(row["cached_clones"] for row in rows))


def every_buffer_is_home():
    """Nothing is on its way once the links are silent: then each buffer must be back."""
    for router in (one, two):
        try:
            wait_for(lambda: astray(router) == (0, 0), "all buffers")  # pylint: disable=W0640
        except Failed as error:
            raise Failed(f"{router.name}: {error}: (packets, clones) astray: "
                         f"{astray(router)}") from error


def starts():
    one.start()
    two.start()
    wait_for(lambda: received(left.run("ping -n -c 1 -W 1 198.51.100.2", check=False)),
             "the first answer through both routers")
    every_buffer_is_home()


def pings_every_size():
    for size in (0, 64, 512, 1000, 1472):
        done = left.run(f"ping -n -c 3 -i 0.05 -w 30 -s {size} 198.51.100.2")
        assert received(done) >= 3, done.stdout
    done = left.run("ping -n -c 1 -w 30 -M do -s 1472 198.51.100.2")
    assert received(done) == 1
    two.ip("link set near mtu 1300")
    done = left.run("ping -n -c 1 -w 30 -M do -s 1472 198.51.100.2", check=False)
    assert re.search(r"mtu ?= ?1300", done.stdout + done.stderr), done.stdout + done.stderr
    two.ip("link set near mtu 1500")
    left.run("ip route flush cache")


def traceroute_shows_both():
    done = left.run("traceroute -n -q 1 -w 20 -m 5 198.51.100.2")
    assert re.findall(r"^ ?\d+ +(\S+)", done.stdout, re.M) == \
        ["192.0.2.1", "10.99.0.2", "198.51.100.2"], done.stdout


def survives_flapping_routes():
    stop = threading.Event()
    flaps = 0

    def flap():
        nonlocal flaps
        batch = "".join(f"route replace 203.0.{i}.0/24 via 10.99.0.2\n" for i in range(200))
        batch += "".join(f"route del 203.0.{i}.0/24\n" for i in range(200))
        batch += "route replace 198.51.100.0/24 via 10.99.0.2 metric 5\n"
        batch += "route del 198.51.100.0/24 metric 5\n"
        while not stop.is_set():
            one.ip("-batch -", input=batch)
            flaps += 1

    flapper = threading.Thread(target=flap)
    flapper.start()
    try:
        for options in ([], ["-R"]):
            carry_tcp(left, right, "198.51.100.2", *options, seconds=max(1, SECONDS // 2))
    finally:
        stop.set()
        flapper.join()
    assert flaps > 0


def ledgers_close():
    for router in (one, two):
        ledger = router.json("show ledger")
        assert ledger["gap"] == 0, ledger


def stop_cleanly():
    one.stop()
    two.stop()


run_tests([starts, pings_every_size, traceroute_shows_both, survives_flapping_routes,
           every_buffer_is_home, ledgers_close, stop_cleanly])
