#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The Linux interface's transport: real programs under skiff-run against the test server."""
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile

from skiffnet import BUILD, Failed, run_tests, sh, wait_for

RUN = os.path.join(BUILD, "shim", "skiff-run")
SERVER = os.path.join(BUILD, "tests", "net", "nl_testserver")
GOLDEN = os.path.join(BUILD, "tests", "net", "nl_golden")
SOCKET = "/run/test.sock"


class Server:
    """The test server; as a context it is ready inside and stopped after."""

    def __init__(self, path=SOCKET):
        self.path = path

    def __enter__(self):
        self.process = subprocess.Popen([SERVER, self.path], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Failed("the test server does not start")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(10) in (0, -signal.SIGKILL), self.process.returncode


def skiff(command, check=True, env=None, **kwargs):
    words = command.split() if isinstance(command, str) else command
    env = dict(os.environ, **(env or {}))
    return sh([RUN, "-s", SOCKET, *words], check=check, env=env, timeout=kwargs.pop("timeout", 20),
              **kwargs)


def cpu_of(process):
    fields = open(f"/proc/{process.pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def socket_calls_are_the_kernels():
    with Server():
        kernel = sh([GOLDEN]).stdout.splitlines()
        ours = skiff([GOLDEN]).stdout.splitlines()
    assert len(kernel) > 100
    for a, b in zip(kernel, ours):
        assert a == b, f"\n  kernel: {a}\n  skiff:  {b}"
    assert len(kernel) == len(ours)


def ip_shows_links():
    with Server():
        out = skiff("ip -j link show").stdout
        assert [l["ifname"] for l in json.loads(out)] == ["lo", "wan", "lan"], out
        assert json.loads(skiff("ip -j link show wan").stdout)[0]["ifindex"] == 1 << 20
        done = skiff("ip link show nowhere", check=False)
        assert done.returncode == 1 and "does not exist" in done.stderr, done.stderr


def ip_changes_links():
    with Server():
        skiff("ip link set lan mtu 1400 up")
        lan = json.loads(skiff("ip -j link show lan").stdout)[0]
        assert lan["mtu"] == 1400 and "UP" in lan["flags"], lan
        done = skiff("ip link set lan mtu 60", check=False)
        assert done.returncode == 2 and "mtu less than device minimum" in done.stderr, done.stderr


def unserved_is_refused_by_name():
    with Server():
        done = skiff("ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:09 dev wan", check=False)
        assert done.returncode == 2 and "skiff does not serve" in done.stderr, done.stderr
        done = skiff("nft list ruleset", check=False)
        assert done.returncode and "skiff does not serve" in done.stderr, done


def namespaces_are_refused():
    with Server():
        for command in ("ip netns add x", "ip -n x link", "unshare -n true"):
            done = skiff(command, check=False)
            assert done.returncode != 0, command
            assert "no network namespace to change to" in done.stderr, done.stderr


def batch_and_large_dump():
    with Server(), tempfile.NamedTemporaryFile("w") as batch:
        for i in range(20000):
            batch.write(f"route add 10.{i >> 8 & 255}.{i & 255}.0/24 via 192.0.2.1\n")
        batch.flush()
        skiff(["ip", "-batch", batch.name])
        routes = skiff("ip route show").stdout.splitlines()
        assert len(routes) == 20000, len(routes)
        assert routes[19999].startswith("10.78.31.0/24 via 192.0.2.1"), routes[19999]


class Monitor:
    """`ip monitor link` that has joined and told of a first change."""

    def __enter__(self):
        self.process = subprocess.Popen([RUN, "-s", SOCKET, "stdbuf", "-oL", "ip", "monitor",
                                         "link"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        text = b""

        def heard():
            nonlocal text
            skiff("ip link set wan mtu 1477")
            text += self.process.stdout.read() or b""
            return b"mtu 1477" in text
        try:
            wait_for(heard, "a notification")
        except Failed:
            self.__exit__()
            raise
        return self.process

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def monitor_hears_of_changes():
    with Server(), Monitor():
        pass


def slow_reader_gets_enobufs_once():
    """A joined socket that does not read loses messages, and nobody waits for it."""
    program = """
import socket, errno, subprocess, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
s.bind((0, 1 << 6))
subprocess.run(["ip", "-batch", sys.argv[1]], check=True)
seen, lost = 0, 0
s.setblocking(False)
while True:
    try:
        seen += len(s.recv(65536)) > 0
    except OSError as error:
        if error.errno != errno.ENOBUFS:
            assert error.errno == errno.EAGAIN, error
            break
        lost += 1
print(seen, lost)
"""
    with Server(), tempfile.NamedTemporaryFile("w") as batch:
        for i in range(5000):
            batch.write(f"route add 10.0.{i >> 8}.{i & 255}/32 via 192.0.2.1\n")
        batch.flush()
        seen, lost = map(int, skiff(["python3", "-c", program, batch.name]).stdout.split())
        assert lost == 1 and 0 < seen < 5000, (seen, lost)


def libc_and_files_tell_of_skiff():
    program = """
import fcntl, os, socket, struct
print(socket.if_nameindex())
print(socket.if_nametoindex("lan"), socket.if_indextoname(1 << 20))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
q = lambda cmd, v=b"": fcntl.ioctl(s, cmd, struct.pack("16s24s", b"lan", v))[16:]
print(struct.unpack_from("i", q(0x8933))[0], struct.unpack_from("i", q(0x8921))[0])
q(0x8922, struct.pack("i", 1300))
print(open("/sys/class/net/lan/mtu").read().strip(), open("/sys/class/net/lan/address").read())
for path in "/sys/class/net/eth0/mtu", "/proc/net/wireless":
    try:
        open(path)
    except OSError as error:
        print(error.errno)
try:
    q(0x8946)
except OSError as error:
    print(error.errno)
print([l.split(":")[0].strip() for l in open("/proc/net/dev")][2:])
"""
    with Server():
        lines = skiff(["python3", "-c", program]).stdout.splitlines()
    assert lines[0] == "[(1, 'lo'), (1048576, 'wan'), (1048577, 'lan')]", lines
    assert lines[1:4] == ["1048577 wan", "1048577 9000", "1300 02:00:00:00:00:02"], lines
    assert [l for l in lines[4:] if l] == ["2", "2", "95", "['lo', 'wan', 'lan']"], lines


def dead_daemon_is_an_error_not_a_hang():
    with Server() as server, Monitor() as monitor:
        server.process.kill()
        server.process.wait()
        status, text = monitor.wait(5), monitor.stderr.read()
        assert status != 0 and b"Network is down" in text, (status, text)
    done = skiff("ip link", check=False)
    assert done.returncode == 1 and "no skiffd answers" in done.stderr, done.stderr
    with Server():  # the socket that the killed one left is replaced
        skiff("ip link")


def second_daemon_is_refused():
    with Server() as server:
        done = sh([SERVER, SOCKET], check=False)
        assert done.returncode == 1, done
        assert f"another skiffd, pid {server.process.pid}, serves {SOCKET}" in done.stderr
        skiff("ip link")
    assert not os.path.exists(SOCKET) and not os.path.exists(SOCKET + ".lock")


def roles():
    with open("/run/group", "w", encoding="ascii") as out:
        out.write(open("/etc/group", encoding="ascii").read() + "skiff:x:64321:\n")
    sh("mount --bind /run/group /etc/group")
    with Server():
        other = "setpriv --reuid 65534 --clear-groups --regid 65534".split()
        group = "setpriv --reuid 65534 --clear-groups --regid 64321".split()
        extra = "setpriv --reuid 65534 --regid 65534 --groups 64321".split()
        ip = [RUN, "-s", SOCKET, "ip", "link"]
        done = sh(other + ip, check=False)
        assert done.returncode == 1 and "user 65534 may not use skiff" in done.stderr, done.stderr
        for words in group, extra:
            assert "wan" in sh(words + ip).stdout
            done = sh(words + ip + ["set", "wan", "mtu", "1400"], check=False)
            assert done.returncode == 2 and "may read skiff's state" in done.stderr, done.stderr
    sh("umount /etc/group")


def what_a_preload_cannot_reach():
    with open("/run/static.c", "w", encoding="ascii") as out:
        out.write("int main(void) { return 0; }\n")
    sh("cc -static -o /run/static /run/static.c")
    sh("cc -o /run/setuid /run/static.c")
    os.chmod("/run/setuid", 0o4755)
    with open("/run/script", "w", encoding="ascii") as out:
        out.write("#!/run/static\n")
    os.chmod("/run/script", 0o755)
    other = "setpriv --reuid 65534 --clear-groups --regid 65534".split()
    for words, status, sentence in (
            ([RUN, "/run/static"], 126, "statically linked"),
            ([RUN, "/run/script"], 126, "statically linked"),
            (other + [RUN, "/run/setuid"], 126, "gains privileges"),
            ([RUN, "/run/setuid"], 0, ""),
            ([RUN, "no-such-program"], 127, "not found"),
            ([RUN], 126, "usage"),
            ([RUN, "--version"], 0, ""),
            ([RUN, "--frob"], 126, "unknown")):
        done = sh(words, check=False)
        assert done.returncode == status and sentence in done.stderr, (words, done)
    ping = sh(other + [RUN, "ping", "-V"], check=False)
    assert ping.returncode == 126 and "gains privileges" in ping.stderr, ping


def version_mismatch_is_one_sentence():
    def talk(data):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(SOCKET)
            s.sendall(data)
            head = s.recv(8)
            length, kind = struct.unpack("<IH", head[:6])
            body = s.recv(length)
            return kind, body[8:].decode(), s.recv(1)

    with Server():
        hello = struct.pack("<IHHIIII", 16, 1, 0, 0x46694B53, 99, 1, 0)
        kind, text, end = talk(hello)
        assert kind == 0x82 and "version 99" in text and end == b"", (kind, text)
        assert talk(b"GET / HTTP/1.0\r\n\r\n")[0] == 0x82
        assert talk(struct.pack("<IHHIIII", 16, 1, 0, 1, 2, 1, 0))[0] == 0x82
        skiff("ip link")

    def one_sentence(answer, *words):
        """What ip says to a skiffd of another release, which a socket of ours plays."""
        os.path.exists(SOCKET) and os.unlink(SOCKET)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(SOCKET)
            listener.listen()
            listener.settimeout(10)
            tool = subprocess.Popen([RUN, "-s", SOCKET, "ip", "link"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            with listener.accept()[0] as stream:
                stream.settimeout(10)
                hello = stream.recv(24, socket.MSG_WAITALL)
                assert struct.unpack("<IHHIIII", hello)[3:6] == (0x46694B53, 2, 1), hello
                stream.sendall(answer)
                out, err = tool.communicate(timeout=20)
        assert tool.returncode != 0 and out == "", (out, err)
        assert all(err.count(w) == 1 for w in words), err

    # an older one refuses the greeting; a newer one might not
    refusal = struct.pack("<II", 71, 0) + b"the program speaks version 2, skiffd 1"
    one_sentence(struct.pack("<IHH", len(refusal), 0x82, 0) + refusal, "version 2, skiffd 1")
    one_sentence(struct.pack("<IHHIIII", 16, 0x81, 0, 3, 2, 1, 0), "libskiff.so speaks version 2",
                 "skiffd 3; install")


class Commands:
    """A program that gives commands, as skiff does."""

    def __init__(self):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.settimeout(10)
        self.stream.connect(SOCKET)
        self.send(1, struct.pack("<IIII", 0x46694B53, 2, 2, 0))
        assert self.get()[0] == 0x81

    def send(self, kind, payload):
        self.stream.sendall(struct.pack("<IHH", len(payload), kind, 0) + payload)

    def get(self):
        def exactly(n):
            data = b""
            while len(data) < n:
                part = self.stream.recv(n - len(data))
                assert part, "the daemon hung up"
                data += part
            return data
        length, kind, _ = struct.unpack("<IHH", exactly(8))
        return kind, exactly(length)

    def command(self, *words):
        self.send(3, struct.pack("<IIQ", 0, len(words), 0) +
                  b"".join(w.encode() + b"\0" for w in words))

    def answer(self):
        out = b""
        while True:
            kind, payload = self.get()
            if kind == 0x85:
                return out.decode(), *struct.unpack("<iI", payload[:8]), payload[8:].decode()
            assert kind == 0x84, kind
            out += payload[8:]


def commands_stream_and_end():
    with Server():
        c = Commands()
        c.command("echo", "a", "b")
        c.command("nope")
        c.command("big", "3000000")
        assert c.answer() == ("a b\n", 0, 2**32 - 1, "")
        assert c.answer() == ("", 2, 0, "unknown command nope; try echo or big")
        assert len(c.answer()[0]) == 3000000
        for n in "1", "300000", "3000000":
            gone = Commands()
            gone.command("big", n)
            gone.stream.close()
        c.command("echo", "alive")
        assert c.answer()[0] == "alive\n"


def transactions_have_their_own_state():
    def mtu(**kwargs):
        return json.loads(skiff("ip -j link show wan", **kwargs).stdout)[0]["mtu"]

    with Server():
        for kind, after in (5, 1300), (6, 1300), (None, 1300):
            c = Commands()
            c.send(4, struct.pack("<Q", 0))
            answer, payload = c.get()
            token = struct.unpack("<Q", payload[:8])[0]
            assert answer == 0x86 and token
            env = {"SKIFF_TXN": str(token)}
            value = 1300 if kind == 5 else 1200
            skiff(f"ip link set wan mtu {value}", env=env)
            assert mtu(env=env) == value and mtu() == (1500 if kind == 5 else 1300)
            if kind:
                c.send(kind, struct.pack("<Q", token))
                assert c.get()[0] == 0x86
            c.stream.close()  # without an end: aborted
            wait_for(lambda e=env: skiff("ip link", check=False, env=e).returncode, "its end")
            assert mtu() == after


def idle_sockets_cost_nothing():
    """Both sides sleep: no CPU is spent on a monitor that hears nothing."""
    with Server() as server, Monitor() as monitor:
        before = cpu_of(server.process) + cpu_of(monitor)
        try:
            monitor.wait(1)  # nothing but time shows that nothing happens
        except subprocess.TimeoutExpired:
            pass
        spent = cpu_of(server.process) + cpu_of(monitor) - before
        assert spent <= 3, f"{spent} ticks in a second"


run_tests([socket_calls_are_the_kernels, ip_shows_links, ip_changes_links,
           unserved_is_refused_by_name, namespaces_are_refused, batch_and_large_dump,
           monitor_hears_of_changes, slow_reader_gets_enobufs_once, libc_and_files_tell_of_skiff,
           dead_daemon_is_an_error_not_a_hang, second_daemon_is_refused, roles,
           what_a_preload_cannot_reach, version_mismatch_is_one_sentence,
           commands_stream_and_end, transactions_have_their_own_state,
           idle_sockets_cost_nothing])
