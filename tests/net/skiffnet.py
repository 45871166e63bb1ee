# SPDX-License-Identifier: BSD-3-Clause
"""Hosts made of network namespaces with skiff between them, for tests and the demo.

A script that imports this runs under tests/net/isolate: it may make what it likes and need not
clean up. Nothing here sleeps to wait for an event: wait_for() polls with a deadline.
"""
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

BUILD = os.path.abspath(os.environ.get("SKIFF_BUILD", "build"))
SKIFFD = os.path.join(BUILD, "ctrlplane", "skiffd")
SKIFF = os.path.join(BUILD, "ctrlplane", "skiff")
SKIFF_RUN = os.path.join(BUILD, "shim", "skiff-run")


class Failed(Exception):
    """Something a test expects did not happen."""


def sh(command, check=True, timeout=60, **kwargs):
    """Runs a command given as a string of words or a list; returns the finished process."""
    words = command.split() if isinstance(command, str) else command
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, **kwargs)
    if check and done.returncode:
        raise Failed(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def wait_for(condition, what, seconds=30.0, step=0.02):
    """Returns the first true value of condition(); raises Failed after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s in vain for {what}")
        time.sleep(step)


class Host:
    """A network namespace with the kernel's stack."""

    def __init__(self, name):
        self.name = name
        sh(f"ip netns add {name}")
        self.run("ip link set lo up")

    def words(self, command):
        words = command.split() if isinstance(command, str) else list(command)
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, command, **kwargs):
        return sh(self.words(command), **kwargs)

    def popen(self, command, **kwargs):
        return subprocess.Popen(self.words(command), text=True, **kwargs)

    def udp_overruns(self):
        """Datagrams this host's sockets had no room for."""
        names, values = [line.split() for line in self.run("cat /proc/net/snmp").stdout.splitlines()
                         if line.startswith("Udp:")]
        return int(values[names.index("RcvbufErrors")])

    def sysctl(self, key, value):
        self.run(["sysctl", "-qw", f"{key}={value}"])


def link(host_a, iface_a, host_b, iface_b, up=True):
    """A veth pair between two hosts."""
    sh(f"ip link add {iface_a} netns {host_a.name} type veth peer name {iface_b} "
       f"netns {host_b.name}")
    if up:
        host_a.run(f"ip link set {iface_a} up")
        host_b.run(f"ip link set {iface_b} up")


def processor_time(pid):
    """Of all threads of a process so far, in seconds."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def iperf(client, server, address, *options, seconds=2, timeout=60):
    """iperf3 from client to server; its `end`. Raises Failed with iperf3's own words."""
    daemon = server.popen(["iperf3", "-s", "-1", "-B", address], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: "5201" in server.run("ss -Hltn").stdout, "the iperf3 server")
        done = client.run(["iperf3", "-J", "-c", address, "-t", str(seconds), *options],
                          check=False, timeout=timeout)
        result = json.loads(done.stdout)
        if "error" in result:
            raise Failed(result["error"])
        return result["end"]
    finally:
        daemon.kill()
        daemon.wait()


# What comes goes back, where that is wanted; a line with its sum.
ECHO = """
import contextlib
import hashlib, socket, sys
s = socket.create_server((sys.argv[1], 2222))
print("ready", flush=True)
c, h = s.accept()[0], hashlib.sha256()
c.settimeout(60)
while d := c.recv(65536):
    h.update(d)
    if sys.argv[2] == "back":
        c.sendall(d)
c.shutdown(1)
print(h.hexdigest(), flush=True)
"""
# Its input to ECHO: first in pieces of 1, 6, 11... bytes, each a segment, then all at once.
CALL = """
import contextlib
import hashlib, socket, sys, threading
data = sys.stdin.buffer.read()
c, h = socket.create_connection((sys.argv[1], 2222), 20), hashlib.sha256()
c.settimeout(60)
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
def send():
    at = 0
    for n in range(1, 1449, 5):
        c.sendall(data[at:at + n])
        at += n
    c.sendall(data[at:])
    c.shutdown(1)
t = threading.Thread(target=send)
t.start()
while d := c.recv(65536):
    h.update(d)
t.join()
print(h.hexdigest())
"""


def tcp_counters(host):
    """Segments that it sent again, and those that it received twice."""
    rows = host.run("cat /proc/net/snmp /proc/net/netstat").stdout.splitlines()
    count = {}
    for names, values in zip(rows[::2], rows[1::2]):
        kind, *names = names.split()
        count.update(zip((kind + name for name in names), values.split()[1:]))
    return (int(count["Tcp:RetransSegs"]),
            int(count["TcpExt:TCPDSACKOldSent"]) + int(count["TcpExt:TCPDSACKOfoSent"]))


