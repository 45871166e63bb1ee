#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tens of thousands of routes through the real `ip -batch`, on the kernel and on skiff: added,
replaced, withdrawn and added again while frames are forwarded by them; after each step both hold
the same routes and answer `ip route get` alike. bench/routes_load.py does a million, for speed."""
import ipaddress
import json
import os
import random
import re
import signal
import subprocess

from skiffnet import BUILD, Failed, Host, SKIFF_RUN, Skiff, link, run_tests, sh, wait_for

N = 20000
TRAFFIC = os.path.join(BUILD, "bench", "skiff-traffic")
RATE = 2000
FLOW_TO = "198.18.0.2"

# Reads a part of a dump, has a route changed, reads the rest: is the reader told?
INTERRUPTED = """
import socket, struct, subprocess, sys
def dump(between):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((0, 0))
    s.send(struct.pack("=IHHII12B", 28, 26, 0x301, 7, 0, 2, *([0] * 11)))
    routes, told, done = 0, False, False
    while not done:
        data = s.recv(65536)
        while len(data) >= 16:
            size, kind, flags, seq = struct.unpack_from("=IHHI", data)
            told |= bool(flags & 0x10)
            done |= kind == 3
            routes += kind == 24
            data = data[size + 3 & ~3:]
        if between:
            between()
            between = None
    return routes, told
still = dump(None)
changed = dump(lambda: subprocess.run(["ip", "route", "replace", "192.88.99.0/24", "via",
    "198.51.100.3"], check=True))
print(*still, *changed)
"""


def prefixes(count):
    """Distinct, nested as real ones are: short parents, most of them /24 in runs."""
    rnd, found = random.Random(7), {}
    while len(found) < count:
        size = rnd.choice((8, 12, 16, 18, 20, 22, 23, 24, 24, 24, 24, 28, 32))
        start = rnd.randrange(1 << 24, 190 << 24) >> (32 - size)
        for i in range(rnd.randrange(1, 9)):
            address = (start + i) << (32 - size)
            if (127 << 24) <= address < (128 << 24) or address + (1 << 32 - size) > 190 << 24 \
                    or (size == 8 and address == 126 << 24):
                continue
            found[address, size] = None
    return [*found][:count]


def dotted(address):
    return ".".join(str(address >> s & 255) for s in (24, 16, 8, 0))


ROUTES = [(address, size, f"{dotted(address)}/{size}") for address, size in prefixes(N)]
# Routes for the flow itself: whichever of them is there, its frames have a way.
OWN = [(FLOW_TO, size) for size in (32, 31, 28, 24, 20)]


def where(i):
    if i % 97 == 0:
        return ("blackhole", "unreachable", "prohibit")[i // 97 % 3], ""
    if i % 53 == 0:
        return "", (f" nexthop via 198.51.100.{20 + i % 5} weight 2"
                    f" nexthop via 198.51.100.{30 + i % 5}")
    return "", f" via 198.51.100.{3 + i % 16}" + (" metric 7 mtu 1400" if i % 31 == 0 else "")


def add_line(verb, i, prefix, shift=0):
    kind, rest = where(i + shift)
    return f"route {verb} {kind} {prefix}{rest}\n"


def own_lines(verb, gateway):
    for address, size in OWN:
        net = ipaddress.ip_network(f"{address}/{size}", strict=False)
        yield f"route {verb} {net} via 198.51.100.{gateway}\n"


def batch_file(name, lines):
    path = f"/run/{name}.batch"
    with open(path, "w", encoding="ascii") as f:
        f.writelines(lines)
    return path


def spread(lines, often):
    """The lines with the flow's own routes changed in between, again and again."""
    step = len(lines) // often + 1
    out = []
    for n, at in enumerate(range(0, len(lines), step)):
        out += [*own_lines("replace", 2 + n % 2), *lines[at:at + step]]
        out += own_lines("del", 2 + n % 2)
    return out


class Kernel:
    def __init__(self):
        self.host = Host("kernel")

    def ip(self, words, **kwargs):
        return self.host.run(["ip", *words.split()], **kwargs)


left, right, kernel = Host("left"), Host("right"), Kernel()
router = Skiff("router", """
system workers 1
port add eth0 af_packet iface eth0
port add eth1 af_packet iface eth1
ip link set eth0 up
ip link set eth1 up
""")
link(left, "eth0", router.host, "eth0")
link(right, "eth0", router.host, "eth1")
link(left, "k0", kernel.host, "eth0")
link(right, "k0", kernel.host, "eth1")
state = {}


def both():
    return (("kernel", kernel), ("skiff", router))


def right_mac():
    return json.loads(right.run("ip -j link show eth0").stdout)[0]["address"]


def starts():
    router.start()
    for _, peer in both():
        wait_for(lambda p=peer: "LOWER_UP" in p.ip("link show eth1").stdout, "the link of eth1")
        peer.ip("addr add 192.0.2.1/24 dev eth0")
        peer.ip("addr add 198.51.100.1/24 dev eth1")
        peer.ip("route add 198.18.0.0/15 via 198.51.100.2")
        for last in (2, 3):
            peer.ip(f"neigh add 198.51.100.{last} lladdr {right_mac()} dev eth1 nud permanent")
    state["before"] = routes_of(router)
    mac = json.loads(router.ip("-j link show eth0").stdout)[0]["address"]
    state["flow"] = subprocess.Popen(
        [TRAFFIC, "--tx", "left/eth0", "--rx", "right/eth0", "--rate", str(RATE), "--lump", "64",
         "--batch", "8", "--seconds", "1000", "--json", "--promisc", "--dst-mac", mac, "--src",
         "192.0.2.2", "--dst", FLOW_TO, "--grace", "1"], stdout=subprocess.PIPE, text=True)
    wait_for(lambda: router.json("show ports")[1]["tx_packets"] > 100,
             "the first frames of the flow")


