#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Netlink where it is strained: large requests, tables that change, clients that misbehave."""
import json
import os
import signal
import subprocess

from shimserver import RUN, SOCKET, python, server, skiff
from skiffnet import run_tests, sh, wait_for

# What the programs below have in common: messages made and taken apart.
LIB = """
import errno, os, socket, struct, sys
SOL_NETLINK, EXT_ACK, STRICT = 270, 11, 12
def nl(kind=0, group=0):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, kind)
    s.settimeout(10)
    s.bind((0, group))
    return s
def msg(kind, flags, body, *attrs):
    for a, v in attrs:
        body += struct.pack("HH", 4 + len(v), a) + v + bytes(-len(v) % 4)
    return struct.pack("IHHII", 16 + len(body), kind, flags, 7, 0) + body
def rt(plen=0, table=254, proto=3, kind=1):
    return struct.pack("8BI", 2, plen, 0, 0, table, proto, 0, kind, 0)
def split(data):
    while data:
        length, kind, flags = struct.unpack_from("IHH", data)
        yield kind, flags, data[16:length]
        data = data[length + 3 & ~3:]
def dump(s, first=None):
    while True:
        for m in split(first or s.recv(1 << 16)):
            yield m
            if m[0] == 3:
                return
        first = None
def code(payload):
    return errno.errorcode.get(-struct.unpack_from("i", payload)[0], 0)
"""


def run_both(program, setup=(), end=()):
    """The program's output on the kernel and on skiff must be the same; returns it."""
    outs = []
    with server():
        for run in sh, skiff:
            for line in setup:
                run("ip " + line)
            outs.append(run(["python3", "-c", LIB + program]).stdout)
            for line in end:
                run("ip " + line)
    assert outs[0] == outs[1], f"\nkernel: {outs[0]}\nskiff:  {outs[1]}"
    return outs[0]


def large_requests():
    """9 MB in one: too long for the send buffer, unless that is as large."""
    out = run_both("""
s = nl()
big = msg(18, 5, bytes(9 << 20))
for n in len(big), s.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - 31:
    try:
        s.send(big[:n])
    except OSError as error:
        print(errno.errorcode[error.errno])
s.setsockopt(socket.SOL_SOCKET, 32, 20 << 20)    # SO_SNDBUFFORCE
one = msg(18, 0x305, struct.pack("Bxxx", 0) + bytes(12))
noop = struct.pack("IHHII", 16, 1, 0, 0, 0)
print(s.send(noop * (9 << 16) + one) == len(noop) * (9 << 16) + len(one))
print(sum(1 for m in dump(s) if m[0] == 16) > 0)
""")
    assert out == "EMSGSIZE\nEMSGSIZE\nTrue\nTrue\n", out


def dumps_tell_of_changes():
    """NLM_F_DUMP_INTR if and only if the table changed meanwhile."""
    with server():
        batch = "".join(f"route add blackhole 10.{i >> 8}.{i & 255}.0/24\n" for i in range(20000))
        skiff("ip -batch -", input=batch)
        out = python(LIB + """
def marked(change):
    s, t = nl(), nl()
    s.send(msg(26, 0x301, rt(table=0)))
    first = s.recv(4096)
    if change:
        t.send(msg(24, 0x605, rt(24, kind=6), (1, bytes([11, change, 0, 0]))))
        assert code(t.recv(4096)[16:]) == 0
    flags = [m[1] for m in dump(s, first)]
    return len(flags) > 20000, any(f & 0x10 for f in flags)
print(marked(0), marked(1), marked(0))
""").stdout
        assert out == "(True, False) (True, True) (True, False)\n", out
        # `ip` says so, too, rather than showing a mixture as the truth
        assert len(skiff("ip route show table main").stdout.splitlines()) >= 20001