@contextlib.contextmanager
def nothing_doubled(*hosts):
    """Fails where the hosts received more TCP segments twice than they sent twice: a frame came
    twice on its way. No stream shows that."""
    before = [tcp_counters(host) for host in hosts]
    yield
    after = [tcp_counters(host) for host in hosts]
    again, twice = (sum(b[i] - a[i] for a, b in zip(before, after)) for i in range(2))
    if twice > again:
        raise Failed(f"{twice} segments came twice, {again} were sent again")


def carry_bytes(client, server, address, count=1 << 19, back=True):
    """A stream there, and back at once; fails where it comes to anything but what was sent: hosts
    that leave checksums to others do not notice that."""
    with nothing_doubled(client, server):
        carry_bytes_once(client, server, address, os.urandom(count), back)


def carry_bytes_once(client, server, address, data, back):
    want = hashlib.sha256(data).hexdigest()
    echo = server.popen(["python3", "-c", ECHO, address, "back" if back else "-"],
                        stdout=subprocess.PIPE)
    try:
        if echo.stdout.readline() != "ready\n":
            raise Failed("no echo")
        done = subprocess.run(client.words(["python3", "-c", CALL, address]), input=data,
                              timeout=100, capture_output=True)
        there, here = echo.stdout.readline().strip(), done.stdout.decode().strip()
        if there != want or (back and here != want) or done.returncode:
            raise Failed(f"sent {want}, came as {there}, and back as {here} {done.stderr}")
    finally:
        echo.kill()
        echo.wait()


def carry_tcp(client, server, address, *options, seconds=1, least=1 << 20, back=True):
    """TCP for some seconds, and again until it has carried so many bytes: a busy machine may take
    longer. The bytes received, and the time it all took at most. iperf3 does not look at what it
    receives: a stream whose bytes are compared goes before."""
    carry_bytes(client, server, address, back=back)
    start, done = time.monotonic(), 0
    while done <= least:
        if time.monotonic() - start > seconds + 60:
            raise Failed(f"{done} bytes in {time.monotonic() - start:.0f} s")
        with nothing_doubled(client, server):
            end = iperf(client, server, address, *options, seconds=seconds, timeout=seconds + 60)
        done += end["sum_received"]["bytes"]
    return done, time.monotonic() - start


class Skiff:
    """A skiffd in a namespace of its own, talked to by the real tools."""

    def __init__(self, name, config="", host=None, env=None):
        self.host = host or Host(name)
        self.name = name
        self.socket = f"/run/{name}.sock"
        self.config = f"/run/{name}.conf"
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.log = f"/run/{name}.log"
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(config)

    def start(self, seconds=30.0, check=True):
        log = open(self.log, "a", encoding="utf-8")
        self.process = self.host.popen([SKIFFD, "-c", self.config, "-s", self.socket],
                                       stdout=subprocess.PIPE, stderr=log, env=self.env)
        line = self.process.stdout.readline() if check else ""
        if check and line != "skiffd: ready\n":
            self.process.wait(seconds)
            with open(self.log, encoding="utf-8") as text:
                raise Failed(f"skiffd {self.name} is not ready: {line!r}\n{text.read()}")
        return self

    def stop(self, check=True, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        status = self.process.wait(20)
        if check and status:
            with open(self.log, encoding="utf-8") as text:
                raise Failed(f"skiffd {self.name} ended with {status}\n{text.read()}")
        return status

    def skiff(self, words, **kwargs):
        """The skiff command: own verbs, or Linux's tools on skiff."""
        words = words.split() if isinstance(words, str) else list(words)
        return self.host.run([SKIFF, "-s", self.socket, *words], env=self.env, **kwargs)

    def json(self, words):
        words = words.split() if isinstance(words, str) else list(words)
        return json.loads(self.host.run([SKIFF, "-s", self.socket, "-j", *words],
                                        env=self.env).stdout)

    def missed(self):
        """Frames that the ports' rings had no room for, as this machine was busy elsewhere."""
        return sum(port["rx_missed"] for port in self.json("show ports"))

    def ip(self, words, **kwargs):
        words = words.split() if isinstance(words, str) else list(words)
        return self.host.run([SKIFF_RUN, "-s", self.socket, "ip", *words], env=self.env, **kwargs)


def run_tests(tests):
    """Runs functions in order; prints one line each; exits by the outcome."""
    failed = 0
    for test in tests:
        start = time.monotonic()
        try:
            test()
            print(f"ok   {test.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except (Failed, AssertionError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAIL {test.__name__}: {error}", flush=True)
    sys.exit(1 if failed else 0)