def routes_of(peer):
    return sorted(re.sub(r"( linkdown)? *$", "", line)
                  for line in peer.ip("-o route show table main").stdout.splitlines())


def same_routes(count):
    want, got = routes_of(kernel), routes_of(router)
    if want != got:
        raise Failed(f"kernel {len(want)}, skiff {len(got)} routes; only in one: "
                     f"{sorted(set(want) ^ set(got))[:6]}")
    assert len(got) == count + len(state["before"]), (len(got), count)


def same_answers():
    rnd = random.Random(11)
    lines = [f"route get {dotted(a + rnd.randrange(1 << 32 - size))}\n" for a, size, _ in ROUTES]
    path, answers = batch_file("get", lines), {}
    for name, peer in both():
        done = peer.ip(f"-o -force -batch {path}", check=False)
        # each hashes flows with a key of its own: .20 and .30 are one route's two next hops
        said = re.sub(r" (uid \d+|cache)\b.*", "", done.stdout)
        said = re.sub(r"via 198\.51\.100\.3([0-4])\b", r"via 198.51.100.2\1", said)
        answers[name] = said.splitlines(), done.stderr.splitlines()
    for want, got in zip(answers["kernel"], answers["skiff"]):
        differ = [pair for pair in zip(want, got) if pair[0] != pair[1]]
        assert not differ and len(want) == len(got), (len(want), len(got), differ[:4])
    assert len(answers["skiff"][0]) > N * 9 // 10


def run_batch(lines, name):
    path = batch_file(name, lines)
    for who, peer in both():
        done = peer.ip(f"-batch {path}", check=False)
        assert done.returncode == 0 and not done.stderr, (who, done.stderr[:500])


def adds():
    run_batch(spread([add_line("add", i, p) for i, (_, _, p) in enumerate(ROUTES)], 50), "add")
    same_routes(N)
    same_answers()


def tells_a_reader_of_changes():
    done = sh(router.host.words([SKIFF_RUN, "-s", router.socket, "python3", "-c", INTERRUPTED]))
    still, told, changed, told_of_change = done.stdout.split()
    assert int(still) > N and told == "False", done.stdout
    assert int(changed) >= int(still) and told_of_change == "True", done.stdout
    router.ip("route del 192.88.99.0/24")


def dumps_while_changing():
    lines = [add_line("replace", i, p, 1) for i, (_, _, p) in enumerate(ROUTES)
             if i % 2 and where(i)[1].find("metric") < 0 and where(i + 1)[1].find("metric") < 0]
    path = batch_file("replace", spread(lines, 50))
    change = router.host.popen([SKIFF_RUN, "-s", router.socket, "ip", "-batch", path],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    dumps = 0
    fixed = {p.removesuffix("/32") for i, (_, _, p) in enumerate(ROUTES) if not i % 2}
    while dumps == 0 or change.poll() is None:
        words = [line.split() for line in router.ip("route show table main").stdout.splitlines()]
        seen = {w[1] if w[0] in ("blackhole", "unreachable", "prohibit") else w[0]
                for w in words if w}
        assert fixed <= seen, f"a dump under change lacks {sorted(fixed - seen)[:5]}"
        dumps += 1
    assert change.wait() == 0, change.stdout.read()
    kernel.ip(f"-batch {path}")
    same_routes(N)
    same_answers()


def withdraws_and_adds_again():
    some = [(i, p) for i, (_, _, p) in enumerate(ROUTES) if i % 3 == 0]
    run_batch(spread([f"route del {p}\n" for _, p in some], 20), "del")
    same_routes(N - len(some))
    same_answers()
    run_batch(spread([add_line("add", i, p, 5) for i, p in some], 20), "again")
    same_routes(N)
    same_answers()


def withdraws_all():
    path = batch_file("all", spread([f"route del {p}\n" for _, _, p in ROUTES], 20))
    router.ip(f"-batch {path}")
    left_over = sorted(set(routes_of(router)) ^ set(state["before"]))
    assert not left_over, left_over[:6]
    memory = router.json("show memory")["routing"]
    assert memory["prefixes"] < 100 and memory["fib_infos"] < 20, memory


def lost_no_frame():
    state["flow"].send_signal(signal.SIGINT)
    out, _ = state["flow"].communicate(timeout=30)
    flow = json.loads(out)
    # what the receiver itself had no time to take was forwarded
    lost = flow["missing"] - flow["receiver_dropped"]
    assert flow["sent"] > RATE and lost <= 0 and flow["corrupt"] == 0, \
        f"{flow}\n{router.skiff('show drops').stdout}{router.skiff('show ports').stdout}"
    ledger = router.json("show ledger")
    assert ledger["gap"] == 0, ledger
    router.stop()


run_tests([starts, adds, tells_a_reader_of_changes, dumps_while_changing,
           withdraws_and_adds_again, withdraws_all, lost_no_frame])
