#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two skiffd that share a memif are killed in turn under traffic; the other one lives on, and they find each other again."""
import os
import signal
import subprocess
import time

from skiffnet import Host, Skiff, link, run_tests, wait_for

TIMES = 10
WORKERS = min(2, len(os.sched_getaffinity(0)))


def config(role, near, core, peer, far):
    return f"""
system workers {WORKERS}
port add near af_packet iface eth0
port add core memif socket /run/m.sock role {role}
ip addr add {near}/24 dev near
ip addr add {core}/30 dev core
ip link set near up
ip link set core up
ip route add {far}/24 via {peer}
"""


left, right = Host("left"), Host("right")
server = Skiff("server", config("server", "192.0.2.1", "10.99.0.1", "10.99.0.2", "198.51.100.0"))
client = Skiff("client", config("client", "198.51.100.1", "10.99.0.2", "10.99.0.1", "192.0.2.0"))
link(left, "eth0", server.host, "eth0")
link(client.host, "eth0", right, "eth0")
for host, net in ((left, "192.0.2"), (right, "198.51.100")):
    host.run(f"ip addr add {net}.2/24 dev eth0")
    host.run(f"ip route add default via {net}.1")


def passes():
    return left.run("ping -c 1 -W 1 198.51.100.2", check=False).returncode == 0


def under_traffic(die):
    """die() in the middle of a flood each way, over and over."""
    for turn in range(TIMES):
        wait_for(passes, "a way through")
        floods = [left.popen("ping -f -q -s 1000 198.51.100.2".split(), stdout=subprocess.DEVNULL),
                  right.popen("ping -f -q -s 64 192.0.2.2".split(), stdout=subprocess.DEVNULL)]
        time.sleep(0.3 + turn * 0.017)
        die()
        for flood in floods:
            flood.terminate()
            flood.wait(20)
    wait_for(passes, "a way through")


def client_is_killed():
    server.start()
    client.start()

    def die():
        client.stop(check=False, sig=signal.SIGKILL)
        client.start()
    under_traffic(die)
    assert server.process.poll() is None


def server_is_killed():
    def die():
        server.stop(check=False, sig=signal.SIGKILL)
        server.start()
    under_traffic(die)
    assert client.process.poll() is None


def nothing_stays():
    client.stop()
    server.stop()
    left_over = [name for name in os.listdir("/run") if "m.sock" in name or "memif" in name]
    assert not left_over, left_over


run_tests([client_is_killed, server_is_killed, nothing_stays])
