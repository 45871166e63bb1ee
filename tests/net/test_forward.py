#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One skiff router between two kernel hosts: what a router must do, seen by the real tools."""
import json
import os
import re
import subprocess

from skiffnet import (SKIFF_RUN, Failed, Host, Skiff, carry_tcp, iperf, link, run_tests, sh,
                      wait_for)

CONFIG = """
system workers 1
port add wan af_packet iface eth0
port add lan af_packet iface eth1
ip addr add 192.0.2.1/24 dev wan
ip addr add 198.51.100.1/24 dev lan
ip link set wan up
ip link set lan up
"""

left, right = Host("left"), Host("right")
router = Skiff("router", CONFIG)
link(left, "eth0", router.host, "eth0")
link(right, "eth0", router.host, "eth1")
for host, net in ((left, "192.0.2"), (right, "198.51.100")):
    host.run(f"ip addr add {net}.2/24 dev eth0")
    host.run(f"ip route add default via {net}.1")


def ping(host, where, *options, count=3):
    """After the first answer ping itself waits no longer than two round trips for the last one,
    unless it has a deadline (-w): then it goes on until `count` answers have come."""
    return host.run(["ping", "-n", "-c", str(count), "-i", "0.05", "-w", "30", *options, where],
                    check=False)


def refused(host, where):
    """What ping says of one request that nobody answers."""
    return host.run(["ping", "-n", "-c", "1", "-W", "30", where], check=False).stdout


def received(done):
    match = re.search(r"(\d+) received", done.stdout)
    return int(match.group(1)) if match else 0


def starts():
    router.start()


def answers_ping():
    assert received(ping(left, "192.0.2.1")) >= 3, "the router's near address"
    assert received(ping(left, "198.51.100.1")) >= 3, "the router's far address"


def forwards_every_size():
    assert received(ping(left, "198.51.100.2")) >= 3
    for size in (0, 1, 7, 8, 17, 18, 19, 55, 56, 57, 255, 256, 1023, 1024, 1400, 1471, 1472):
        done = ping(left, "198.51.100.2", "-s", str(size), count=2)
        assert received(done) >= 2, f"size {size}: {done.stdout}"


def decrements_ttl():
    done = ping(left, "198.51.100.2", count=1)
    assert "ttl=63" in done.stdout, done.stdout


def lane_packets():
    rows = router.json("show workers")
    rows = rows if isinstance(rows, list) else rows["workers"]
    return sum(row["lane_packets"] for row in rows)


def neighbour_state():
    return json.loads(router.ip("-j neigh show 198.51.100.2 dev lan").stdout)[0]["state"]


def goes_by_the_lane():
    """The control thread tells the workers of a host, and of a route that went, when it gets to it."""
    before = lane_packets()
    return received(ping(left, "198.51.100.2", count=1)) == 1 and lane_packets() - before >= 2


def hosts_on_link_go_by_the_lane():
    """Both hosts are attached to the router: no gateway is on the way, yet the lane serves them,
    and what goes by it keeps the neighbour's state moving as Linux's would."""
    wait_for(goes_by_the_lane, "the lane to serve both hosts")
    before = lane_packets()
    assert received(ping(left, "198.51.100.2", count=20)) >= 20
    assert lane_packets() - before >= 36, (before, lane_packets())
    assert "198.51.100.2 " not in router.ip("route show table all").stdout
    assert router.json("show memory")["links"]["adjacencies"] >= 2
    mac = json.loads(right.run("ip -j link show eth0").stdout)[0]["address"]
    router.ip(f"neigh change 198.51.100.2 dev lan lladdr {mac} nud stale")
    assert neighbour_state() == ["STALE"]
    assert received(ping(left, "198.51.100.2", count=1)) >= 1
    state = neighbour_state()
    assert state in (["DELAY"], ["PROBE"], ["REACHABLE"]), state
    before = lane_packets()
    assert received(ping(left, "198.51.100.2", count=5)) >= 5
    assert lane_packets() - before >= 8, (before, lane_packets())
    wait_for(lambda: neighbour_state() == ["REACHABLE"], "the answer to a probe")
    # a route over the host's address goes first, and no longer hides it when it goes
    router.ip("route add blackhole 198.51.100.2/32")
    assert received(ping(left, "198.51.100.2", "-w", "1", count=1)) == 0
    router.ip("route del 198.51.100.2/32")
    before = lane_packets()
    assert received(ping(left, "198.51.100.2", count=5)) >= 5
    assert lane_packets() - before >= 8, (before, lane_packets())


