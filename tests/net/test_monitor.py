#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`ip monitor` on the kernel and on skiffd, live: one script on both, between real hosts.

Links, addresses, routes and neighbours change by commands, by the other end's going down and
coming up, and by a ping; both monitors must tell the same events in the same order.
"""
import json
import os
import re
import subprocess

from skiffnet import SKIFF_RUN, Host, Skiff, link, run_tests, sh, wait_for

MAC = "02:00:00:00:00:01"
PEER = "02:00:00:00:00:99"
# Of a veth and of a port: numbers, queues, what lies behind.
NORMAL = [
    (r"\b\d+: (?=eth0)", "N: "), (r"@\w+", ""), (r"qdisc \S+", "qdisc Q"), (r" link-netns \S+", ""),
    (r" link-netnsid \d+", ""), (r"\d+sec", "Tsec"), (r" +$", ""),
]
SCRIPT = [
    "ip link set eth0 up", "ip addr add 10.0.0.1/24 dev eth0", "ip link set eth0 mtu 1400",
    "ip addr add 10.0.0.7/24 dev eth0 label eth0:7", "ip route add 10.1.0.0/16 via 10.0.0.2",
    "ip route replace 10.1.0.0/16 via 10.0.0.3", "ip route append 10.1.0.0/16 via 10.0.0.4",
    "ip route add unreachable 10.2.0.0/16 metric 9",
    "ip route add 10.3.0.0/16 nexthop via 10.0.0.2 weight 2 nexthop via 10.0.0.3",
    "ip route del 10.3.0.0/16", "ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0",
    "ip neigh change 10.0.0.9 lladdr 02:00:00:00:00:0a nud stale dev eth0",
    "ip neigh del 10.0.0.9 dev eth0", "ping", "ip neigh flush dev eth0",
    "ip link set eth0 promisc on", "ip link set eth0 promisc off", "ip link set eth0 txqueuelen 77",
    "peer down", "peer up", "ip addr del 10.0.0.7/24 dev eth0",
    "ip addr change 10.0.0.1/24 dev eth0 valid_lft 1000 preferred_lft 500",
    "ip link set eth0 down", "ip link set eth0 up", "ip addr flush dev eth0", "ip link set eth0 down",
]


class End:
    """A host whose eth0 is watched: the kernel's, or skiffd's."""

    def __init__(self, name, skiff):
        self.peer = Host(name + "peer")
        self.host = Host(name)
        for host in self.peer, self.host:
            host.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
            host.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        under = "k0" if skiff else "eth0"
        link(self.peer, "p0", self.host, under, up=False)
        self.host.run(f"ip link set {under} address {MAC}")
        self.peer.run(f"ip link set p0 address {PEER} up")
        self.peer.run("ip addr add 10.0.0.2/24 dev p0")
        self.router = None
        if skiff:
            self.router = Skiff(name + "d", "system mbufs 4096\nport add eth0 af_packet iface k0\n",
                                host=self.host).start()
        else:
            self.host.sysctl("net.ipv4.ip_forward", 1)

    def words(self, command):
        run = [SKIFF_RUN, "-s", self.router.socket] if self.router else []
        return self.host.words([*run, *command.split()])

    def run(self, command):
        return sh(self.words(command))

    def operstate(self):
        return json.loads(self.run("ip -j link show eth0").stdout)[0]["operstate"]

    def step(self, command):
        if command == "ping":
            wait_for(lambda: self.peer.run("ping -c 1 -W 1 10.0.0.1", check=False).returncode == 0,
                     "an answer")
        elif command.startswith("peer"):
            self.peer.run(f"ip link set p0 {command.split()[1]}")
        else:
            self.run(command)
        up = "UP" if "up" in command.split() else "DOWN" if "down" in command.split() else None
        if up:
            wait_for(lambda: self.operstate() == up, f"{command} to be seen")

    def stop(self):
        if self.router:
            self.router.stop()


def settled(lines):
    """Without a link's passing state: the kernel looks after carriers at its leisure, so that a
    link that is set up is told of as down first, or not, with LOWER_UP or without."""
    out = []
    skip = False
    for line in lines:
        if not line.startswith(" "):
            skip = "NO-CARRIER" in line and "state DOWN" in line and \
                any("state UP" in later for later in lines)
        if not skip:
            out.append(line)
    return sorted(out) if any("state UP" in line for line in lines) else out


def events(end):
    """What the monitor says at each step: [(step, [events])]."""
    told = []
    with subprocess.Popen(end.words("stdbuf -oL ip monitor link address route neigh"),
                          stdout=subprocess.PIPE) as monitor:
        os.set_blocking(monitor.stdout.fileno(), False)
        text = ""

        def marked(number):
            nonlocal text
            end.run(f"ip route add blackhole 203.0.113.{number}")
            end.run(f"ip route del blackhole 203.0.113.{number}")
            text += (monitor.stdout.read() or b"").decode()
            return f"Deleted blackhole 203.0.113.{number}" in text

        wait_for(lambda: marked(200), "the monitor to listen")
        text = ""
        for number, step in enumerate(SCRIPT):
            end.step(step)
            wait_for(lambda n=number: marked(n), f"the end of {step}")
            lines = [line for line in text.splitlines() if "blackhole 203.0.113." not in line]
            text = ""
            for pattern, to in NORMAL:
                lines = [re.sub(pattern, to, line) for line in lines]
            told.append((step, settled([line for line in lines if line.strip()])))
        monitor.terminate()
    return told


def tells_what_the_kernel_tells():
    kernel, skiff = End("kernel", False), End("skiff", True)
    try:
        wrong = [f"\n{step}\n  kernel: " + "\n          ".join(want) +
                 "\n  skiff:  " + "\n          ".join(got)
                 for (step, want), (_, got) in zip(events(kernel), events(skiff)) if want != got]
        assert not wrong, "".join(wrong)
    finally:
        skiff.stop()


run_tests([tells_what_the_kernel_tells])
