#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Loads, withdraws and loads again a table of routes through the real `ip -batch` while a paced,
numbered UDP flow is forwarded: the kernel and skiffd in turn, in the same run.

Each round does this for both: add all, dump all while a part of them is replaced, withdraw all,
add all again, withdraw. Wall time of the ip command counts. Rounds begin with one and the other in
turn, each on memory that was touched just before: ip takes some 4 KB a route, and where a
hypervisor hands memory out at first touch, whoever came first paid for both. Run under tests/net/isolate, with
PYTHONPATH=tests/net and SKIFF_BUILD as for the network tests. Needs build/bench/skiff-bench (the
routes: a real table filled up with more-specifics) and build/bench/skiff-traffic (the flow).
Exit status: 0; 1 an error; 3 when frames went missing at skiffd, a route is missing, or a median
ratio is below --ratio.
"""
import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from skiffnet import BUILD, Failed, Host, SKIFF_RUN, Skiff, link, sh, wait_for

BENCH = os.path.join(BUILD, "bench", "skiff-bench")
TRAFFIC = os.path.join(BUILD, "bench", "skiff-traffic")
GATEWAYS = 32
GAP = 250   # us that the sender sleeps between lumps: one that turns instead takes a whole CPU
SINK = "02:00:00:00:00:99"  # nobody's: the receiver counts, the stack behind it does not answer
LUMP = 256  # frames by which a sender that had no CPU catches up: less than any receive ring
WARM = 6 << 10  # bytes a route: what ip and the router take
STEPS = ("add", "dump", "withdraw", "re-add")


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--routes", type=int, default=1000000, help="how many, at most 1000000")
    p.add_argument("--rounds", type=int, default=3, help="kernel and skiff in turn, so often")
    p.add_argument("--rate", type=int, default=100000, help="frames/s of the flow; 0: no flow")
    p.add_argument("--table", help="prefixes, one a line, .gz or plain; skiff-bench's by default")
    p.add_argument("--ratio", type=float, default=0.0, help="least skiff/kernel ratio of routes/s "
                   "(the medians of adding, withdrawing, adding again)")
    p.add_argument("--only", choices=("kernel", "skiff"), help="only one of the two")
    p.add_argument("--json", help="file for the figures, for plot.py too")
    return p.parse_args()


def write_batches(args, folder):
    """The four files of commands; returns how many routes there are."""
    words = [BENCH, f"--print_routes={args.routes}"]
    words += [f"--table={args.table}"] if args.table else []
    lines = sh(words, timeout=300).stdout.split("\n")[:-1]
    routes = []
    for line in lines:
        prefix, number = line.split()
        routes.append((prefix, f"via 198.51.100.{10 + int(number) % GATEWAYS}"))
    with open(f"{folder}/add", "w", encoding="ascii") as f:
        f.writelines(f"route add {p} {via}\n" for p, via in routes)
    with open(f"{folder}/del", "w", encoding="ascii") as f:
        f.writelines(f"route del {p}\n" for p, _ in routes)
    with open(f"{folder}/replace", "w", encoding="ascii") as f:
        f.writelines(f"route replace {p} via 198.51.100.{100 + i % GATEWAYS}\n"
                     for i, (p, _) in enumerate(routes[:len(routes) // 10]))
    return len(routes)


def warm_memory(routes):
    """Touches what the next round needs, so that the hypervisor has handed it out before."""
    with open("/proc/meminfo", encoding="ascii") as f:
        free = [int(line.split()[1]) << 10 for line in f if line.startswith("MemAvailable")][0]
    size = min(routes * WARM, free // 2)
    sh([sys.executable, "-c", "import mmap; mmap.mmap(-1, "
        f"{size}, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)"], timeout=300)


def mac(host, iface):
    return json.loads(host.run(f"ip -j link show {iface}").stdout)[0]["address"]


class Flow:
    """Numbered frames from left through the router to right, until stop()."""

    def __init__(self, args, left, right, router_mac):
        self.rate = args.rate
        if not self.rate:
            return
        self.process = subprocess.Popen(
            [TRAFFIC, "--tx", f"{left}/eth0", "--rx", f"{right}/eth0", "--rate", str(self.rate), "--lump", str(LUMP),
             "--gap", str(GAP),
             "--seconds", "100000", "--json", "--promisc", "--dst-mac", router_mac,
             "--src", "192.0.2.2", "--dst", "198.51.100.2", "--dport", "9", "--grace", "1"],
            stdout=subprocess.PIPE, text=True)

    def stop(self):
        if not self.rate:
            return {"sent": 0, "missing": 0, "sent_pps": 0}
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=30)
        if not out:
            raise Failed("the flow ended early")
        return json.loads(out)


class Peer:
    """A router between two hosts of its own, and how `ip` is run on it."""

    def __init__(self, name, args):
        self.name, self.args = name, args
        self.left, self.right = Host(name + "l"), Host(name + "r")
        self.figures = {step: [] for step in STEPS}
        self.lost = []

    def wire(self, host):
        link(self.left, "eth0", host, "eth0")
        link(self.right, "eth0", host, "eth1")

    def setup_commands(self):
        yield "addr add 192.0.2.1/24 dev eth0"
        yield "addr add 198.51.100.1/24 dev eth1"
        yield f"neigh add 198.51.100.2 lladdr {SINK} dev eth1 nud permanent"

    def ip_words(self, words):
        raise NotImplementedError

    def ip(self, words, **kwargs):
        return sh(self.ip_words(words.split()), timeout=900, **kwargs)

    def timed(self, step, path, count):
        start = time.monotonic()
        done = self.ip(f"-batch {path}", check=False)
        seconds = time.monotonic() - start
        if done.returncode or done.stderr:
            raise Failed(f"{self.name}: {step}: {done.stderr[:500]}")
        self.figures[step].append(count / seconds)

    def count(self):
        out = self.ip("-o route show table main").stdout
        return out.count(" via ")

    def dump_while_changing(self, folder, count):
        change = subprocess.Popen(self.ip_words(["-batch", f"{folder}/replace"]),
                                  stdout=subprocess.DEVNULL)
        dumps = 0
        start = time.monotonic()
        while dumps == 0 or change.poll() is None:
            found = self.count()
            dumps += 1
            if found < count:
                raise Failed(f"{self.name}: a dump under change shows {found} of {count} routes")
        self.figures["dump"].append(count * dumps / (time.monotonic() - start))
        if change.wait():
            raise Failed(f"{self.name}: replacing routes failed")

    def look_at_memory(self):
        """Keeps what the router says of its memory, where it says it."""

    def round(self, folder, count, say):
        flow = Flow(self.args, self.left.name, self.right.name, self.mac)
        try:
            self.timed("add", f"{folder}/add", count)
            if self.count() != count:
                raise Failed(f"{self.name}: {self.count()} routes of {count}")
            self.dump_while_changing(folder, count)
            self.look_at_memory()
            self.timed("withdraw", f"{folder}/del", count)
            self.timed("re-add", f"{folder}/add", count)
            if self.count() != count:
                raise Failed(f"{self.name}: {self.count()} routes of {count} the second time")
        finally:
            result = flow.stop()
        self.ip(f"-batch {folder}/del")
        # what the receiver itself had no time to take was forwarded
        self.lost.append(max(0, result["missing"] - result.get("receiver_dropped", 0)))
        rates = "  ".join(f"{s} {self.figures[s][-1]:9,.0f}/s" for s in STEPS)
        say(f"{self.name:7} {rates}  frames {result['sent']:,} at "
            f"{result.get('sent_pps', 0):,.0f}/s, missing {result['missing']:,}"
            f" (receiver full {result.get('receiver_dropped', 0):,})")


class Kernel(Peer):
    def __init__(self, args):
        super().__init__("kernel", args)
        self.host = Host("kernel")
        self.wire(self.host)
        self.host.sysctl("net.ipv4.ip_forward", "1")
        for command in self.setup_commands():
            self.ip(command)
        self.mac = mac(self.host, "eth0")

    def ip_words(self, words):
        return self.host.words(["ip", *words])


class SkiffPeer(Peer):
    def __init__(self, args):
        super().__init__("skiff", args)
        self.router = Skiff("skiff", "system workers 1\n"
                            "port add eth0 af_packet iface eth0\n"
                            "port add eth1 af_packet iface eth1\n"
                            "ip link set eth0 up\nip link set eth1 up\n")
        self.wire(self.router.host)
        self.router.start()
        for command in self.setup_commands():
            self.ip(command)
        self.mac = json.loads(self.ip("-j link show eth0").stdout)[0]["address"]
        wait_for(lambda: "LOWER_UP" in self.ip("link show eth1").stdout, "the link of eth1")

    def ip_words(self, words):
        return self.router.host.words([SKIFF_RUN, "-s", self.router.socket, "ip", *words])

    def look_at_memory(self):
        self.shown = self.router.json("show memory")
        with open(f"/proc/{self.router.process.pid}/status", encoding="ascii") as f:
            rss = [line.split()[1] for line in f if line.startswith("VmRSS")]
        self.shown["rss_kb"] = int(rss[0]) if rss else 0


def record(peers, figures, path):
    """As Google Benchmark writes it, for plot.py -k Kroutes_per_second; the rest is context."""
    medians = [{"name": f"routes/{peer.name}/{s}", "run_name": f"routes/{peer.name}/{s}",
                "run_type": "aggregate", "aggregate_name": "median",
                "Kroutes_per_second": figures[peer.name][s] / 1000, "runs": peer.figures[s]}
               for peer in peers for s in STEPS]
    with open(path, "w", encoding="ascii") as f:
        json.dump({"context": {"host_name": platform.node(), "machine": platform.processor(),
                               "kernel": platform.release(), "cpus": os.cpu_count(),
                               "load_avg": os.getloadavg(), **figures},
                   "benchmarks": medians}, f, indent=1)


def report(peers, args, count, say):
    figures = {"routes": count, "rate": args.rate, "rounds": args.rounds}
    for peer in peers:
        figures[peer.name] = {s: statistics.median(peer.figures[s]) for s in STEPS}
        figures[peer.name]["missing"] = sum(peer.lost)
        if hasattr(peer, "shown"):
            figures["memory"] = peer.shown
            say("skiff show memory: " + json.dumps(peer.shown))
    worst = None
    if len(peers) == 2:
        figures["ratio"] = {s: figures["skiff"][s] / figures["kernel"][s] for s in STEPS}
        worst = min(figures["ratio"][s] for s in STEPS if s != "dump")
        say("medians, routes/s:")
        for s in STEPS:
            say(f"  {s:9} kernel {figures['kernel'][s]:10,.0f}  skiff {figures['skiff'][s]:10,.0f}"
                f"  ratio {figures['ratio'][s]:.2f}")
    if args.json:
        record(peers, figures, args.json)
    if "skiff" in figures and figures["skiff"]["missing"]:
        return 3
    return 3 if worst is not None and worst < args.ratio else 0


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        count = write_batches(args, folder)
        peers = [kind(args) for name, kind in (("kernel", Kernel), ("skiff", SkiffPeer))
                 if args.only in (None, name)]
        print(f"{count:,} routes, {args.rate:,} frames/s, {args.rounds} rounds", flush=True)
        for turn in range(args.rounds):
            for peer in peers if turn % 2 == 0 else peers[::-1]:
                warm_memory(count)
                peer.round(folder, count, lambda text: print(text, flush=True))
        status = report(peers, args, count, print)
        for peer in peers:
            if isinstance(peer, SkiffPeer):
                peer.router.stop()
    sys.exit(status)


try:
    main()
except Failed as error:
    print(f"routes_load: {error}", file=sys.stderr)
    sys.exit(1)
