#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What nstat, netstat and monitoring agents read: a kernel router and a skiff router get the same
traffic from kernel hosts and must have counted the same."""
import re

from skiffnet import SKIFF_RUN, Failed, Host, Skiff, link, run_tests, sh, wait_for

CONFIG = """
system workers 1
port add eth0 af_packet iface in0
port add eth1 af_packet iface in1
ip addr add 192.0.2.1/24 dev eth0
ip addr add 198.51.100.1/24 dev eth1
ip link set eth0 up
ip link set eth1 up
"""
ECN = {"InNoECTPkts", "InECT1Pkts", "InECT0Pkts", "InCEPkts"}
SEND = "import socket,sys;s=socket.socket(2,socket.{0});s.setsockopt(1,6,1);s.sendto(b'x',({1}))"


class Way:
    """host -- router -- host; the router is the kernel's or skiff's."""

    def __init__(self, name, router):
        self.left, self.right = Host(name + "l"), Host(name + "r")
        self.router = router

    def wire(self, host, near, far):
        link(self.left, "eth0", host, near)
        link(self.right, "eth0", host, far)
        for end, net in (self.left, "192.0.2"), (self.right, "198.51.100"):
            end.run(f"ip addr add {net}.2/24 dev eth0")
            end.run(f"ip route add default via {net}.1")
            # nothing of the hosts' own accord
            end.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1")

    def files(self):
        return {name: self.run("cat /proc/net/" + name).stdout for name in ("snmp", "netstat")}

    def counters(self):
        found = {}
        for text in self.files().values():
            lines = text.splitlines()
            for names, values in zip(lines[::2], lines[1::2]):
                group = names.split(":")[0]
                assert values.startswith(group + ":"), (names, values)
                pairs = zip(names.split()[1:], values.split()[1:], strict=True)
                found |= {group + name: int(value) for name, value in pairs}
        return found

    def change(self, act, settled):
        """What act() made of the counters, once settled() holds of the change."""
        before, change = self.counters(), {}
        act(self)

        def settle():
            now = self.counters()
            change.clear()
            change.update({name: now[name] - before.get(name, 0) for name in now
                           if now[name] != before.get(name, 0)})
            return settled(change)

        try:
            wait_for(settle, "the counters", seconds=30)
        except Failed:
            pass  # told by the comparison
        return {name: n for name, n in change.items() if name not in LEFT_OUT and
                not name.startswith(("Tcp", "MPTcp")) and not name.endswith("ECTPkts")}


class KernelWay(Way):
    def __init__(self):
        super().__init__("k", Host("kernel"))
        self.wire(self.router, "eth0", "eth1")
        self.router.run("ip addr add 192.0.2.1/24 dev eth0")
        self.router.run("ip addr add 198.51.100.1/24 dev eth1")
        self.router.sysctl("net.ipv4.ip_forward", "1")
        self.router.sysctl("net.ipv6.conf.all.disable_ipv6", "1")

    def run(self, words, **kwargs):
        return self.router.run(words, **kwargs)


class SkiffWay(Way):
    def __init__(self):
        super().__init__("s", Skiff("skiff", CONFIG))
        self.wire(self.router.host, "in0", "in1")
        self.router.start()

    def run(self, words, **kwargs):
        words = words.split() if isinstance(words, str) else words
        return self.router.host.run([SKIFF_RUN, "-s", self.router.socket, *words], **kwargs)


LEFT_OUT = set()
kernel, skiff = KernelWay(), SkiffWay()
if "IpOutTransmits" not in kernel.counters():
    # kernels before 6.7 counted what they forwarded twice
    LEFT_OUT |= {"IpOutTransmits", "IpExtOutOctets"}


def ping(*options):
    return lambda way: way.left.run(["ping", "-n", "-c", "1", "-W", "1", *options], check=False)


def udp(where):
    return lambda way: way.left.run(["python3", "-c", SEND.format("SOCK_DGRAM", where)])


def raw(where):
    return lambda way: way.left.run(["python3", "-c", SEND.format("SOCK_RAW,253", where)])


def files_have_the_kernels_form():
    """The same keys in the same order, but those that skiff says it does not have."""
    for name in "snmp", "netstat":
        theirs, ours = kernel.files()[name], skiff.files()[name]
        lines = [line.split() for line in theirs.splitlines()[::2]]
        mine = [line.split() for line in ours.splitlines()[::2]]
        want = [[word for word in line if word not in ECN] for line in lines
                if line[0] not in ("MPTcpExt:", "IcmpMsg:")]
        shown = [line for line in mine if line[0] != "IcmpMsg:"]
        assert [line[0] for line in shown] == [line[0] for line in want]
        for a, b in zip(shown, want):
            # kernels differ in what TCP counts; what both have is in one order
            both = set(a) & set(b)
            assert [w for w in a if w in both] == [w for w in b if w in both], (a, b)
            if a[0] not in ("TcpExt:", "Ip:"):
                assert a == b, (a, b)
    for name in "sockstat", "sockstat6":
        form = [re.sub(r"\d+", "0", way.run("cat /proc/net/" + name).stdout)
                for way in (kernel, skiff)]
        assert form[0] == form[1], form


def same_traffic_counts_the_same():
    for way in kernel, skiff:  # neighbours are known, ARP is done
        wait_for(lambda: " 0%" in ping("198.51.100.2")(way).stdout, "the way through")
        ping("192.0.2.1")(way)
    cases = {
        "ping the router": ping("192.0.2.1"),
        "ping through": ping("198.51.100.2"),
        "pieces through": ping("-s", "3000", "198.51.100.2"),
        "pieces to the router": ping("-s", "3000", "192.0.2.1"),
        "no route": ping("203.0.113.1"),
        "all hosts": ping("224.0.0.1"),
        "another group": ping("239.1.1.1"),
        "broadcast": ping("-b", "192.0.2.255"),
        "limited broadcast": ping("-b", "255.255.255.255"),
        "TTL": ping("-t", "1", "198.51.100.2"),
        "no port": udp("'192.0.2.1',999"),
        "broadcast to no port": udp("'192.0.2.255',999"),
        "group to no port": udp("'224.0.0.1',999"),
        "unknown protocol": raw("'192.0.2.1',0"),
    }
    for name, act in cases.items():
        want = kernel.change(act, lambda change: "IpInReceives" in change)
        got = skiff.change(act, lambda change: change.items() >= want.items())
        assert got == want and want, f"{name}: skiff {got}, the kernel {want}"


def smaller_links_count_the_same():
    kernel.run("ip link set eth1 mtu 1200")
    skiff.run("ip link set eth1 mtu 1200")
    for name, options in (("cut", "dont"), ("not to be cut", "do")):
        act = ping("-M", options, "-s", "1400", "198.51.100.2")
        for way in kernel, skiff:
            way.left.run("ip route flush cache")
        want = kernel.change(act, lambda change: "IpFragFails" in change or
                             change.get("IpFragCreates", 0) >= 2)
        want.pop("IpForwDatagrams", None)  # of what cannot be cut, newer kernels count it
        got = skiff.change(act, lambda change: change.items() >= want.items())
        got.pop("IpForwDatagrams", None)
        assert got == want, f"{name}: skiff {got}, the kernel {want}"
    kernel.run("ip link set eth1 mtu 1500")
    skiff.run("ip link set eth1 mtu 1500")


def tools_read_them():
    """nstat, netstat -s, ss -s: their figures are skiff's."""
    received = skiff.counters()["IpInReceives"]
    shown = skiff.run("nstat -asz").stdout
    assert re.search(rf"^IpInReceives +{received} ", shown, re.M), shown
    assert re.search(r"^IpExtInMcastPkts +[1-9]", shown, re.M), shown
    shown = skiff.run("netstat -s -4").stdout
    assert f"{received} total packets received" in shown, shown
    assert "Forwarding: 1" in shown and "TCP:   0" in skiff.run("ss -s").stdout
    # a row of its own as well
    assert f" {received} " in skiff.router.skiff("show proc snmp").stdout
    for words, why in (("show proc", "one of snmp"), ("show proc fib", "one of snmp"),
                       ("-j show proc snmp", "not JSON")):
        done = skiff.router.skiff(words, check=False)
        assert done.returncode == 2 and why in done.stderr, (words, done)


run_tests([files_have_the_kernels_form, same_traffic_counts_the_same,
           smaller_links_count_the_same, tools_read_them])
