#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""forward.py [--build DIR] [--rounds N] [--seconds S] [--only TEXT] [--json FILE]

Forwarding between two hosts over veth, each forwarder in turn in the same run: skiff over its own
af_packet port and over af_xdp, dpdk-testpmd io over DPDK's af_packet, over ours and over af_xdp, and
the kernel. 60-byte UDP frames as fast as one core sends them; then TCP with frames of up to 64 KB.
The sender runs on CPU 0, the forwarder on CPU 1. Prints the median of the rounds and the ratio to
testpmd on DPDK's driver and to the kernel: of what arrived in a second, and of the rate that each
case would have with whole CPUs of its own (frames by its threads' own time on one, the slower of
sender and forwarder; the kernel forwards in the sender's time). Where other work shares the
machine, only the second means anything.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--only", default="", help="only cases whose name has this text")
    parser.add_argument("--json", help="write Google Benchmark's JSON to this file")
    return parser.parse_args()


ARGS = arguments()
if os.environ.get("SKIFF_BENCH_INSIDE") != "1":
    os.environ.update(SKIFF_BENCH_INSIDE="1", SKIFF_BUILD=os.path.abspath(ARGS.build))
    isolate = os.path.join(ROOT, "tests", "net", "isolate")
    os.execv(isolate, [isolate, sys.executable, os.path.abspath(__file__), *sys.argv[1:]])

sys.path.insert(0, os.path.join(ROOT, "tests", "net"))
from skiffnet import BUILD, Failed, Host, Skiff, link, processor_time, sh, wait_for  # noqa: E402

TRAFFIC = os.path.join(BUILD, "bench", "skiff-traffic")
LEFT, RIGHT = Host("left"), Host("right")

SINK = "02:00:00:00:00:99"


class Forwarder:
    """One way of joining left and right. Each run has links of its own."""

    routed = True
    far = "eth1"  # as the forwarder calls the interface to right

    def __enter__(self):
        self.host = Host("middle")
        link(LEFT, "eth0", self.host, "eth0")
        link(RIGHT, "eth0", self.host, "eth1")
        for host, net in ((LEFT, "192.0.2"), (RIGHT, "198.51.100")):
            host.run(f"ip addr add {net}.2/24 dev eth0")
            host.run(f"ip route add default via {net}.1")
        self.start()
        return self

    def __exit__(self, *_):
        self.end()
        sh("ip netns del middle")
        wait_for(lambda: "eth0" not in LEFT.run("ip -br link").stdout, "the links to go")

    def start(self):
        raise NotImplementedError

    def end(self):
        pass

    def ip(self, words):
        self.host.run(f"ip {words}")

    def cpu(self):
        """Seconds that the forwarder's own threads have run; the kernel has none."""
        return 0


class Kernel(Forwarder):
    def start(self):
        self.host.run("ip addr add 192.0.2.1/24 dev eth0")
        self.host.run("ip addr add 198.51.100.1/24 dev eth1")
        self.host.sysctl("net.ipv4.ip_forward", 1)


class KernelRps(Kernel):
    """Receive packet steering moves the kernel's work off the sender's CPU."""

    def start(self):
        super().start()
        for iface in ("eth0", "eth1"):
            self.host.run(["sh", "-c", f"echo 2 >/sys/class/net/{iface}/queues/rx-0/rps_cpus"])


class SkiffAfPacket(Forwarder):
    driver = "af_packet"
    far = "far"

    def start(self):
        self.skiff = Skiff("middle", f"""
system cores 1
port add near {self.driver} iface eth0
port add far {self.driver} iface eth1
ip addr add 192.0.2.1/24 dev near
ip addr add 198.51.100.1/24 dev far
ip link set near up
ip link set far up
""", host=self.host)
        self.skiff.start()

    def end(self):
        self.skiff.stop()

    def ip(self, words):
        self.skiff.ip(words)

    def cpu(self):
        return processor_time(self.skiff.process.pid)


class SkiffAfXdp(SkiffAfPacket):
    driver = "af_xdp"


class Testpmd(Forwarder):
    routed = False
    vdev = "net_af_packet{n},iface={iface}"
    load = ()

    def start(self):
        vdevs = [f"--vdev={self.vdev.format(n=n, iface=iface)}"
                 for n, iface in enumerate(("eth0", "eth1"))]
        self.process = self.host.popen(
            ["stdbuf", "-oL", "dpdk-testpmd", "-l", "0,1", "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf",
             "-m", "512", *self.load, *vdevs, "--", "--forward-mode=io", "--auto-start",
             "--nb-cores=1", "--burst=64", "--total-num-mbufs=16384"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = ""
        for line in self.process.stdout:
            text += line
            if "Press enter to exit" in line:
                return
        raise Failed("testpmd: " + text)

    def cpu(self):
        return processor_time(self.process.pid)

    def end(self):
        self.process.stdin.write("\n")
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait(20)


class TestpmdXdp(Testpmd):
    vdev = "net_af_xdp{n},iface={iface}"


class TestpmdOurs(Testpmd):
    vdev = "net_skiff_afp{n},iface={iface}"
    load = ("-d", os.path.join(BUILD, "drivers", "af_packet", "libskiff_pmd_af_packet.so"))


class TestpmdOursPacket(TestpmdOurs):
    """All by the packet socket: what the AF_XDP way out gains."""

    vdev = TestpmdOurs.vdev + ",xdp_tx=0"


def frames(forwarder):
    """Mpps of 60-byte frames that arrive. They go to an address nobody has: the receiver counts
    them by its interface, and its stack, whose work the forwarder's CPU would do, lets them be."""
    target = SINK
    if forwarder.routed:
        forwarder.ip(f"neigh replace 198.51.100.2 lladdr {SINK} dev {forwarder.far} nud permanent")
        LEFT.run("ping -n -c 1 -W 2 192.0.2.1", check=False)
        neighbours = json.loads(LEFT.run("ip -j neigh show 192.0.2.1").stdout)
        target = neighbours[0]["lladdr"]
    before = forwarder.cpu()
    done = sh([TRAFFIC, "--tx", "left/eth0@0", "--rx", "right/eth0", "--tally", "--via", "xdp", "--json",
               "--seconds", str(ARGS.seconds), "--src", "192.0.2.2", "--dst", "198.51.100.2",
               "--dst-mac", target], check=False)
    if done.returncode not in (0, 3):
        raise Failed(done.stderr)
    result = json.loads(done.stdout)
    spent = forwarder.cpu() - before
    whole = min((result["sent"] if spent else result["received"]) / result["sender_cpu"],
                result["received"] / spent if spent else float("inf"))
    return result["received_pps"] / 1e6, whole / 1e6


def tcp(_):
    """Gb/s of one TCP stream between the hosts' kernels, segmentation offload on; no second figure:
    sender and receiver share the CPUs with everybody."""
    server = RIGHT.popen(["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: "5201" in RIGHT.run("ss -Hltn").stdout, "the iperf3 server")
        done = LEFT.run(["taskset", "-c", "0", "iperf3", "-J", "-c", "198.51.100.2", "-t",
                         str(max(1, round(ARGS.seconds)))], check=False)
        result = json.loads(done.stdout)
        if "error" in result:
            raise Failed(result["error"])
        return result["end"]["sum_received"]["bits_per_second"] / 1e9, None
    finally:
        server.kill()
        server.wait()


CASES = [
    ("forward/af_packet/skiff", SkiffAfPacket, frames, "Mpps"),
    ("forward/af_packet/testpmd_io", Testpmd, frames, "Mpps"),
    ("forward/af_packet/testpmd_io_our_pmd", TestpmdOurs, frames, "Mpps"),
    ("forward/af_packet/testpmd_io_our_pmd_no_xdp", TestpmdOursPacket, frames, "Mpps"),
    ("forward/af_xdp/skiff", SkiffAfXdp, frames, "Mpps"),
    ("forward/af_xdp/testpmd_io", TestpmdXdp, frames, "Mpps"),
    ("forward/kernel", Kernel, frames, "Mpps"),
    ("forward/kernel_rps", KernelRps, frames, "Mpps"),
    ("tcp/af_packet/skiff", SkiffAfPacket, tcp, "Gb/s"),
    ("tcp/kernel", Kernel, tcp, "Gb/s"),
]


def plotted(name):
    """suite/implementation/case, as plot.py has it."""
    words = name.split("/")
    return name if len(words) > 2 else f"{name}/{words[1]}"


def table(medians, values, units):
    print(f"{'':44}{'median':>8} {'min':>7} {'max':>7}      {'testpmd':>9} {'kernel':>7}"
          f"  {'whole CPUs':>11} {'testpmd':>8} {'kernel':>7}")
    for name, pair in medians.items():
        peer = medians.get("/".join(name.split("/")[:2]) + "/testpmd_io")
        kernels = [medians[k] for k in (f"{name.split('/')[0]}/{kind}"
                                        for kind in ("kernel", "kernel_rps")) if k in medians]
        line = f"{name:44}"
        for n in (0, 1):
            if pair[n] is None:
                continue
            kernel = max((k[n] for k in kernels), default=None)
            if n == 0:
                runs = [v[0] for v in values[name]]
                line += f"{pair[0]:8.3f} {min(runs):7.3f} {max(runs):7.3f} {units[name]}"
            else:
                line += f"{pair[1]:13.3f}"
            line += "".join(f"{pair[n] / other:>8.2f}" if other else f"{'-':>8}"
                            for other in (peer and peer[n], kernel))
        print(line)


def main():
    values = {name: [] for name, *_ in CASES if ARGS.only in name}
    units = {name: unit for name, _, _, unit in CASES}
    for turn in range(ARGS.rounds):
        for name, forwarder, measure, unit in CASES:
            if name not in values:
                continue
            with forwarder() as f:
                values[name].append(measure(f))
            rate, whole = values[name][-1]
            print(f"round {turn + 1} of {ARGS.rounds}: {name} {rate:.3f} {unit}" +
                  (f", {whole:.3f} with whole CPUs" if whole else ""), file=sys.stderr, flush=True)
    medians = {name: tuple(statistics.median(r[n] for r in runs) if runs[0][n] else None
                           for n in (0, 1)) for name, runs in values.items()}
    table(medians, values, units)
    if ARGS.json:
        with open(ARGS.json, "w", encoding="utf-8") as out:
            json.dump({"context": {"host_name": platform.node(), "machine": platform.processor(),
                                   "rounds": ARGS.rounds, "kernel": platform.release(),
                                   "load_avg": os.getloadavg()},
                       "benchmarks": [
                           {"name": plotted(name), "run_name": plotted(name), "run_type": "aggregate",
                            "aggregate_name": "median", units[name]: pair[0],
                            f"whole_cpu_{units[name]}": pair[1]}
                           for name, pair in medians.items()]}, out, indent=1)


main()