def forwards_fragments():
    for size in (1473, 2000, 4000, 8000, 65507):
        done = ping(left, "198.51.100.2", "-s", str(size), count=2)
        assert received(done) >= 2, f"size {size}: {done.stdout}"


def reassembles_for_itself():
    for size in (1473, 4000, 20000):
        done = ping(left, "192.0.2.1", "-s", str(size), count=2)
        assert received(done) >= 2, f"size {size}: {done.stdout}"


def says_frag_needed():
    router.ip("link set lan mtu 1200")
    right.run("ip link set eth0 mtu 1200")  # as both ends of a link have
    try:
        done = ping(left, "198.51.100.2", "-s", "1400", "-M", "do", count=2)
        assert received(done) == 0
        assert "mtu = 1200" in done.stdout + done.stderr or "mtu=1200" in done.stdout + done.stderr, \
            done.stdout + done.stderr
        done = ping(right, "192.0.2.2", "-s", "100", count=1)
        assert received(done) == 1
        left.run("ip route flush cache")
        done = ping(left, "198.51.100.2", "-s", "1400", "-M", "dont", count=2)
        assert received(done) >= 2, "fragments where DF is not set: " + done.stdout
    finally:
        router.ip("link set lan mtu 1500")
        right.run("ip link set eth0 mtu 1500")
        left.run("ip route flush cache")


def traceroute_shows_the_router():
    done = left.run(["traceroute", "-n", "-q", "1", "-w", "20", "-m", "4", "198.51.100.2"])
    hops = re.findall(r"^ ?\d+ +(\S+)", done.stdout, re.M)
    assert hops == ["192.0.2.1", "198.51.100.2"], done.stdout
    done = left.run(["traceroute", "-I", "-n", "-q", "1", "-w", "20", "-m", "4", "198.51.100.2"])
    assert re.findall(r"^ ?\d+ +(\S+)", done.stdout, re.M) == ["192.0.2.1", "198.51.100.2"]


def tells_unreachables():
    assert "Destination Net Unreachable" in refused(left, "203.0.113.9")
    assert "Destination Host Unreachable" in refused(left, "198.51.100.77")
    for kind, text in (("unreachable", "Destination Host Unreachable"),
                       ("prohibit", "Packet filtered")):
        router.ip(f"route add {kind} 203.0.113.0/24")
        told = refused(left, "203.0.113.9")
        router.ip(f"route del {kind} 203.0.113.0/24")
        assert text in told, f"{kind}: {told}"
    router.ip("route add blackhole 203.0.113.0/24")
    told = left.run("ping -n -c 1 -W 1 203.0.113.9", check=False).stdout
    router.ip("route del blackhole 203.0.113.0/24")
    assert "nreachable" not in told and "0 received" in told, told


def refuses_connections_at_once():
    done = left.run(["python3", "-c", """
import socket
for kind, name in ((socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")):
    s = socket.socket(socket.AF_INET, kind)
    s.settimeout(30)
    try:
        s.connect(("192.0.2.1", 9))
        s.send(b"x")
        s.recv(1)
    except ConnectionRefusedError:
        print(name, "refused")
"""])
    assert done.stdout.split() == ["tcp", "refused", "udp", "refused"], done.stdout


def carries_tcp_both_ways():
    for options in ((), ("-R",)):
        carry_tcp(left, right, "198.51.100.2", *options, seconds=2)


def reassembled():
    names, values = [line.split() for line in right.run("cat /proc/net/snmp").stdout.splitlines()
                     if line.startswith("Ip:")]
    return int(values[names.index("ReasmOKs")])


