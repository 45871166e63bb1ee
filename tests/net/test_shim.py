#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What programs find around them under skiff-run: sockets listed, namespaces, /proc and /sys."""
import os
import socket

from shimserver import python, server, skiff
from skiffnet import run_tests, sh


def ss_lists_skiffs_sockets():
    """TCP, UDP, raw, packet: skiff's, which has none; the kernel's listener is not told of."""
    with server(), socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert port in sh("ss -tnlH").stdout
        for words in ("-tuH", "-tanlH", "-uaH", "-waH", "-0aH", "-tH -6", "-SaH", "-daH",
                      "-tnlH sport = " + port):
            done = skiff("ss " + words)
            assert done.stdout == "" and done.stderr == "", (words, done)


def ss_lists_the_kernels_unix_sockets():
    path = "/run/listed.sock"
    with server(), socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        for words in ("-xlH", "-xaH", "-alH"):
            done = skiff("ss " + words)
            assert path in done.stdout and done.stderr == "", (words, done)
        assert skiff(["ss", "-xlH", "src", path]).stdout.split()[4] == path
        everything = skiff("ss -aH").stdout.splitlines()
        kinds = {line.split()[0] for line in everything}
        assert "u_str" in kinds and not kinds & {"tcp", "udp", "icmp6"}, kinds


def one_sock_diag_socket_asks_both():
    """A socket that lists UNIX sockets and then TCP's gets each answer from its own stack."""
    program = """
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 70000)
s.settimeout(10)
other = s.dup()
def ask(sock, family, kind=socket.IPPROTO_TCP):
    body = struct.pack("BBxxI", family, kind, 0xffffffff) + bytes(48)
    if family == socket.AF_UNIX:
        body = struct.pack("BBxxIIIII", family, 0, 0xffffffff, 0, 1, 0, 0)
    sock.send(struct.pack("IHHII", 16 + len(body), 20, 0x301, 7, 0) + body)
    n = 0
    while True:
        data = other.recv(65536)
        while data:
            length, kind, _, seq = struct.unpack_from("IHHI", data)
            assert seq == 7
            if kind == 3:
                return n
            assert kind != 2, struct.unpack_from("i", data, 16)
            n += 1
            data = data[length + 3 & ~3:]
print(ask(s, 2), ask(s, 1) > 0, s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
other = s
print(ask(s, 2), ask(s, 10), ask(s, 1) > 0, s.gettimeout())
"""
    with server(), socket.create_server(("127.0.0.1", 0)):
        out = python(program).stdout
    assert out == "0 True 140000\n0 0 True 10.0\n", out


def sock_diag_requests_are_judged_as_the_kernels():
    """Too short, an unknown protocol, one socket that is not there: the kernel's errno."""
    program = """
import socket, struct
def ask(body, flags, kind=20):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as s:
        s.settimeout(10)
        s.send(struct.pack("IHHII", 16 + len(body), kind, flags, 7, 0) + body)
        data = s.recv(65536)
        return struct.unpack_from("HHIIi", data, 4)[0::4]
inet = struct.pack("BBxxI", 2, 6, 0xffffffff) + bytes(48)
for flags in 5, 0x305:
    for body in b"", inet[:1], inet[:7], inet[:40], b"\\2\\xc8" + inet[2:], b"\\x2d" + inet[1:]:
        print(ask(body, flags))
print(ask(inet, 5), ask(inet, 5, 21), ask(inet, 0x305, 21))
"""
    kernel = sh(["python3", "-c", program]).stdout
    with server():
        assert python(program).stdout == kernel, (python(program).stdout, kernel)


