#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Transcripts of the real `ip`: recorded on the kernel, replayed on skiff's control plane.

golden/NAME.ip holds commands, golden/NAME.out what the kernel answered: output, error text and
exit status. `test_golden.py --record` writes the .out files anew from this machine's kernel;
`--kernel` compares the kernel with them. golden/own_NAME.ip are commands that this kernel cannot
do (VLANs, dummies) or that skiff refuses in its own words: their .out files are skiff's answers,
read by a person and then kept. The line `carrier LINK on|off`: the link's other end goes up, down.
`monitor WORDS` starts `ip monitor WORDS`, whose output up to the last line's change is the end.
"""
import json
import os
import re
import signal
import subprocess
import sys

from skiffnet import BUILD, Failed, sh, wait_for

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
RUN = os.path.join(BUILD, "shim", "skiff-run")
SERVER = os.path.join(BUILD, "tests", "net", "skiff-cp-test")
SOCKET = "/run/golden.sock"
MACS = {"eth0": "02:00:00:00:00:01", "eth1": "02:00:00:00:00:02"}

# What the two cannot have in common: numbers, queueing, what lies behind a veth.
TEXT = [
    (r"^(Deleted )?\d+: (?=\w+[ :@])", r"\1N: "), (r"\bdev if\d+", "dev N"), (r"@if\d+", ""), (r" link-netns(id)? \S+", ""),
    (r"qdisc \S+", "qdisc Q"), (r"used \d+/\d+/\d+", "used T"), (r" probes \d+", ""),
    (r"uid \d+", "uid U"), (r"^(\S+) +", r"\1 "), (r" addrgenmode \S+", ""), (r" numtxqueues.*", ""),
    (r"(valid_lft|preferred_lft) \d+sec", r"\1 Tsec"), (r" ref \d+", ""),
    (r" permaddr \S+", ""), (r"^    veth *$", ""),
]
JSON_KEYS = {"ifindex", "link_index", "link_netnsid", "qdisc", "used", "confirmed", "updated",
             "permaddr", "parentbus", "parentdev", "probes", "uid", "refcnt", "inet6_addr_gen_mode", "num_tx_queues", "num_rx_queues",
             "gso_max_size", "gso_max_segs", "tso_max_size", "tso_max_segs", "gro_max_size",
             "gso_ipv4_max_size", "gro_ipv4_max_size"}


def normal_json(value):
    if isinstance(value, dict):
        if value.get("linkinfo") == {"info_kind": "veth"}:
            del value["linkinfo"]
        return {k: normal_json(v) for k, v in value.items() if k not in JSON_KEYS}
    return [normal_json(v) for v in value] if isinstance(value, list) else value


def normal(text):
    if text.startswith("["):
        return json.dumps(normal_json(json.loads(text)), indent=1, sort_keys=True) + "\n"
    lines = []
    for line in text.splitlines():
        for pattern, to in TEXT:
            line = re.sub(pattern, to, line)
        lines += [line.rstrip() + "\n"] if line.strip() else []
    return "".join(lines)


class Kernel:
    def __init__(self):
        for name in ("here", "there"):
            sh(f"ip netns add {name}")
        self.env = None
        self.ip = ["ip", "netns", "exec", "here", "ip"]
        sh("ip netns exec here sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
           "net.ipv6.conf.default.disable_ipv6=1 net.ipv4.ip_forward=1")
        for name, mac in MACS.items():
            sh(f"ip -n here link add {name} address {mac} type veth peer name p{name} netns there")
            sh(f"ip -n there link set p{name} up")

    def carrier(self, link, state):
        sh(f"ip -n there link set p{link} {'up' if state == 'on' else 'down'}")
        want = "UP" if state == "on" else "DOWN"
        flags = json.loads(sh(f"ip -n here -j link show {link}").stdout)[0]["flags"]
        if "UP" in flags: # the kernel looks after links once a second
            wait_for(lambda: json.loads(sh(f"ip -n here -j link show {link}").stdout)[0][
                "operstate"] == want, f"{link} to be {want}")

    def close(self):
        for name in ("here", "there"):
            sh(f"ip netns del {name}")


class Skiff:
    def __init__(self):
        self.process = subprocess.Popen([SERVER, SOCKET], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Failed("the test server does not start")
        self.ip = [RUN, "-s", SOCKET, "ip"]

    def carrier(self, link, state):
        self.process.stdin.write(f"carrier {link} {state}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "done\n":
            raise Failed("the test server does not answer")

    def close(self):
        self.process.terminate()
        if self.process.wait(10) not in (0, -signal.SIGTERM):
            raise Failed(f"the test server ended with {self.process.returncode}")


class Monitor:
    """`ip monitor` beside a script; what it has said is complete when it shows a last route."""
    LAST = "203.0.113.0/24"

    def __init__(self, end, words):
        self.process = subprocess.Popen(end.ip + ["monitor"] + words, stdout=subprocess.PIPE)
        self.end = end
        self.text = ""
        os.set_blocking(self.process.stdout.fileno(), False)
        wait_for(lambda: self.sees("198.51.100.0/24"), "the monitor to listen")
        self.text = ""

    def sees(self, route):
        """Makes a route come and go; True when the monitor has told of it."""
        sh(self.end.ip + ["route", "add", "blackhole", route], check=False)
        sh(self.end.ip + ["route", "del", "blackhole", route], check=False)
        self.text += (self.process.stdout.read() or b"").decode()
        return f"Deleted blackhole {route}" in self.text

    def finish(self):
        wait_for(lambda: self.sees(self.LAST), "the monitor to tell the last")
        self.process.terminate()
        self.process.wait(10)
        lines = (self.text.split("blackhole " + self.LAST)[0]).splitlines()
        lines = [line for line in lines if "198.51.100.0/24" not in line]
        return normal("\n".join(lines[:-1] if lines and lines[-1].endswith("]") else lines))


def transcript(end, name):
    out = []
    monitor = None
    with open(os.path.join(HERE, name + ".ip"), encoding="ascii") as script:
        for line in script:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            out.append(f"$ {' '.join(words)}\n")
            if words[0] == "monitor":
                monitor = Monitor(end, words[1:])
                continue
            if words[0] == "carrier":
                end.carrier(words[1], words[2])
                continue
            done = sh(end.ip + words[1:], check=False)
            out.append(normal(done.stdout) + normal(done.stderr))
            if done.returncode:
                out.append(f"status {done.returncode}\n")
    if monitor:
        out.append("$ monitor\n" + monitor.finish())
    return "".join(out)


def steps(text):
    return ["$ " + step for step in text.split("\n$ ")]


def difference(want, got):
    for a, b in zip(steps("\n" + want), steps("\n" + got)):
        if a != b:
            yield f"--- expected\n{a}\n+++ got\n{b}\n"


def main():
    names = sorted(f[:-3] for f in os.listdir(HERE) if f.endswith(".ip"))
    mode = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].startswith("--") else ""
    chosen = [a for a in sys.argv[1:] if not a.startswith("--")] or names
    bad = 0
    for name in chosen:
        path = os.path.join(HERE, name + ".out")
        own = name.startswith("own_")
        if own and mode == "--kernel":
            continue
        end = Kernel() if mode and not own else Skiff()
        got = transcript(end, name)
        end.close()
        if mode == "--record":
            with open(path, "w", encoding="ascii") as f:
                f.write(got)
            continue
        with open(path, encoding="ascii") as f:
            wrong = list(difference(f.read(), got))
        print(f"{'not ok' if wrong else 'ok'} {name}", flush=True)
        for text in wrong:
            print(text)
        bad += bool(wrong)
    sys.exit(1 if bad else 0)


main()