def cuts_large_frames_for_a_small_mtu():
    """TCP without DF in frames of many packets, each of them longer than the way out takes: what
    the sender's kernel would have done with them, the router does. Nothing comes back: a veth takes
    nothing longer than its MTU, but super-frames."""
    left.sysctl("net.ipv4.ip_no_pmtu_disc", 1)
    router.ip("link set lan mtu 1000")  # the host behind it keeps 1500: it announces a larger MSS
    try:
        before = reassembled()
        wait_for(lambda: carry_tcp(left, right, "198.51.100.2", back=False) and
                 reassembled() - before > 500,
                 "500 datagrams in fragments", seconds=60)
    finally:
        left.sysctl("net.ipv4.ip_no_pmtu_disc", 0)
        router.ip("link set lan mtu 1500")
        left.run("ip route flush cache")


def carries_udp():
    before = right.udp_overruns() + router.missed()
    end = iperf(left, right, "198.51.100.2", "-u", "-b", "20M", "-l", "1000")
    full = right.udp_overruns() + router.missed() - before
    assert end["sum"]["lost_packets"] <= full, (end["sum"], full)


SEGMENTS = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_IP, 10, 0)    # no path MTU discovery: may be cut
s.setsockopt(17, 103, int(sys.argv[2]))    # UDP_SEGMENT
s.connect((sys.argv[1], 7777))
for i in range(10):
    s.send(b"".join(b"%08d" % n for n in range(i * 1000, i * 1000 + 5501)))
"""
TAKES = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)    # SO_RCVBUFFORCE
s.bind(("0.0.0.0", 7777))
s.settimeout(10)
print("bound", flush=True)
data, sizes = [], set()
while sum(map(len, data)) < 440080:
    data.append(s.recv(65536))
    sizes.add(len(data[-1]))
want = b"".join(b"".join(b"%08d" % n for n in range(i * 1000, i * 1000 + 5501)) for i in range(10))
print(sorted(sizes), b"".join(data) == want)
"""


def dropped(reason):
    return {row["reason"]: row["packets"] for row in router.json("show drops -a")}[reason]


def cuts_udp_super_frames():
    """What a sender hands over whole (UDP_SEGMENT) arrives as its datagrams, sums right, in order,
    also where a datagram is too long for the next link, and where it is not."""
    before = dropped("tx_gso")
    for mtu, size in ((1500, 1400), (1200, 1400), (1200, 1000)):
        router.ip(f"link set lan mtu {mtu}")
        taker = right.popen(["python3", "-c", TAKES], stdout=subprocess.PIPE)
        try:
            assert taker.stdout.readline() == "bound\n"
            left.run(["python3", "-c", SEGMENTS, "198.51.100.2", str(size)])
            told = taker.communicate(timeout=20)[0]
        finally:
            taker.kill()
            router.ip("link set lan mtu 1500")
        assert told == f"[{44008 % size}, {size}] True\n", (mtu, size, told)
    assert dropped("tx_gso") == before, dropped("tx_gso")


def sysctl(words, **kwargs):
    return router.skiff("sysctl " + words, **kwargs).stdout


