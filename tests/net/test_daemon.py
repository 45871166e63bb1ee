#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""skiffd's life: start, stop, kill -9, a second one, and everything that can be wrong with a file.

Whatever goes wrong: one clear sentence, a status that is not 0, nothing half-applied, nothing left.
"""
import json
import os
import re
import signal
import socket
import time

from skiffnet import SKIFF, SKIFFD, Host, Skiff, link, run_tests, sh, wait_for

PORTS = """
system workers 1
system mbufs 8192
port add wan af_packet iface eth0
port add lan af_packet iface eth1
"""
CONFIG = PORTS + """
ip addr add 192.0.2.1/24 dev wan
ip addr add 198.51.100.1/24 dev lan
ip link set wan up
ip link set lan up
ip route add 203.0.113.0/24 via 198.51.100.2 metric 5
"""

peer = Host("peer")
router = Skiff("router", CONFIG)
link(peer, "p0", router.host, "eth0")
link(peer, "p1", router.host, "eth1")


def file_of(name, text):
    path = f"/run/{name}"
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def start_fails(text, *wanted, env=None, args=()):
    """skiffd on this file must end by itself, say `wanted`, and leave no trace."""
    path = file_of("bad.conf", text)
    before = kernel_state()
    done = router.host.run([SKIFFD, "-c", path, "-s", "/run/bad.sock", *args], check=False,
                           env=dict(os.environ, **(env or {})))
    said = done.stdout + done.stderr
    assert done.returncode == 1, f"status {done.returncode}: {said}"
    assert "ready" not in done.stdout, said
    for part in wanted:
        assert part in done.stderr, f"{part!r} is not in {done.stderr!r}"
    assert len(done.stderr.splitlines()) == 1, f"more than one sentence: {done.stderr}"
    assert not os.path.exists("/run/bad.sock"), "the socket stayed"
    assert kernel_state() == before, "the kernel's interfaces changed"
    return done.stderr


def kernel_state():
    """What a takeover may touch and must give back."""
    state = []
    for one in json.loads(router.host.run("ip -j -d addr show").stdout):
        state.append((one["ifname"], one.get("inet6_addr_gen_mode"), one.get("promiscuity"),
                      "UP" in one["flags"],
                      sorted(a["local"] for a in one["addr_info"] if a["scope"] == "global")))
    state.append(router.host.run("nft list ruleset", check=False).stdout)
    return state


def checks_files_and_touches_nothing():
    good = file_of("good.conf", CONFIG)
    # --check may run beside a skiffd, as anybody, on a machine without these interfaces
    for words in ([SKIFFD, "--check", good],
                  ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", SKIFFD,
                   "--check", good]):
        done = sh(words, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "/run/good.conf: right\n", done.stdout
    assert not [f for f in os.listdir("/tmp") if f.startswith("skiff-check")], "left in /tmp"
    assert not os.path.exists("/run/dpdk"), "--check started DPDK"


GOLDEN = [
    ("system workers 0\n",
     "1:16: '0' is not a number of workers; 1 to 64"),
    ("system worker 1\n",
     "1:8: 'worker' is not known here; one of: workers, cores, mbufs, hugepages, mode, spread, show"),
    ("system workers 1\nport add\n", "2:9: "),
    ("port add wan af_paket iface eth0\n", "1:14: "),
    ("port add wan af_packet\n", "1:14: af_packet needs 'iface'"),
    ("port add wan af_packet iface eth0 iface eth1\n", "1:35: "),
    ("port add wan af_packet colour red\n", "1:24: "),
    ("port add n0 null\nport add n0 null\n", "2:10: an interface of this name exists; take another name"),
    ("ip link set nosuch up\n", '1: Cannot find device "nosuch"'),
    ("port add n0 null\nip addr add 192.0.2.1/24 dev n0\nip route add 10.0.0.0/8 via 203.0.113.1\n",
     "3: "),
    ("port add n0 null\nip addr add 192.0.2.1/33 dev n0\n", "2: "),
    ("port add n0 null\nip link set n0 up\nip route add 10.0.0.0/8 dev n0 fooo\nip link set n0 up\n", "3: "),
    ("ip link set lo up\nport add n0 null\n",
     "2:1: `port add` comes after a line of a tool; system and port lines come first"),
    ("ip addr add 'x\n", "1:13: the quote is not closed; end it on the same line"),
]


def says_where_and_what():
    for text, want in GOLDEN:
        path = file_of("golden.conf", text)
        done = sh([SKIFFD, "--check", path], check=False)
        said = done.stderr.replace(path + ":", "")
        assert done.returncode == 1, f"{text!r}: status {done.returncode} {done.stderr}"
        assert said.startswith(want), f"{text!r}: {said!r} is not {want!r}"
        assert done.stdout == "", done.stdout


def finds_the_line_in_a_long_file():
    lines = ["port add n0 null", "ip addr add 192.0.2.1/24 dev n0", "ip link set n0 up"]
    lines += [f"ip route add 10.{i // 250}.{i % 250}.0/24 dev n0" for i in range(3000)]
    for bad, at in (("ip route add 10.99.0.0/16 via 203.0.113.1", 1234),
                    ("ip route add 10.99.0.0/16 dev n0 no_such_word", 2345)):
        path = file_of("long.conf", "\n".join(lines[:at] + [bad] + lines[at:]) + "\n")
        done = sh([SKIFFD, "--check", path], check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(f"{path}:{at + 1}: "), done.stderr[:300]


def starts_and_stops():
    before = kernel_state()
    router.start()
    assert set(one["port"] for one in router.json("show ports")) == {"wan", "lan"}
    assert router.stop() == 0
    assert not os.path.exists(router.socket), "the socket stayed"
    assert kernel_state() == before, "the interfaces are not as they were"


def second_on_the_same_socket_refuses():
    router.start()
    done = router.host.run([SKIFFD, "-s", router.socket], check=False)
    assert done.returncode == 1 and "ready" not in done.stdout, done.stdout
    assert done.stderr == (f"skiffd: another skiffd, pid {router.process.pid}, serves "
                           f"{router.socket}; stop it, or choose another place with -s SOCKET\n")
    assert router.json("show ports"), "the first one lives on"


def others_run_beside_it():
    other = Skiff("beside", "system mbufs 4096\nport add n0 null\n", host=router.host)
    other.start()
    assert [one["port"] for one in other.json("show ports")] == ["n0"]
    assert len(router.json("show ports")) == 2
    other.stop()


def load_is_all_or_nothing():
    state = router.skiff("save").stdout.splitlines()[1:]
    path = file_of("more.conf", "ip addr add 203.0.113.9/32 dev lan\nip route add 10.0.0.0/8 via "
                                "198.51.100.2\nip link set lan mtu 1400\nip route add x\n")
    done = router.skiff(["load", path], check=False)
    assert done.returncode == 1 and done.stderr.startswith(f"{path}:4: "), done.stderr
    assert router.skiff("save").stdout.splitlines()[1:] == state
    path = file_of("more.conf", "port add n0 null\nport add m af_packet iface nosuch\n")
    done = router.skiff(["load", path], check=False)
    assert done.returncode == 1 and done.stderr.startswith(f"{path}:2:"), done.stderr
    assert router.skiff("save").stdout.splitlines()[1:] == state
    path = file_of("more.conf", "port add n0 null\nip link set n0 up\nip route add 10.0.0.0/8 dev n0\n")
    router.skiff(["load", path])
    assert "10.0.0.0/8" in router.ip("route show").stdout
    router.skiff("port del n0")
    assert "10.0.0.0/8" not in router.ip("route show").stdout
    assert router.skiff("save").stdout.splitlines()[1:] == state


def load_of_system_needs_restart():
    path = file_of("sys.conf", "system workers 1\nsystem mbufs 4096\n")
    done = router.skiff(["load", path], check=False)
    assert done.returncode == 1, done
    assert done.stderr.startswith(f"{path}:2:14: ") and "needs restart" in done.stderr, done.stderr
    router.skiff(["load", file_of("sys.conf", "system workers 1\nsystem mbufs 8192\n")])


def check_of_load_changes_nothing():
    state = router.skiff("save").stdout.splitlines()[1:]
    path = file_of("dry.conf", "ip route add 10.0.0.0/8 via 198.51.100.2\n")
    router.skiff(["load", "--check", path])
    assert router.skiff("save").stdout.splitlines()[1:] == state


def save_and_load_round_trip():
    for words in ("link set lan mtu 1400", "link set lan alias some_name",
                  "link add link lan name lan.7 type vlan id 7", "link add d0 type dummy",
                  "link set lan.7 up", "link set d0 up", "addr add 10.7.0.1/24 dev lan.7",
                  "addr add 10.8.0.1/16 brd + dev d0",
                  "route add 172.16.0.0/12 proto static metric 7 via 10.7.0.9",
                  "route add blackhole 10.99.0.0/16", "route add unreachable 10.98.0.0/16 metric 9",
                  "route add 10.97.0.0/16 nexthop via 10.7.0.2 weight 3 nexthop via 10.7.0.3",
                  "route add 10.96.0.0/16 table 100 via 10.7.0.2",
                  "rule add pref 100 from 10.8.0.0/16 lookup 100",
                  "neigh add 10.7.0.2 lladdr 02:00:00:00:00:02 dev lan.7 nud permanent"):
        router.ip(words)
    saved = router.skiff("save").stdout

    def looks(one):
        # Indexes are given in the order of creation, and there were others before.
        return {what: re.sub(r"^\d+: ", "", one.ip(what).stdout, flags=re.M) for what in
                ("-o addr show", "route show table all", "rule show", "neigh show nud permanent")}
    seen = looks(router)
    router.stop()
    again = Skiff("again", saved, host=router.host)
    again.start()
    try:
        assert again.skiff("save").stdout.splitlines()[1:] == saved.splitlines()[1:], \
            again.skiff("save").stdout
        def differs():
            # The carrier of a port that was just opened takes its moment.
            now = looks(again)
            return [f"ip {what}:\n{seen[what]}\nthen:\n{now[what]}" for what in seen
                    if now[what] != seen[what]]
        wait_for(lambda: not differs(), "the same state\n" + "\n".join(differs()))
        # and once more on the running state: what is there already is no error for ports
        again.skiff(["load", file_of("ports.conf", PORTS)])
    finally:
        again.stop()


def killed_leaves_interfaces_usable():
    before = kernel_state()
    router.start()
    router.process.send_signal(signal.SIGKILL)
    router.process.wait(10)
    names = json.loads(router.host.run("ip -j link show").stdout)
    assert {"eth0", "eth1"} <= {one["ifname"] for one in names}
    # The kernel hears and answers on it again at once.
    router.host.run("ip link set eth0 up")
    router.host.run("ip addr add 192.0.2.77/24 dev eth0")
    peer.run("ip link set p0 up")
    peer.run("ip addr replace 192.0.2.78/24 dev p0")
    wait_for(lambda: peer.run("ping -n -c 1 -W 1 192.0.2.77", check=False).returncode == 0,
             "an answer of the kernel after kill -9")
    router.host.run("ip addr del 192.0.2.77/24 dev eth0")
    router.start()
    router.stop()
    assert kernel_state() == before, f"{kernel_state()} is not {before}"


def missing_interface():
    start_fails(PORTS.replace("eth1", "nosuch"), "bad.conf:5:", "nosuch")


def wrong_line():
    at = len(CONFIG.splitlines()) + 1
    start_fails(CONFIG + "ip route add 10.0.0.0/8 via 203.0.113.1 dev nosuch\n",
                f'bad.conf:{at}: Cannot find device "nosuch"')
    start_fails(CONFIG + "foo\n", f"bad.conf:{at}:1: 'foo' is not known here")
    start_fails("system mbufs 1\n", "bad.conf:1:14: '1' is not a number of buffers")
    start_fails("system cores 4000\n", "bad.conf:1:14: ")
    start_fails("metrics listen 127.0.0.1:9\n", "bad.conf:1:1: `metrics`")


def missing_file():
    done = router.host.run([SKIFFD, "-c", "/run/nosuch.conf", "-s", "/run/bad.sock"], check=False)
    assert done.returncode == 1
    assert done.stderr == "skiffd: /run/nosuch.conf: No such file or directory\n", done.stderr


def interface_with_addresses_is_refused():
    router.host.run("ip addr add 203.0.113.5/24 dev eth1")
    try:
        start_fails(PORTS, "bad.conf:5:", "takeover")
    finally:
        router.host.run("ip addr del 203.0.113.5/24 dev eth1")


def takeover_moves_addresses():
    link(peer, "p3", router.host, "eth3")
    peer.run("ip addr add 10.3.0.2/24 dev p3")
    router.host.run("ip addr add 10.3.0.1/24 dev eth3")
    router.host.run("ip route add 10.33.0.0/16 via 10.3.0.2 metric 7")
    before = kernel_state()
    routes = router.host.run("ip route show dev eth3").stdout
    text = "system mbufs 4096\nport add w af_packet iface eth3 takeover yes\n"
    mover = Skiff("mover", text, host=router.host)
    mover.start()
    assert "10.3.0.1/24" in mover.ip("-o addr show dev w").stdout
    assert "10.33.0.0/16 via 10.3.0.2 dev w metric 7" in mover.ip("route show").stdout
    wait_for(lambda: peer.run("ping -n -c 1 -W 1 10.3.0.1", check=False).returncode == 0,
             "an answer of skiff")
    saved = mover.skiff("save").stdout
    mover.stop()
    assert kernel_state() == before
    assert router.host.run("ip route show dev eth3").stdout == routes
    # what was saved is in the file now, and on the interface too: no contradiction
    again = Skiff("mover2", saved, host=router.host)
    again.start()
    assert "10.3.0.1/24" in again.ip("-o addr show dev w").stdout
    again.stop()
    router.host.run("ip link del eth3")


def no_permission():
    # no capability at all, as a user of the system without rights has
    path = file_of("perm.conf", PORTS)
    done = router.host.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                            "--bounding-set=-all", "--inh-caps=-all",
                            SKIFFD, "-c", path, "-s", "/tmp/perm.sock"], check=False)
    assert done.returncode == 1, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "CAP_NET" in done.stderr or "ermission" in done.stderr, done.stderr
    done = router.host.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                            SKIFFD, "-s", "/run/nosuch/perm.sock"], check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr


def no_memory():
    start_fails("system mbufs 16777216\n", "MB are free; write a smaller `system mbufs`")
    start_fails("system hugepages yes\nsystem mbufs 16000000\n", "or write `system hugepages auto`")
    start_fails("system cores 1000\n", "CPU 1000 is not there", "taskset")
    path = file_of("limit.conf", "system mbufs 4096\nport add n0 null\n")
    # The less there is, the earlier it fails: DPDK's plugins, its memory, our own tables.
    for megabytes, sentence in ((50, "DPDK does not start"), (100, "no memory"), (600, "no memory"),
                                (3000, "no memory")):
        done = router.host.run(["prlimit", f"--as={megabytes}000000", SKIFFD, "-c", path,
                                "-s", "/run/bad.sock"], check=False)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done
        assert sentence in done.stderr and ";" in done.stderr, done.stderr
    # Stacks that the limit has no room for: DPDK takes it for its first thread, or ends the process.
    # Where there are huge pages it reserves more beforehand, and that may fail first.
    cores = file_of("cores.conf", "system workers 2\nsystem mbufs 2048\n")
    for gigabytes in (30, 14):
        done = router.host.run(["prlimit", "--as=30000000000", f"--stack={gigabytes}000000000",
                                "--core=0", SKIFFD, "-c", cores, "-s", "/run/cores.sock"],
                               check=False)
        assert done.returncode != 0, done
        assert "thread" in done.stderr or "no memory; raise the limit" in done.stderr, done
        assert "in use" not in done.stderr, done
    done = router.host.run(["prlimit", "--nofile=20:20", SKIFFD, "-c", path, "-s", "/run/bad.sock"],
                           check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done
    assert "20 open files are allowed" in done.stderr and "ulimit -n" in done.stderr, done.stderr
    assert not os.path.exists("/run/bad.sock")


def places_where_no_socket_can_be():
    with open("/run/file.sock", "w", encoding="ascii") as out:
        out.write("kept")
    for path, sentence in (("/run/file.sock", "exists and is not a socket; remove it"),
                           ("/run/" + "x" * 120, "characters; choose a shorter one")):
        done = router.host.run([SKIFFD, "-s", path], check=False)
        assert done.returncode == 1 and sentence in done.stderr, done
        assert len(done.stderr.splitlines()) == 1 and done.stdout == "", done
    assert open("/run/file.sock", encoding="ascii").read() == "kept"


def wrong_words_of_the_programs():
    for words, status in (([SKIFFD, "--nosuch"], 2), ([SKIFFD, "x"], 2),
                          ([SKIFFD, "--check", "a", "-c", "b"], 2),
                          ([SKIFFD, "--log-level", "loud"], 2),
                          ([SKIFF, "-s", "/run/none.sock", "show", "stages"], 3),
                          ([SKIFF, "-s", "/run/none.sock", "show", "stage"], 2),
                          ([SKIFF, "-s", "/run/none.sock", "metrics"], 2)):
        done = sh(words, check=False)
        assert done.returncode == status, f"{words}: {done}"
        assert done.stderr and done.stdout == "", f"{words}: {done}"
    for words in ([SKIFFD, "--help"], [SKIFF, "--help"], [SKIFFD, "--version"]):
        assert sh(words).stdout, words


def tells_systemd():
    path = "/run/notify.sock"
    box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    box.bind(path)
    box.settimeout(20)
    told = Skiff("told", "system mbufs 4096\n", host=router.host, env={"NOTIFY_SOCKET": path})
    told.start()
    assert box.recv(100) == b"READY=1"
    told.stop()
    assert box.recv(100) == b"STOPPING=1"
    box.close()
    os.unlink(path)


def port_that_vanishes():
    link(peer, "p2", router.host, "eth2")
    mortal = Skiff("mortal", "system mbufs 4096\nport add w af_packet iface eth2\n"
                             "ip link set w up\nip addr add 10.1.1.1/24 dev w\n", host=router.host)
    mortal.start()
    router.host.run("ip link del eth2")
    wait_for(lambda: not mortal.json("show ports"), "the port to go")
    assert "10.1.1" not in mortal.ip("route show").stdout
    assert mortal.process.poll() is None, "skiffd lives"
    mortal.stop()


def telemetry_answers():
    one = Skiff("tele", "system mbufs 4096\nport add n0 null\n", host=router.host)
    one.start()
    prefix = one.json("system show")["file_prefix"]
    base = "/var/run/dpdk" if os.path.isdir(f"/var/run/dpdk/{prefix}") else "/run/dpdk"
    talk = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    talk.settimeout(10)
    talk.connect(f"{base}/{prefix}/dpdk_telemetry.v2")
    size = json.loads(talk.recv(1024))["max_output_len"]
    for path in ("stages", "drops", "ports", "workers", "memory", "ledger"):
        talk.send(f"/skiff/{path}".encode())
        answer = json.loads(talk.recv(size))[f"/skiff/{path}"]
        assert answer, f"/skiff/{path}: {answer}"
        if path == "ports":
            assert answer["n0"]["driver"] == "null", answer
    talk.close()
    one.stop()
    assert not os.path.exists(f"{base}/{prefix}"), "DPDK's folder stayed"


def without_root_in_a_namespace():
    with open("/tmp/skiff-rootless.conf", "w", encoding="utf-8") as out:  # /run is another one in there
        out.write("system mbufs 4096\nport add n0 null\nip link set n0 up\n")
    script = (f"mount -t tmpfs t /run; {SKIFFD} -c /tmp/skiff-rootless.conf -s /tmp/skiff-rootless.sock & "
              "pid=$!; for i in $(seq 200); do "
              f"{SKIFF} -s /tmp/skiff-rootless.sock show ports 2>/dev/null | grep -q null && break; sleep 0.05; "
              f"done; {SKIFF} -s /tmp/skiff-rootless.sock show ports; kill $pid; wait $pid")
    try:
        done = sh(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare",
                   "-Urnm", "sh", "-c", script], check=False)
        assert done.returncode == 0 and "null" in done.stdout, done
    finally:
        os.unlink("/tmp/skiff-rootless.conf")


def idle_costs_little():
    router.start()
    stat = f"/proc/{router.process.pid}/stat"

    def ticks():
        with open(stat, encoding="utf-8") as text:
            fields = text.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    router.json("show ports")
    start, begin = ticks(), time.monotonic()
    time.sleep(3)  # what is measured is time
    share = (ticks() - start) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - begin)
    assert share < 0.05, f"{share:.1%} of a core while idle"
    router.stop()


run_tests([checks_files_and_touches_nothing, says_where_and_what, finds_the_line_in_a_long_file,
           starts_and_stops, second_on_the_same_socket_refuses, others_run_beside_it,
           load_is_all_or_nothing, load_of_system_needs_restart, check_of_load_changes_nothing,
           save_and_load_round_trip, killed_leaves_interfaces_usable, missing_interface,
           wrong_line, missing_file, interface_with_addresses_is_refused,
           takeover_moves_addresses, no_permission, no_memory, places_where_no_socket_can_be,
           wrong_words_of_the_programs, tells_systemd, port_that_vanishes, telemetry_answers,
           without_root_in_a_namespace, idle_costs_little])
