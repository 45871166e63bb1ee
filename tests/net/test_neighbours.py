#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Very many neighbours: the limits are Linux's, can be set, are told of when they are passed; and
the packets that pass meanwhile do not notice."""
import ipaddress
import json
import re

from skiffnet import SKIFF_RUN, Host, Skiff, link, run_tests, wait_for

CONFIG = """
system workers 1
port add wan af_packet iface in0
port add lan af_packet iface in1
ip addr add 192.0.2.1/24 dev wan
ip addr add 10.0.0.1/8 dev lan
ip link set wan up
ip link set lan up
"""
MANY = 70000
left, right = Host("left"), Host("right")
router = Skiff("router", CONFIG)
link(left, "eth0", router.host, "in0")
link(right, "eth0", router.host, "in1")
left.run("ip addr add 192.0.2.2/24 dev eth0")
left.run("ip route add default via 192.0.2.1")
right.run("ip addr add 10.0.0.2/8 dev eth0")
right.run("ip route add default via 10.0.0.1")
THRESH = "net.ipv4.neigh.default.gc_thresh"


def batch(name, count, state="permanent"):
    first = int(ipaddress.ip_address("10.1.0.0"))
    with open(name, "w", encoding="ascii") as out:
        for i in range(count):
            out.write(f"neigh add {ipaddress.ip_address(first + i)} lladdr 02:00:00:00:00:07 "
                      f"dev lan nud {state}\n")
    return name


def thresholds():
    found = re.search(r"inet arp_cache\s+thresh1 (\d+) thresh2 (\d+) thresh3 (\d+)",
                      router.ip("ntable show name arp_cache").stdout)
    return [int(n) for n in found.groups()]


def count():
    return int(router.ip("-s ntable show name arp_cache").stdout.split("entries ")[1].split()[0])


def fulls():
    return int(router.ip("-s ntable show name arp_cache").stdout.split("table_fulls ")[1].split()[0])


def starts_with_a_routers_limits():
    router.start()
    assert thresholds() == [1024, 8192, 16384]
    shown = router.skiff(f"sysctl {THRESH}3").stdout
    assert shown == THRESH + "3 = 16384\n", shown


def beyond_the_limit_is_refused():
    """Linux's errno and its words; it has no such limit of a namespace, so it cannot be asked. What
    is permanent does not count, as there."""
    router.host.run([SKIFF_RUN, "-s", router.socket, "sysctl", "-qw",
                     *(f"{THRESH}{nr}={10 * nr}" for nr in (1, 2, 3))])
    assert thresholds() == [10, 20, 30]
    done = router.ip(["-force", "-batch", batch("/run/small", 100, "reachable")], check=False)
    assert done.returncode == 2 and "the neighbour table is full" in done.stderr, done
    assert count() == 30 and fulls() == 1, (count(), fulls())
    left.run("ping -nc 2 -i 0.1 -W 1 10.9.9.9", check=False)  # a stranger asks for more
    assert count() == 30 and fulls() > 1, (count(), fulls())
    with open(router.log, encoding="utf-8") as text:
        assert text.read().count("neighbour: table overflow: ") == 1
    router.ip("neigh flush dev lan nud all")
    router.ip(["-batch", batch("/run/small", 100)])
    assert count() == 100
    router.ip("neigh flush dev lan nud permanent")
    for bad, why in (("x", "not a number"), ("1048577", "room for 1048576")):
        done = router.skiff(f"sysctl {THRESH}3={bad}", check=False)
        assert done.returncode and why in done.stderr, done


def icmp(host):
    names, values = [line.split()[1:] for line in host.run("cat /proc/net/snmp").stdout.splitlines()
                     if line.startswith("Icmp:")]
    return dict(zip(names, map(int, values)))


def lost(left_before, right_before):
    """Echoes and answers that did not reach the other side since then."""
    now, then = (icmp(left), icmp(right)), (left_before, right_before)
    grown = [{k: n[k] - t[k] for k in n} for n, t in zip(now, then)]
    assert grown[0]["OutEchos"] == 6000, grown
    return (grown[0]["OutEchos"] - grown[1]["InEchos"] +
            grown[1]["OutEchoReps"] - grown[0]["InEchoReps"])


def seventy_thousand_do_not_disturb():
    """Added and removed while a flow passes: none of it is lost. The hosts' own counters say so, and
    not ping: on a busy machine its socket may be full, or its last answer come late."""
    for nr, value in ((1, 1024), (2, 90000), (3, 100000)):
        router.skiff(f"sysctl {THRESH}{nr}={value}")
    wait_for(lambda: " 0%" in left.run("ping -nc 1 -W 1 10.0.0.2", check=False).stdout, "the way")
    # none of the flow's own neighbours is asked for meanwhile: a busy machine may answer late
    for host, net, name in (left, "192.0.2", "wan"), (right, "10.0.0", "lan"):
        mac = [json.loads(run("-j link show " + of).stdout)[0]["address"] for run, of in
               ((router.ip, name), (lambda words, h=host: h.run("ip " + words), "eth0"))]
        host.run(f"ip neigh replace {net}.1 lladdr {mac[0]} dev eth0 nud permanent")
        router.ip(f"neigh replace {net}.2 lladdr {mac[1]} dev {name} nud permanent")
    missed = router.missed()
    before = icmp(left), icmp(right)
    ping = left.popen(["ping", "-n", "-i", "0.002", "-c", "6000", "-W", "2", "10.0.0.2"], stdout=-1)
    try:
        router.ip(["-batch", batch("/run/many", MANY)], timeout=60)
        assert count() >= MANY, count()
        shown = router.ip("neigh show to 10.1.0.0/16 dev lan").stdout.splitlines()
        assert len(shown) == 65536, len(shown)
        assert "10.1.234.56 dev lan" in router.ip("neigh get 10.1.234.56 dev lan").stdout
        router.ip("neigh flush to 10.1.0.0/16 dev lan nud permanent", timeout=60)
        assert count() < 5000, count()
        assert ping.poll() is None, "ping was over before all was done"
    finally:
        ping.communicate(timeout=60)
    wait_for(lambda: lost(*before) <= router.missed() - missed, "the flow's last packets")


def the_limits_are_saved():
    text = router.skiff("save").stdout
    assert f"sysctl {THRESH}2=90000\nsysctl {THRESH}3=100000\n" in text and "thresh1" not in text
    with open(router.config, "w", encoding="utf-8") as out:
        out.write(text)
    router.stop()
    router.start()
    assert thresholds() == [1024, 90000, 100000]
    router.stop()


run_tests([starts_with_a_routers_limits, beyond_the_limit_is_refused,
           seventy_thousand_do_not_disturb, the_limits_are_saved])