def obeys_the_conf_of_each_interface():
    """net.ipv4.conf: set by skiff's own sysctl, seen by ip, obeyed by the interface alone."""
    monitor = router.host.popen([SKIFF_RUN, "-s", router.socket, "ip", "monitor", "netconf"],
                                stdout=subprocess.PIPE)
    os.set_blocking(monitor.stdout.fileno(), False)
    heard = ""

    def told(text):
        nonlocal heard
        try:
            heard += os.read(monitor.stdout.fileno(), 65536).decode()
        except BlockingIOError:
            pass
        return text in heard

    def toggled():
        """Until the monitor listens: it says nothing of its own before."""
        sysctl("net.ipv4.conf.default.forwarding=0")
        sysctl("net.ipv4.conf.default.forwarding=1")
        return told("default")

    try:
        wait_for(toggled, "ip monitor to listen")
        sysctl("net.ipv4.conf.wan.forwarding=0")
        assert sysctl("net.ipv4.conf.wan.forwarding") == "net.ipv4.conf.wan.forwarding = 0\n"
        wait_for(lambda: told("inet wan forwarding off"), "the notification")
    finally:
        monitor.kill()
        monitor.wait()
    shown = json.loads(router.ip("-j netconf show dev wan").stdout)[0]
    assert shown["forwarding"] is False, shown
    assert received(ping(left, "198.51.100.2", "-w", "1", count=1)) == 0
    assert received(ping(left, "192.0.2.1", count=1)) >= 1, "it is a host still"
    assert "net.ipv4.conf.wan.forwarding=0\n" in router.skiff("save").stdout
    sysctl("-w net.ipv4.conf.wan.forwarding=1")
    assert received(ping(left, "198.51.100.2", count=1)) >= 1
    sysctl("net.ipv4.ip_forward=0")
    assert received(ping(left, "198.51.100.2", "-w", "1", count=1)) == 0
    sysctl("net.ipv4.ip_forward=1")
    assert received(ping(left, "198.51.100.2", count=1)) >= 1
    for words, text in (("net.ipv4.conf.wan.rp_filter=1", "one of: forwarding"),
                        ("net.ipv4.conf.nosuch.forwarding=1", "no interface 'nosuch'"),
                        ("net.ipv4.conf.wan.forwarding=yes", "not a number"),
                        ("net.ipv4.conf.wan.accept_redirects=1", "never a redirect"),
                        ("kernel.hostname=x", "not known here")):
        done = router.skiff("sysctl " + words, check=False)
        assert done.returncode and text in done.stderr, (words, done.stderr)


def logs_martians():
    sysctl("net.ipv4.conf.wan.log_martians=1")
    left.run("ip addr add 127.1.2.3/32 dev eth0")
    left.sysctl("net.ipv4.conf.eth0.route_localnet", 1)

    def logged():
        ping(left, "198.51.100.2", "-I", "127.1.2.3", "-W", "1", "-w", "1", count=1)
        with open(router.log, encoding="utf-8") as text:
            return "martian source 198.51.100.2 from 127.1.2.3, on dev wan" in text.read()

    wait_for(logged, "the line in the log")
    left.run("ip addr del 127.1.2.3/32 dev eth0")
    sysctl("net.ipv4.conf.wan.log_martians=0")


def loads_what_it_saved():
    sysctl("net.ipv4.conf.lan.send_redirects=0")
    saved = router.skiff("save").stdout
    assert "sysctl net.ipv4.conf.lan.send_redirects=0\n" in saved, saved
    lines = [line for line in saved.splitlines() if line.startswith("sysctl")]
    sysctl("net.ipv4.conf.lan.send_redirects=1")
    path = "/run/part.conf"
    with open(path, "w", encoding="utf-8") as out:
        out.write("ip link set lan alias x\n" + "\n".join(lines) + "\n")
    router.skiff(f"load {path}")
    assert sysctl("net.ipv4.conf.lan.send_redirects").endswith("= 0\n")
    with open(path, "w", encoding="utf-8") as out:
        out.write("sysctl net.ipv4.conf.lan.send_redirects=1\nip link set nosuch up\n")
    assert router.skiff(f"load {path}", check=False).returncode
    assert sysctl("net.ipv4.conf.lan.send_redirects").endswith("= 0\n"), "all or nothing"
    sysctl("net.ipv4.conf.lan.send_redirects=1")


def ledger_closes():
    ledger = router.json("show ledger")
    assert ledger["gap"] == 0, ledger


def stops_cleanly():
    router.stop()
    names = sh(router.host.words("ip -br link")).stdout
    assert "eth0" in names and "eth1" in names
    done = ping(left, "192.0.2.1", "-w", "1", count=1)
    assert received(done) == 0


run_tests([starts, answers_ping, forwards_every_size, decrements_ttl,
           hosts_on_link_go_by_the_lane, forwards_fragments, reassembles_for_itself,
           says_frag_needed, traceroute_shows_the_router, tells_unreachables,
           refuses_connections_at_once, carries_tcp_both_ways, cuts_large_frames_for_a_small_mtu,
           carries_udp, cuts_udp_super_frames, obeys_the_conf_of_each_interface,
           logs_martians, loads_what_it_saved, ledger_closes, stops_cleanly])
