#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""BIRD on skiff's control plane: it learns links and routes by netlink, and writes its own."""
import contextlib
import os
import subprocess

from skiffnet import BUILD, Failed, run_tests, sh, wait_for

RUN = os.path.join(BUILD, "shim", "skiff-run")
SERVER = os.path.join(BUILD, "tests", "net", "skiff-cp-test")
SOCKET = "/run/bird.sock"
CONF = """
log "/run/bird.log" all;
router id 10.0.0.1;
protocol device { scan time 1; }
protocol direct { ipv4; }
protocol kernel { learn; persist no; scan time 1; ipv4 { import all; export all; }; }
protocol static { ipv4;
    route 30.0.0.0/8 via 10.0.0.2;
    route 31.0.0.0/8 blackhole;
    route 32.0.0.0/8 via 10.0.0.2 via 10.0.0.3 weight 3;
}
"""


def ip(words):
    return sh([RUN, "-s", SOCKET, "ip", *words.split()]).stdout


def birdc(words):
    return sh(["birdc", "-s", "/run/bird.ctl", *words.split()], check=False).stdout


@contextlib.contextmanager
def control_plane():
    server = subprocess.Popen([SERVER, SOCKET], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    if server.stdout.readline() != "ready\n":
        raise Failed("the test server does not start")
    ip("link set eth0 up")
    ip("addr add 10.0.0.1/24 dev eth0")
    try:
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
            assert server.wait(10) == 0


def start_bird(run, conf):
    with open("/run/bird.conf", "w", encoding="ascii") as f:
        f.write(conf)
    with contextlib.suppress(FileNotFoundError):
        os.unlink("/run/bird.log")
    return subprocess.Popen([*run, "bird", "-f", "-c", "/run/bird.conf", "-s", "/run/bird.ctl", "-P",
                             "/run/bird.pid"])


def log():
    with open("/run/bird.log", encoding="ascii") as f:
        return f.read()


def restarted(run, conf, changed_conf):
    """bird's routes after it was killed, and after a new one with another file: as the kernel's."""
    def routes():
        return sorted(line.strip() for line in sh([*run, *"ip route show proto bird".split()]
                                                  ).stdout.splitlines())
    told = []
    bird = start_bird(run, conf)
    try:
        wait_for(lambda: len(routes()) >= 3, "bird's routes")
        told.append(routes())
        bird.kill()
        bird.wait(10)
        told.append(routes())    # nobody took them away
        bird = start_bird(run, changed_conf)
        wait_for(lambda: "33.0.0.0/8" in "".join(routes()) and "30.0.0.0/8" not in
                 "".join(routes()), "the new bird to set right what the old one left")
        told.append(routes())
    finally:
        bird.terminate()
        assert bird.wait(10) == 0
    told.append(routes())        # persist no
    return told


def keeps_and_reconciles_its_routes():
    changed = CONF.replace("route 30.0.0.0/8 via 10.0.0.2;", "route 33.0.0.0/8 via 10.0.0.4;"
                           ).replace("weight 3", "weight 5")
    sh("ip link add eth0 type veth peer name peth0")
    sh("ip link set peth0 up")
    sh("ip link set eth0 up")
    sh("ip addr add 10.0.0.1/24 dev eth0")
    kernel = restarted([], CONF, changed)
    sh("ip link del eth0")
    with control_plane():
        skiff = restarted([RUN, "-s", SOCKET], CONF, changed)
    assert skiff == kernel, (skiff, kernel)
    assert skiff[0] == skiff[1] and not skiff[3], skiff


def notices_that_the_daemon_died():
    """bird lives, says so in its log, spins not, and works again when it is restarted."""
    run = [RUN, "-s", SOCKET]
    with control_plane() as server:
        bird = start_bird(run, CONF)
        wait_for(lambda: "30.0.0.0/8" in ip("route"), "bird's route")
        server.kill()
        server.wait(10)
        wait_for(lambda: "Network is down" in log() or "Connection refused" in log(),
                 "bird to say so")
    try:
        assert bird.poll() is None and "BIRD" in birdc("show status"), "bird is gone"
        assert len(log().splitlines()) < 200, "bird writes its log full"
    except AssertionError:
        bird.kill()
        raise
    with control_plane():
        assert "proto bird" not in ip("route")
        bird.terminate()
        bird.wait(10)
        bird = start_bird(run, CONF)
        wait_for(lambda: "30.0.0.0/8 via 10.0.0.2" in ip("route"), "the new bird's route")
        assert "<ERR>" not in log(), log()
        bird.terminate()
        assert bird.wait(10) == 0


def reads_and_writes_routes():
    with control_plane() as server:
        ip("route add 40.0.0.0/8 via 10.0.0.9")
        bird = start_bird([RUN, "-s", SOCKET], CONF)
        try:
            wait_for(lambda: "30.0.0.0/8 via 10.0.0.2 dev eth0 proto bird" in ip("route"),
                     "bird's route")
            routes = ip("route")
            assert "blackhole 31.0.0.0/8 proto bird" in routes, routes
            assert "nexthop via 10.0.0.3 dev eth0 weight 3" in routes, routes
            assert "40.0.0.0/8" in birdc("show route protocol kernel1")
            shown = birdc("show interfaces summary")
            assert "10.0.0.1/24" in shown, shown
            # by notifications
            ip("route add 41.0.0.0/8 via 10.0.0.9")
            ip("route del 40.0.0.0/8")
            wait_for(lambda: "41.0.0.0/8" in birdc("show route protocol kernel1"), "the new route")
            assert "40.0.0.0/8" not in birdc("show route protocol kernel1")
            ip("link set eth0 down")
            wait_for(lambda: "30.0.0.0/8" not in birdc("show route"), "bird to see the link go")
            ip("link set eth0 up")
            wait_for(lambda: "30.0.0.0/8 via 10.0.0.2" in ip("route"), "bird's route again")
            bird.terminate()
            assert bird.wait(10) == 0
            assert "proto bird" not in ip("route"), ip("route")
            with open("/run/bird.log", encoding="ascii") as f:
                bad = [line for line in f if "<ERR>" in line or "<WARN>" in line or "<BUG>" in line]
            assert not bad, bad
        finally:
            bird.kill()
        assert server.poll() is None


run_tests([reads_and_writes_routes, keeps_and_reconciles_its_routes,
           notices_that_the_daemon_died])