HEIR = """
import os, socket, struct, sys, time
s = socket.socket(fileno=int(sys.argv[1]))
assert (s.family, s.type, s.proto) == (socket.AF_NETLINK, socket.SOCK_RAW, 0), s
print(s.getsockname()[1] == int(sys.argv[2]), s.getsockname()[1] == os.getpid(),
      s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), s.getsockopt(270, 11))
s.settimeout(10)
print(struct.unpack_from("H", s.recv(65536), 4)[0])    # the route told of before exec
s.send(struct.pack("IHHIIBxxxI", 24, 18, 0x301, 7, 0, 0, 0))
kinds = []
while 3 not in kinds:
    kinds.append(struct.unpack_from("H", s.recv(65536), 4)[0])
print(sorted(set(kinds)))
"""
HOLDER = """
import os, socket, subprocess, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 50000)
s.setsockopt(270, 11, 1)
s.bind((0, 1 << 6))
s.set_inheritable(True)
subprocess.run("ip route add blackhole 10.9.0.0/16".split(), check=True)
args = ["python3", "-c", sys.argv[1], str(s.fileno()), str(s.getsockname()[1])]
if sys.argv[2] == "exec":
    os.execvp("python3", args)
elif sys.argv[2] == "shell":
    os.execvp("sh", ["sh", "-c", 'exec "$@"', "sh", *args])
sys.stdout.write(subprocess.run(args, close_fds=False, capture_output=True, text=True).stdout)
s.send(b"\\x18\\0\\0\\0\\x12\\0\\1\\3" + bytes(16))
s.settimeout(10)
assert s.recv(65536)
"""


def netlink_socket_lives_over_exec():
    """As on the kernel: its number, name, options, groups and what waits in it."""
    def ways(run):
        texts = []
        for way in "exec", "shell", "child":
            done = run(["python3", "-c", HOLDER, HEIR, way])
            run("ip route del blackhole 10.9.0.0/16".split())
            texts.append(done.stdout)
        return texts

    kernel = ways(sh)
    with server():
        assert ways(skiff) == kernel, (ways(skiff), kernel)
    assert "[3, 16]" in kernel[0], kernel


def heir_of_a_dead_daemon_is_told():
    program = """
import os, signal, socket, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.set_inheritable(True)
os.kill(int(sys.argv[1]), signal.SIGTERM)
while os.path.exists(os.environ["SKIFF_SOCKET"]):
    pass
os.execlp("true", "true")
"""
    with server() as daemon:
        done = python(program, str(daemon.pid))
        assert "kept over exec, is lost" in done.stderr and done.stderr.count("\n") == 1, done


def sys_class_net_is_skiffs():
    """Walked, looked at and read as programs do it; nothing of the kernel's links shows."""
    sh("ip link add kernels0 type veth peer name kernels1")
    with server():
        assert skiff("ls /sys/class/net").stdout.split() == ["eth0", "eth1", "lo"]
        assert "eth0 -> ../../devices/virtual/net/eth0" in skiff("ls -l /sys/class/net/").stdout
        listed = skiff("ls /sys/class/net/eth0").stdout.split()
        assert set(listed) <= set(os.listdir("/sys/class/net/lo")), listed
        kernel = set(os.listdir("/sys/class/net/lo/statistics")) - {"rx_nohandler"}
        assert set(skiff("ls /sys/class/net/eth0/statistics").stdout.split()) == kernel
        script = """
for f in /sys/class/net/*; do
    echo "$(basename $f) $(cat $f/ifindex) $(cat $f/mtu) $(cat $f/operstate)"
done
for f in /sys/class/net/lo/* /sys/class/net/lo/statistics/*; do
    [ -d $f ] || { [ -r $f ] && [ -f $f ] && [ ! -w $f ] && cat $f >/dev/null || echo "bad $f"; }
done
for f in /sys/class/net/kernels0 /sys/class/net/eth0/no /sys/class/net/eth0/statistics/no \
    /proc/net/snmp6 /proc/net/fib_trie; do
    [ -e $f ] && echo "there: $f"
done
[ -d /sys/class/net/eth0 ] && [ -L /sys/class/net/eth0 ] && readlink /sys/class/net/eth1
[ -d /sys/devices/virtual/net/eth1 ] && cat /sys/devices/virtual/net/eth1/address
true
"""
        want = ("eth0 1048577 1500 down\neth1 1048578 1500 down\nlo 1 65536 down\n"
                "../../devices/virtual/net/eth1\n02:00:00:00:00:02\n")
        for shell in "sh", "bash":
            done = skiff([shell, "-c", script])
            assert done.stdout == want and done.stderr == "", (shell, done)
        program = """
import os
net = "/sys/class/net"
print(sorted(e.name for e in os.scandir(net) if e.is_dir() and e.is_symlink()), os.path.exists(net))
print(os.path.exists(net + "/kernels0"), os.access(net + "/eth0/mtu", os.R_OK),
      os.access(net + "/eth0/mtu", os.W_OK), os.stat(net + "/eth0/mtu").st_size)
d = os.scandir(net)
print(next(d).name in ("lo", "eth0", "eth1"), len(list(d)))
try:
    open(net + "/eth0/mtu", "w")
except OSError as error:
    print(error.strerror)
"""
        want = ("['eth0', 'eth1', 'lo'] True\nFalse True False 4096\nTrue 2\n"
                "Read-only file system\n")
        assert python(program).stdout == want, python(program).stdout
    sh("ip link del kernels0")


