#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""forward.py [--build DIR] [--rounds N] [--seconds S] [--only TEXT] [--json FILE]

Forwarding between two hosts over veth, each forwarder in turn in the same run: skiff over its own
af_packet port and over af_xdp, dpdk-testpmd io over DPDK's af_packet, over ours and over af_xdp, and
the kernel. 60-byte UDP frames as fast as one core sends them; then TCP with frames of up to 64 KB.
The sender runs on CPU 0, the forwarder on CPU 1. Prints the median of the rounds and the ratio to
testpmd on DPDK's driver and to the kernel.
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
from skiffnet import BUILD, Failed, Host, Skiff, link, sh, wait_for  # noqa: E402

TRAFFIC = os.path.join(BUILD, "bench", "skiff-traffic")
LEFT, RIGHT = Host("left"), Host("right")


def mac(host, iface):
    return json.loads(host.run(f"ip -j link show {iface}").stdout)[0]["address"]


class Forwarder:
    """One way of joining left and right. Each run has links of its own."""

    routed = True

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


def frames(forwarder):
    """Mpps of 60-byte frames that arrive."""
    target = "ff:ff:ff:ff:ff:ff"
    if forwarder.routed:
        LEFT.run("ping -n -c 1 -W 2 198.51.100.2", check=False)
        neighbours = json.loads(LEFT.run("ip -j neigh show 192.0.2.1").stdout)
        target = neighbours[0]["lladdr"]
    else:
        target = mac(RIGHT, "eth0")
    done = sh([TRAFFIC, "--tx", "left/eth0@0", "--rx", "right/eth0", "--via", "xdp", "--json",
               "--seconds", str(ARGS.seconds), "--src", "192.0.2.2", "--dst", "198.51.100.2",
               "--dst-mac", target], check=False)
    if done.returncode not in (0, 3):
        raise Failed(done.stderr)
    result = json.loads(done.stdout)
    return result["received_pps"] / 1e6


def tcp(_):
    """Gb/s of one TCP stream between the hosts' kernels, segmentation offload on."""
    server = RIGHT.popen(["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: "5201" in RIGHT.run("ss -Hltn").stdout, "the iperf3 server")
        done = LEFT.run(["taskset", "-c", "0", "iperf3", "-J", "-c", "198.51.100.2", "-t",
                         str(max(1, round(ARGS.seconds)))], check=False)
        result = json.loads(done.stdout)
        if "error" in result:
            raise Failed(result["error"])
        return result["end"]["sum_received"]["bits_per_second"] / 1e9
    finally:
        server.kill()
        server.wait()


CASES = [
    ("forward/af_packet/skiff", SkiffAfPacket, frames, "Mpps"),
    ("forward/af_packet/testpmd_io", Testpmd, frames, "Mpps"),
    ("forward/af_packet/testpmd_io_our_pmd", TestpmdOurs, frames, "Mpps"),
    ("forward/af_xdp/skiff", SkiffAfXdp, frames, "Mpps"),
    ("forward/af_xdp/testpmd_io", TestpmdXdp, frames, "Mpps"),
    ("forward/kernel", Kernel, frames, "Mpps"),
    ("forward/kernel_rps", KernelRps, frames, "Mpps"),
    ("tcp/af_packet/skiff", SkiffAfPacket, tcp, "Gb/s"),
    ("tcp/kernel", Kernel, tcp, "Gb/s"),
]


def main():
    values = {name: [] for name, *_ in CASES if ARGS.only in name}
    for turn in range(ARGS.rounds):
        for name, forwarder, measure, unit in CASES:
            if name not in values:
                continue
            with forwarder() as f:
                values[name].append(measure(f))
            print(f"round {turn + 1} of {ARGS.rounds}: {name} {values[name][-1]:.3f} {unit}",
                  file=sys.stderr, flush=True)
    median = {name: statistics.median(runs) for name, runs in values.items()}
    units = {name: unit for name, _, _, unit in CASES}
    print(f"{'':40}{'median':>8} {'min':>7} {'max':>7}       vs testpmd  vs kernel")
    for name, value in median.items():
        peer = median.get("/".join(name.split("/")[:2]) + "/testpmd_io")
        kernel = max(median.get(f"{name.split('/')[0]}/{kind}", 0)
                     for kind in ("kernel", "kernel_rps"))
        ratios = "".join(f"{value / other:>11.2f}" if other else f"{'-':>11}"
                         for other in (peer, kernel))
        print(f"{name:40}{value:8.3f} {min(values[name]):7.3f} {max(values[name]):7.3f} "
              f"{units[name]}{ratios}")
    if ARGS.json:
        with open(ARGS.json, "w", encoding="utf-8") as out:
            json.dump({"context": {"host_name": platform.node(), "machine": platform.processor()},
                       "benchmarks": [
                           {"name": name, "run_name": name, "run_type": "aggregate",
                            "aggregate_name": "median", units[name]: value}
                           for name, value in median.items()]}, out, indent=1)


main()