def strict_filters_are_marked():
    """NLM_F_DUMP_FILTERED where a strict request's filter was applied, as the kernel does."""
    out = run_both("""
for strict in 0, 1:
    for table, proto in (254, 0), (254, 99), (0, 99):
        s = nl()
        s.setsockopt(SOL_NETLINK, STRICT, strict)
        s.send(msg(26, 0x301, rt(table=table, proto=proto, kind=0)))
        got = list(dump(s))
        print(strict, table, proto, {bool(m[1] & 0x20) for m in got[:-1]},
              {m[2][5] for m in got[:-1]} == {99})
""", setup=["route add blackhole 10.1.0.0/16 proto 99", "route add blackhole 10.2.0.0/16 proto 98"],
                   end=["route flush table main"])
    assert "1 254 99 {True} True" in out and "0 254 0 {False}" in out, out


def echo_comes_back():
    """NLM_F_ECHO: the asker hears of its own change, with its port id and sequence number: once,
    also where it is among the listeners, who hear of it without the flag, too."""
    out = run_both("""
for flags, group in ((f, g) for f in (0x605, 0x60d, 0x608 | 1) for g in (0, 1 << 6)):
    s = nl(group=group)
    s.send(msg(24, flags, rt(16, kind=6), (1, bytes([10, 3, 0, 0]))))
    s.send(msg(18, 5, struct.pack("BxHiII", 0, 0, 1 << 30, 0, 0)))    # an error, behind all there is
    got, quoted = [], 0
    while quoted != 18:
        data = s.recv(1 << 16)
        pid = struct.unpack_from("I", data, 12)[0]
        got += [(k, f & 8, pid == s.getsockname()[0]) for k, f, _ in split(data)]
        quoted = struct.unpack_from("H", data, 24)[0] if got[-1][0] == 2 else 0
    print(sorted(got))
    s.close()
    s = nl()
    s.send(msg(25, 5, rt(16, kind=6), (1, bytes([10, 3, 0, 0]))))
    s.recv(4096)
""")
    assert [line.count("(24,") for line in out.splitlines()] == [0, 1, 1, 1, 1, 1], out