def sys_class_net_is_walked():
    """By descriptors and relative names, as find and shells do it; the kernel's links stay out."""
    sh("ip link add kernels0 type veth peer name kernels1")
    links = {"/sys/class/net/" + name for name in ("lo", "eth0", "eth1")}
    with server():
        assert set(skiff("find /sys/class/net").stdout.split()) == links | {"/sys/class/net"}
        assert set(skiff("find /sys/class/net/ -mindepth 1 -type l").stdout.split()) == links
        found = skiff("find -L /sys/class/net/ -maxdepth 2 -name mtu -size -9").stdout.split()
        assert set(found) == {name + "/mtu" for name in links}, found
        found = skiff("find /sys/class -path */net/*").stdout.split()
        assert links <= set(found) and not any("kernels" in name for name in found), found
        found = skiff("find /sys/class/net/eth0/").stdout.split()
        assert len(found) == 38 and "/sys/class/net/eth0/statistics/rx_bytes" in found, found
        script = """
cd /sys/class/net && ls && cat eth0/ifindex ./eth1/../eth1/mtu && ls -d e* && (cd .. && ls -d net/eth0)
find . -name 'eth*' | sort
cd /sys/class && ls net && cat net/eth0/mtu && [ ! -e net/kernels0 ] && [ -L net/eth0 ]
cd /proc/net && ls -d snmp6 fib_trie
"""
        want = ("eth0\neth1\nlo\n1048577\n1500\neth0\neth1\nnet/eth0\n./eth0\n./eth1\n"
                "eth0\neth1\nlo\n1500\n")
        for shell in "sh", "bash":
            done = skiff([shell, "-c", script], check=False)
            assert done.stdout == want and done.stderr.count("No such file") == 2, (shell, done)
        program = """
import os
net = os.open("/sys/class/net", os.O_RDONLY | os.O_DIRECTORY)
eth0 = os.open("eth0", os.O_RDONLY, dir_fd=os.dup(net))
print(sorted(os.listdir(net)), os.path.isdir(net), os.readlink("eth1", dir_fd=net))
print(os.read(os.open("mtu", os.O_RDONLY, dir_fd=eth0), 9), sorted(os.listdir(eth0))[0],
      os.access("mtu", os.W_OK, dir_fd=eth0), os.stat("mtu", dir_fd=eth0).st_size)
print(os.fstat(net).st_ino == os.stat("/sys/class/net").st_ino,
      os.stat("statistics", dir_fd=eth0).st_mode == os.fstat(eth0).st_mode)
os.fchdir(net)
print(open("eth1/mtu").read(), os.getcwd())
for way in lambda: os.open("kernels0", os.O_RDONLY, dir_fd=net), lambda: os.chdir("eth0"):
    try:
        way()
    except OSError as error:
        print(error.strerror)
"""
        want = ("['eth0', 'eth1', 'lo'] True ../../devices/virtual/net/eth1\n"
                "b'1500\\n' addr_len False 4096\nTrue True\n1500\n /sys/class/net\n"
                "No such file or directory\nOperation not supported\n")
        done = python(program)
        assert done.stdout == want and "cannot be the working folder" in done.stderr, done
    assert not [name for name in os.listdir("/dev/shm") if "skiff" in name]
    sh("ip link del kernels0")


def proc_net_is_skiffs():
    with server():
        listed = skiff("ls /proc/net").stdout.split()
        assert set(listed) <= set(os.listdir("/proc/net")) and "snmp6" not in listed, listed
        for name in listed:
            skiff(["cat", "/proc/net/" + name])
            if name in ("tcp", "udp", "raw", "tcp6", "udp6", "raw6", "packet", "udplite", "igmp"):
                with open("/proc/net/" + name, encoding="ascii") as f:
                    assert skiff("head -1 /proc/net/" + name).stdout == f.readline(), name
        assert len(skiff("cat /proc/net/tcp /proc/net/udp").stdout.splitlines()) == 2
        for path in "/proc/net/snmp6", "/proc/self/net/fib_trie", "/proc/thread-self/net/nosuch":
            done = skiff(["cat", path], check=False)
            assert done.returncode and "No such file" in done.stderr, done


