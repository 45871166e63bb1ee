#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""VLANs, and VLANs on VLANs, with a host whose frames are made by hand: ARP and ping over one tag and
two, 802.1Q and 802.1ad, each answered with the same tags in the same order."""
from skiffnet import Host, Skiff, link, run_tests

CONFIG = """
system workers 1
port add wan af_packet iface in0
ip link set wan up
ip link add link wan name q type vlan id 5
ip link add link wan name s type vlan protocol 802.1ad id 7
ip link add link s name s.q type vlan id 9
ip link add link q name q.q type vlan id 9
ip link set q up
ip link set s up
ip link set s.q up
ip link set q.q up
ip addr add 192.0.2.1/24 dev wan
ip addr add 192.0.3.1/24 dev q
ip addr add 192.0.4.1/24 dev s.q
ip addr add 192.0.5.1/24 dev q.q
"""
# Asks for the router's address, answers its question, pings with much and little; all with the tags.
PEER = r"""
import socket, struct, sys, time
net, tags, size = sys.argv[1], bytes.fromhex(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("eth0", 0))
s.setsockopt(263, 8, 1)    # PACKET_AUXDATA: a tag that the kernel took out
me, ip, to = s.getsockname()[4], socket.inet_aton(net + ".2"), socket.inet_aton(net + ".1")

def csum(b):
    n = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    n = (n >> 16) + (n & 0xffff)
    return ~(n + (n >> 16)) & 0xffff

def frames(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        s.settimeout(max(end - time.monotonic(), 0.01))
        try:
            data, extra, _, a = s.recvmsg(2000, 256)
        except TimeoutError:
            return
        if a[2] == 4:    # PACKET_OUTGOING
            continue
        status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", extra[0][2])
        if status & 16:    # TP_STATUS_VLAN_VALID
            data = data[:12] + struct.pack("!HH", tpid if status & 64 else 0x8100, tci) + data[12:]
        head = 12 + len(tags)
        if data[12:head] == tags and data[head:head + 2] in (b"\x08\x06", b"\x08\x00"):
            yield data[6:12], data[head:head + 2], data[head + 2:]
        elif data[12:14] in (b"\x08\x06", b"\x08\x00", b"\x81\x00", b"\x88\xa8"):
            print("other tags", data[12:24].hex())

def arp(op, mac, target):
    s.send(mac + me + tags + struct.pack("!HHHBBH", 0x806, 1, 0x800, 6, 4, op) + me + ip + target + to +
           bytes(18))

arp(1, b"\xff" * 6, bytes(6))
router = next(mac for mac, kind, body in frames(30) if kind == b"\x08\x06" and body[7] == 2)
icmp = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + bytes(size)
icmp = icmp[:2] + struct.pack("!H", csum(icmp)) + icmp[4:]
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, 0, ip, to)
head = head[:10] + struct.pack("!H", csum(head)) + head[12:]
s.send(router + me + tags + b"\x08\x00" + head + icmp)
for mac, kind, body in frames(30):
    if kind == b"\x08\x06" and body[7] == 1 and body[24:28] == ip:
        arp(2, mac, mac)    # who has you
    elif kind == b"\x08\x00" and body[9] == 1 and body[20] == 0:
        print("answer", len(body) - 28)
        break
"""
host, router = Host("host"), Skiff("router", CONFIG)
link(host, "eth0", router.host, "in0")


def starts():
    router.start()


def answered(net, tags, size):
    out = host.run(["python3", "-c", PEER, net, tags, str(size)], timeout=80, check=False)
    assert out.stdout == f"answer {size}\n", (net, tags, size, out)


def frames_carry_their_tags():
    """Of full length, but that the kernel's AF_PACKET allows for a tag more where it is 802.1Q only."""
    for net, tags, most in (("192.0.2", "", 1472), ("192.0.3", "81000005", 1472),
                            ("192.0.4", "88a8000781000009", 1464), ("192.0.5", "8100000581000009", 1468)):
        for size in (18, 100, most):
            answered(net, tags, size)
            router.ip("neigh flush all")
    shown = router.ip("-s link show s.q").stdout
    assert "s.q@s:" in shown and "mtu 1496" in shown, shown


def the_second_tag_is_bounded():
    for words, why in (("link set s.q mtu 1497", "Numerical result out of range"),
                       ("link add link s.q name t type vlan id 1", "on ports and on their VLANs only")):
        done = router.ip(words, check=False)
        assert done.returncode and why in done.stderr, (words, done)
    router.ip("link set wan mtu 1400")
    assert "mtu 1396" in router.ip("link show q.q").stdout
    router.ip("link set wan mtu 1500")


def they_come_and_go_together():
    """Down, up and gone with what they stand on; and back from a file."""
    text = router.skiff("save").stdout
    router.ip("link set s down")
    assert "state LOWERLAYERDOWN" in router.ip("link show s.q").stdout or (
        "state DOWN" in router.ip("link show s.q").stdout)
    router.ip("link set s up")
    assert "state UP" in router.ip("link show s.q").stdout, router.ip("link show s.q").stdout
    answered("192.0.4", "88a8000781000009", 64)
    router.ip("link del q")
    shown = router.ip("link show").stdout
    assert "q.q" not in shown and "s.q@s" in shown, shown
    ledger = router.json("show ledger")
    assert ledger["gap"] == 0, ledger
    router.stop()
    with open(router.config, "w", encoding="utf-8") as out:
        out.write(text)
    router.start()
    for net, tags in ("192.0.4", "88a8000781000009"), ("192.0.5", "8100000581000009"):
        answered(net, tags, 64)
    router.stop()


run_tests([starts, frames_carry_their_tags, the_second_tag_is_bounded, they_come_and_go_together])