def one_that_never_reads():
    """Its answers are dropped, it hears ENOBUFS; the daemon's memory and others do not suffer."""
    def rss(process):
        with open(f"/proc/{process.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * 4096

    with server() as daemon:
        batch = "".join(f"route add blackhole 10.{i >> 8}.{i & 255}.0/24\n" for i in range(5000))
        skiff("ip -batch -", input=batch)
        before = rss(daemon)
        out = python(LIB + """
s = nl()
for i in range(3000):
    try:
        s.send(msg(18, 5, bytes(15000)))    # each error quotes it
    except OSError as error:
        assert error.errno == errno.ENOBUFS, error
s.setblocking(False)
lost = got = 0
while True:
    try:
        got += len(s.recv(1 << 16)) > 0
    except OSError as error:
        if error.errno != errno.ENOBUFS:
            break
        lost += 1
print(lost, 0 < got < 3000)
s.settimeout(10)
s.send(msg(18, 0x305, bytes(16)))
print(any(m[0] == 16 for m in dump(s)))
""").stdout
        assert out == "1 True\nTrue\n", out
        # one that asks for a dump and goes no further holds nobody up
        lazy = subprocess.Popen([RUN, "-s", SOCKET, "python3", "-c", LIB + """
s = nl()
s.send(msg(26, 0x301, rt(table=0)))
print("asked", flush=True)
sys.stdin.read()
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert lazy.stdout.readline() == "asked\n"
        assert len(skiff("ip route").stdout.splitlines()) == 5000
        skiff("ip route add blackhole 10.200.0.0/16")
        assert rss(daemon) - before < 8 << 20, rss(daemon) - before
        lazy.kill()
        lazy.wait(10)


def fds(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def a_thousand_sockets():
    """An administrator may; all are given back. Others have a quota, and hear of it by name."""
    with open("/run/group", "w", encoding="ascii") as out, open("/etc/group", encoding="ascii") as f:
        out.write(f.read() + "skiff:x:64321:\n")
    sh("mount --bind /run/group /etc/group")
    program = LIB + """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
all = []
try:
    while len(all) < 1000:
        all.append(nl())
except OSError as error:
    print(errno.errorcode[error.errno])
print(len(all))
all[-1].send(msg(18, 0x305, bytes(16)))
print(any(m[0] == 16 for m in dump(all[-1])))
"""
    with server() as daemon:
        before = fds(daemon)
        assert python(program).stdout == "1000\nTrue\n"
        reader = "setpriv --reuid 65534 --clear-groups --regid 64321".split()
        for _ in range(2):
            done = sh([*reader, RUN, "-s", SOCKET, "python3", "-c", program])
            assert done.stdout == "EDQUOT\n64\nTrue\n", done
        assert "has as many as skiff allows" in done.stderr and done.stderr.count("\n") == 1, done
        wait_for(lambda: fds(daemon) == before, "all descriptors to be given back")
        skiff("ip link")
    sh("umount /etc/group")


def killed_in_the_middle_of_a_dump():
    with server() as daemon:
        batch = "".join(f"route add blackhole 10.{i >> 8}.{i & 255}.0/24\n" for i in range(20000))
        skiff("ip -batch -", input=batch)
        before = fds(daemon)
        for _ in range(20):
            done = python(LIB + """
s = nl()
s.send(msg(26, 0x301, rt(table=0)))
s.recv(4096)
os.kill(os.getpid(), 9)
""", check=False)
            assert done.returncode == -signal.SIGKILL, done
        wait_for(lambda: fds(daemon) == before, "the dead ones' sockets to go")
        assert len(skiff("ip route").stdout.splitlines()) == 20000


def garbage_in_the_ring():
    """A program that scribbles over the shared memory is cut off; another lives on meanwhile."""
    program = LIB + """
import random
random.seed(int(sys.argv[1]))
s = nl()
line = [l for l in open("/proc/self/maps") if "skiff-netlink" in l][0]
start, end = (int(x, 16) for x in line.split()[0].split("-"))
with open("/proc/self/mem", "r+b", buffering=0) as mem:
    if sys.argv[2] == "all":
        mem.seek(start)
        mem.write(random.randbytes(end - start))
    elif sys.argv[2] == "counters":    # behind skiffd's back and far ahead
        mem.seek(start + 128)
        mem.write(random.randbytes(16))
    else:                              # frames of no sense, properly published
        mem.seek(start + 4096)
        mem.write(random.randbytes(8192))
        mem.seek(start + 128)
        mem.write(struct.pack("Q", 8192))
import ctypes
libc = ctypes.CDLL("libc.so.6")
libc.syscall(44, s.fileno(), b"x", 1, 0x4000, None, 0)     # a wake-up, not by libskiff
data = 1
while data:                            # until skiffd hangs up
    buf = ctypes.create_string_buffer(64)
    data = libc.syscall(45, s.fileno(), buf, 64, 0, None, None)
print(data)
"""
    with server() as daemon:
        before = fds(daemon)
        with subprocess.Popen([RUN, "-s", SOCKET, "python3", "-c", LIB + """
s = nl()
for line in sys.stdin:
    s.send(msg(18, 0x305, bytes(16)))
    print(sum(1 for m in dump(s) if m[0] == 16), flush=True)
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            for i in range(18):
                what = ("all", "counters", "frames")[i % 3]
                out = python(program, str(i), what).stdout
                assert out == "0\n", (i, what, out)
                other.stdin.write("\n")
                other.stdin.flush()
                assert other.stdout.readline() == "3\n", (i, what)
            other.stdin.close()
            assert other.wait(10) == 0
        wait_for(lambda: fds(daemon) == before, "the cut-off ones' sockets to go")
        assert len(json.loads(skiff("ip -j link").stdout)) == 3


run_tests([large_requests, dumps_tell_of_changes, strict_filters_are_marked, echo_comes_back,
           one_that_never_reads, a_thousand_sockets, killed_in_the_middle_of_a_dump,
           garbage_in_the_ring])