def ip_maddr_is_the_kernels():
    """Links with IPv4 come and go; what the kernel adds for IPv6 is left aside."""
    def shown(run):
        found, name = [], None
        for words in "", "lo", "eth0", "eth1":
            for line in run(f"ip maddr show {words}").stdout.splitlines():
                if line[0].isdigit():
                    name = line.split()[1]
                elif "inet6" not in line and "33:33" not in line and name in ("lo", "eth0", "eth1"):
                    found.append((words, name, line))
        return found

    for name in "eth0", "eth1":
        sh(f"ip link add {name} type veth peer name p{name}")
    sh("ip link set lo down")
    with server():
        for change in ("link set lo up", "link set eth0 up", "addr add 192.0.2.1/24 dev eth0",
                       "link set eth1 up", "link set eth0 down"):
            sh("ip " + change)
            skiff("ip " + change)
            assert shown(skiff) == shown(sh), (change, shown(skiff), shown(sh))
        assert ("eth1", "eth1", "\tlink  01:00:5e:00:00:01") in shown(skiff)
    for name in "eth0", "eth1":
        sh(f"ip link del {name}")


SENTENCE = ("libskiff: a program on skiff has no network namespace to change to; run ip netns and "
            "ip -n without skiff-run, or a skiffd of its own in the other namespace\n")


def ip_netns_is_refused():
    """One sentence, a status that is not 0, and the kernel's namespaces as they were."""
    sh("ip netns add there")
    with server():
        for words in ("netns", "netns list", "netns add x", "netns del there", "net ls",
                      "netns exec there true", "netns monitor", "netns identify", "netns pids there",
                      "netns list-id", "-all netns exec true", "-n there link", "-netns there addr",
                      "-n there -j link", "-j -n there link", "--netns there link", "-f inet netns",
                      "-rc 1000 -s -- netns"):
            done = skiff("ip " + words, check=False)
            assert done.returncode == 1 and done.stdout == "", (words, done)
            assert done.stderr == SENTENCE, (words, done)
            assert sh("ip netns list").stdout == "there\n", words
        done = skiff(["sh", "-c", "ip netns del there"], check=False)
        assert done.returncode == 1 and done.stderr == SENTENCE, done
        # as lines of a batch
        for words in ("del there", "add x", "exec there true"):
            done = skiff("ip -batch -", check=False, input=f"netns {words}\n")
            assert done.returncode and SENTENCE in done.stderr, (words, done)
        # what other programs do to the names
        for words in ("rm -f /run/netns/there", "rm /run/../run//netns/there", "unlink /run/netns/there",
                      "sh -c 'cd /run/netns && rm there'", "rm -rf /var/run/netns",
                      "find /run/netns -name there -delete", "umount /run/netns/there",
                      "mount --bind /proc/self/ns/net /run/netns/there",
                      "touch /run/netns/x", "python3 -c 'import os; os.rmdir(\"/run/netns\")'"):
            done = skiff(["sh", "-c", words], check=False)
            assert done.returncode and SENTENCE in done.stderr, (words, done)
            assert sh("ip netns list").stdout == "there\n", words
        done = skiff("timeout 1 ip monitor link", check=False)
        assert done.returncode == 124 and done.stderr == "", done
        assert sh("ip netns list").stdout == "there\n"
        # what is not about namespaces
        for words in ("n", "ne show", "neigh", "-br link", "-b /dev/null", "-j netconf", "-f inet a",
                      "link show dev eth0", "-V"):
            skiff("ip " + words)
    sh("ip netns del there")


run_tests([ss_lists_skiffs_sockets, ss_lists_the_kernels_unix_sockets,
           one_sock_diag_socket_asks_both,
           sock_diag_requests_are_judged_as_the_kernels, ip_netns_is_refused,
           netlink_socket_lives_over_exec, heir_of_a_dead_daemon_is_told,
           sys_class_net_is_skiffs, sys_class_net_is_walked, proc_net_is_skiffs, ip_maddr_is_the_kernels])
