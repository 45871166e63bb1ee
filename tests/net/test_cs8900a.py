#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A router with one cs8900a port, the chip model on the machine's clock, between two kernel hosts:
ping, iperf3, a stream as long as an ssh session's, and what a user can get wrong. And an unmodified
testpmd with the driver as a plugin."""
import ctypes
import errno
import os
import re
import struct
import subprocess
import time

from skiffnet import (BUILD, Failed, Host, Skiff, carry_bytes, carry_tcp, link, processor_time,
                      run_tests, sh, wait_for)

CONFIG = """
system workers 1
port add old cs8900a bus model wire iface:eth0
port add lan af_packet iface eth1
ip addr add 192.0.2.1/24 dev old
ip addr add 198.51.100.1/24 dev lan
ip link set old up
ip link set lan up
"""
PLUGIN = os.path.join(BUILD, "drivers", "cs8900a", "libskiff_pmd_cs8900a.so")
NOTES = os.path.join(BUILD, "tests", "net", "libppoll_notes.so")

left, right = Host("left"), Host("right")
router = Skiff("router", CONFIG)
link(left, "eth0", router.host, "eth0")
link(right, "eth0", router.host, "eth1")
for host, net in ((left, "192.0.2"), (right, "198.51.100")):
    host.run(f"ip addr add {net}.2/24 dev eth0")
    host.run(f"ip route add default via {net}.1")
# The wire takes frames of 1518 bytes as a cable does; the kernel must not send larger ones.
left.run("ethtool -K eth0 tso off gso off gro off tx off")


def ping(host, where, *options, count=3):
    return host.run(["ping", "-n", "-c", str(count), "-i", "0.05", "-w", "30", *options, where],
                    check=False)


def received(done):
    match = re.search(r"(\d+) received", done.stdout)
    return int(match.group(1)) if match else 0


def one_port():
    return router.json("port show old")[0]


def starts():
    router.start()
    port = wait_for(lambda: one_port() if one_port()["state"] == "up" else None, "the link")
    assert port["mbps"] == 10 and port["mtu"] == 1500, port


def answers_ping():
    assert received(ping(left, "192.0.2.1")) >= 3, "the router's near address"
    assert received(ping(left, "198.51.100.2")) >= 3, "the far host"
    assert received(ping(right, "192.0.2.2")) >= 3, "and back"


def forwards_every_size():
    for size in (0, 17, 18, 19, 55, 255, 1023, 1471, 1472, 1473, 4000):
        done = ping(left, "198.51.100.2", "-s", str(size), count=2)
        assert received(done) >= 2, f"size {size}: {done.stdout}"


def carries_tcp_both_ways():
    for options in ((), ("-R",)):
        done, took = carry_tcp(left, right, "198.51.100.2", *options, seconds=3, least=1 << 18)
        rate = 8e-6 * done / took
        print(f"     tcp {' '.join(options)}: {rate:.2f} Mb/s", flush=True)
        # Not faster than the wire; how slow depends on what else this machine does.
        assert rate < 10, (done, took)


def carries_a_stream_unharmed():
    """Two megabytes each way at once, as scp over ssh moves them; the sums must agree."""
    carry_bytes(left, right, "198.51.100.2", 2 << 20)


def shows_registers():
    text = router.skiff("show registers old").stdout
    assert "CS8900A revision D at the model" in text, text
    assert re.search(r"^0104h  0[DF]05h  RxCTL$", text, re.M), text
    assert text.count("EEPROM") >= 9, text
    refused = router.skiff("show registers lan", check=False)
    assert refused.returncode == 1 and "no registers to show" in refused.stderr, refused


class Noted(Skiff):
    """A router that writes down how long its workers mean to sleep: how long they do is the
    machine's affair."""

    def __init__(self, name, config, host=None):
        self.notes = f"/run/{name}.ppoll"
        super().__init__(name, config, host, {"LD_PRELOAD": NOTES, "PPOLL_NOTES": self.notes})

    def sleeps(self):
        """Begin, end and time asked of each so far, in ns."""
        with open(self.notes, "rb") as notes:
            data = notes.read()
        return list(struct.iter_unpack("=QQQ", data[:len(data) // 24 * 24]))


def wakes(pid):
    """How often the threads of a process went to sleep so far."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as status:
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read(), re.M).group(1))
    return total


def idle(name, port, ticks=2000):
    """Without traffic: sleeps a second, turns a sleep, the least time between two sleeps in us, and
    the share of a core."""
    skiff = Noted(name, f"system workers 1\nport add p {port}\nip link set p up\n").start()
    pid = int(sh(["pgrep", "-f", f"skiffd.*{skiff.socket}$"]).stdout.split()[0])
    wait_for(lambda: skiff.json("show workers")[0]["sleeps"] > 100, "the worker to settle", seconds=60)
    worker, first = skiff.json("show workers")[0], len(skiff.sleeps())
    begin, used, slept = time.monotonic(), processor_time(pid), wakes(pid)
    wait_for(lambda: len(skiff.sleeps()) >= first + ticks, f"{ticks} ticks", seconds=120, step=0.5)
    slept, used = wakes(pid) - slept, processor_time(pid) - used
    took = time.monotonic() - begin
    now = skiff.json("show workers")[0]
    sleeps = skiff.sleeps()[first:]
    skiff.stop()
    return (slept / took, (now["turns"] - worker["turns"]) / (now["sleeps"] - worker["sleeps"]),
            min(then[0] - sleep[1] for sleep, then in zip(sleeps, sleeps[1:])) / 1e3, used / took)


def idles():
    """The budget of a port without a descriptor to sleep on: 4 % of a core. A tick costs what this
    machine takes to wake up, 12 to 50 us by its mood and by what else it does, so the share itself is
    only told. Judged is what is ours: how often anything wakes up, that one turn does for a tick, and
    that the chip adds next to nothing to what a ring takes, where there is nothing to look at."""
    card = idle("card", "cs8900a bus model wire none")
    ring = idle("ring", "ring")
    for name, (sleeps, turns, least, share) in ("card", card), ("ring", ring):
        print(f"     idle {name}: {sleeps:.0f} sleeps/s, {turns:.3f} turns each, {least:.2f} us at least; "
              f"{100 * share:.2f} % of a core", flush=True)
        assert sleeps < 850 and turns < 1.5, (name, sleeps, turns)
    assert card[2] - ring[2] < 7, "an idle card costs too much"  # 0.5 % of a core


LATE = """
import random, socket, struct, sys, time
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(80):
    time.sleep(random.uniform(0.015, 0.03))
    here.sendto(struct.pack("!Q", time.time_ns()), ("198.51.100.2", 4321))
"""
HEAR = """
import socket, struct
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
here.bind(("198.51.100.2", 4321))
here.settimeout(60)
print("ready", flush=True)
for i in range(80):
    data, control, _, _ = here.recvmsg(64, 64)
    sec, nsec = struct.unpack("qq", control[0][2])
    print(struct.unpack("!Q", data)[0], sec * 10**9 + nsec, flush=True)
"""


def journeys():
    """Of 80 datagrams through the router, each of which finds the worker asleep: from when to when."""
    assert received(ping(left, "198.51.100.2")) >= 1
    hear = right.popen(["python3", "-c", HEAR], stdout=subprocess.PIPE)
    try:
        assert hear.stdout.readline() == "ready\n"
        left.run(["python3", "-c", LATE])
        took = [tuple(map(int, line.split())) for line in hear.stdout]
    finally:
        hear.kill()
        hear.wait()
    assert len(took) == 80, took
    return took


def first_packet_is_not_late():
    """Budget: 1.5 ms, of what the worker means to sleep while a datagram is on its way."""
    noted = Noted("noted", CONFIG, router.host).start()
    wait_for(lambda: noted.json("port show old")[0]["state"] == "up", "the link")
    wait_for(lambda: received(ping(left, "198.51.100.2", count=1)), "an answer")
    took = journeys()
    sleeps = noted.sleeps()
    noted.stop()
    asked = sorted(sum(most for begin, end, most in sleeps if begin < heard and end > sent) / 1e6
                   for sent, heard in took)
    late = sorted((heard - sent) / 1e6 for sent, heard in took)
    print(f"     first packet: after sleeps of {asked[40]:.2f} ms in the middle, {asked[72]:.2f} ms in "
          f"nine of ten; {late[0]:.2f} ms at best, {late[40] - late[0]:.2f} ms later in the middle",
          flush=True)
    assert 0 < asked[40] <= 1.5, asked


def follows_the_link():
    left.run("ip link set eth0 down")
    wait_for(lambda: one_port()["state"] == "no carrier", "the link to go")
    left.run("ip link set eth0 up")
    wait_for(lambda: one_port()["state"] == "up", "the link to come")
    left.run("ip route replace default via 192.0.2.1")
    wait_for(lambda: received(ping(left, "198.51.100.2", count=1)) == 1, "traffic again")


def ledger_closes():
    ledger = router.json("show ledger")
    assert ledger["gap"] == 0, ledger


def write(name, text):
    with open(f"/run/{name}", "w", encoding="ascii") as out:
        out.write(text)


# What a user can get wrong, as `port add` has it, and a part of the sentence; of several the one that
# this machine gives (whether it has I/O ports).
def sentence_of_ports(base):
    """What ports without a card are refused by on this machine."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "ioperm"):
        return "this processor has no I/O ports"
    if libc.ioperm(base, 16, 1) == 0:
        libc.ioperm(base, 16, 0)
        return f"no CS8900A at I/O port 0x{base:x}"
    if ctypes.get_errno() == errno.ENOSYS:
        return "this kernel gives programs no I/O ports (ioperm: Function not implemented)"
    return f"I/O port 0x{base:x} needs CAP_SYS_RAWIO (ioperm: Operation not permitted)"


REFUSED = (
    ("bus io base 0x300", (sentence_of_ports(0x300),)),
    ("bus io base 0x301", ("multiple of 0x10",)),
    ("bus mem base 0xd0000 file /nonexistent", ("No such file",)),
    ("bus mem base 0 file /run/zeros", ("has 320 bytes",)),
    ("bus mem base 0 file /run/page", ("no CS8900A at address 0x0: its id should be 630Eh",)),
    ("bus mem base 0 layout ports file /run/ones", ("all ones: nothing answers there",)),
    ("bus mem base 0 layout ports file /run/page", ("its pointer port should read 3xxxh",)),
    ("bus mem base 0 file /run/crossed", ("its bytes are swapped",)),
    ("bus model eeprom none", ("has no EEPROM", )),
    ("bus model eeprom /run/zeros", ("wrong checksum",)),
    ("bus model faults /run/product", ("is a CS8920",)),
    ("bus model faults /run/absent", ("no CS8900A at the model",)),
    ("bus model faults /run/stuck", ("INITD stays 0",)),
    ("bus model faults /run/noon", ("noon",)),
    ("bus model window 0xd0800", ("multiple of 0x1000",)),
    ("bus model wire rope:x", ("rope",)),
    ("bus model wire iface:nosuch", ("nosuch",)),
    ("bus io wire none", ("wire= is for bus=model",)),
    ("bus model mac 01:00:5e:00:00:01", ("station's address", "unicast address")),
)


def bad_things():
    """The files that REFUSED speaks of."""
    write("zeros", "0000 " * 64)
    write("product", "at start: product 0x4700\n")
    write("absent", "at start: bus pulled\n")
    write("stuck", "at start: init stuck\n")
    write("noon", "at noon: hang\n")
    write("page", "\0" * 8192)
    with open("/run/ones", "wb") as out:
        out.write(b"\xff" * 4096)
    with open("/run/crossed", "wb") as out:
        out.write(b"\x63\x0e" + bytes(8190))


def belongings(pid):
    """What a process holds: descriptors, and mapped files and devices by name."""
    fds = sorted(os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0]
                 for fd in os.listdir(f"/proc/{pid}/fd"))
    with open(f"/proc/{pid}/maps", encoding="ascii") as text:
        maps = sorted(line.split(None, 5)[5].strip() for line in text if len(line.split()) > 5)
    with open(f"/proc/{pid}/statm", encoding="ascii") as text:
        pages = int(text.read().split()[1])
    return fds, [m for m in maps if m.startswith("/")], pages


def refuse_all():
    for words, part in REFUSED:
        done = router.skiff(f"port add bad cs8900a {words}", check=False)
        assert done.returncode in (1, 2) and any(p in done.stderr for p in part), (words, done)
        assert len(done.stderr.splitlines()) == 1, (words, done.stderr)


def refuses_by_a_sentence():
    """And leaves nothing behind: no descriptor, no mapping, no memory, no port."""
    bad_things()
    pid = int(sh(["pgrep", "-f", f"skiffd.*{router.socket}$"]).stdout.split()[0])
    refuse_all()  # what is loaded and allocated at the first time stays for good
    before = belongings(pid)
    for _ in range(3):
        refuse_all()
    fds, maps, pages = belongings(pid)
    assert (fds, maps) == before[:2], (before, fds, maps)
    assert pages - before[2] < 64, f"{pages - before[2]} pages more"
    assert {p["port"] for p in router.json("port show")} == {"old", "lan"}


def pulled_card_takes_its_port_along():
    """And put back it can be had again, under the same name."""
    write("pulled", "at time 3s: bus pulled\n")
    for _ in range(2):
        router.skiff("port add frail cs8900a bus model wire none faults /run/pulled")
        router.ip("link set frail up", check=False)  # a busy machine may be later than the hand
        wait_for(lambda: all(p["port"] != "frail" for p in router.json("port show")),
                 "the port of the pulled card to go", seconds=60)
    router.skiff("port add frail cs8900a bus model wire none")
    router.ip("link set frail up")
    assert any(p["port"] == "frail" for p in router.json("port show"))
    router.skiff("port del frail")
    assert received(ping(left, "198.51.100.2")) >= 3


def stops_cleanly():
    router.stop()
    with open(router.log, encoding="utf-8") as text:
        log = text.read()
    assert "frail" in log and "is gone" in log, log


def testpmd_words(*vdevs):
    return ["dpdk-testpmd", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "128",
            "-l", "0,1", "-d", PLUGIN, *[f"--vdev={v}" for v in vdevs], "--", "-i",
            "--total-num-mbufs=2048", "--forward-mode=io", "--mask-event=intr_lsc"]


TWO_CARDS = ("net_cs8900a0,bus=model,wire=pair:x,duplex=full",
             "net_cs8900a1,bus=model,wire=pair:x,duplex=full")


class Testpmd:
    """An unmodified testpmd that is asked one thing after the other."""

    def __init__(self, *vdevs, mode="rxonly"):
        """rxonly: what arrives ends there, so that each run begins with silence."""
        self.process = subprocess.Popen(["stdbuf", "-o0", *testpmd_words(*vdevs)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.said = self.until("testpmd> ")
        self.ask(f"set fwd {mode}")

    def until(self, end):
        out = b""
        while not out.endswith(end.encode()):
            byte = self.process.stdout.read(1)
            if not byte:
                raise Failed(f"testpmd ended: {out.decode()}")
            out += byte
        return out.decode()

    def ask(self, command):
        """What it says to a command, behind the command itself."""
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return self.until("testpmd> ")

    def counter(self, port, name):
        return int(re.search(rf"{name}: +(\d+)", self.ask(f"show port stats {port}")).group(1))

    def reaches(self, address):
        """Whether port 0 lets in what port 1 sends to this address. Where the core that forwards had
        no time to look once more after the last frame, the next start does: it empties the ports."""
        self.ask(f"set eth-peer 1 {address}")
        self.ask("clear port stats all")
        self.ask("start tx_first")
        wait_for(lambda: self.counter(1, "TX-packets") >= 32, "port 1 to send", seconds=60)
        self.ask("stop")
        self.ask("start")
        self.ask("stop")
        return self.counter(0, "RX-packets") > 0

    def quit(self):
        self.process.stdin.write(b"quit\n")
        self.process.stdin.close()
        rest = self.process.stdout.read().decode()
        if self.process.wait(timeout=30):
            raise Failed(f"testpmd ended with {self.process.returncode}: {rest}")
        return rest


def whole_eeprom(mac):
    """What the model's holds, by the data sheet: what the chip reads at a reset, up to a sum of
    bytes; from word 1Ch what drivers read, up to a sum of words."""
    chip = bytes.fromhex("10A1 2010 0003 0000 5821") + mac
    chip += bytes([0, -sum(chip) & 0xff])
    driver = mac + bytes(10) + b"\x21" + bytes(21)
    total = sum(struct.unpack("<19H", driver))
    blank = b"\xff"
    return (chip.ljust(0x38, blank) + driver + struct.pack("<H", -total & 0xffff)).ljust(128, blank)


def testpmd_drives_the_plugin():
    """What each sends the other sends back, for as long as it takes to see many frames."""
    frames = int(os.environ.get("CS8900A_TESTPMD_FRAMES", "500"))
    pmd = Testpmd(*TWO_CARDS, mode="io")
    try:
        pmd.ask("start tx_first")
        wait_for(lambda: min(pmd.counter(n, "RX-packets") for n in (0, 1)) >= frames,
                 f"{frames} frames at each card", seconds=60 + frames / 10)
        out = pmd.said + pmd.ask("stop")
        out += "".join(pmd.ask(f"show port {what}") for what in
                       ("info 0", "stats all", "xstats all", "0 eeprom"))
        out += pmd.quit()
    finally:
        pmd.process.kill()
        pmd.process.wait()
    assert "Driver name: net_cs8900a" in out, out
    for name in ("tx_errors", "rx_errors", "bus_garbage", "recoveries", "rx_skipped"):
        values = [int(v) for v in re.findall(rf"^{name}: (\d+)$", out, re.M)]
        assert values == [0, 0], (name, values)
    got = [int(v) for v in re.findall(r"^rx_good_packets: (\d+)$", out, re.M)]
    print(f"     testpmd: {got} frames", flush=True)
    assert len(got) == 2 and min(got) >= frames, out
    rest = re.sub(r"(?im)^.*[rt]x[-_a-z0-9 ]*errors?.*$|^device error handling mode.*$", "", out)
    assert not re.search(r"error|fail", rest, re.I), out
    assert "Finish -- Port: 0 EEPROM length: 128 bytes" in out, out
    mac = bytes.fromhex(re.search(r"^Port 0: (\S+)$", out, re.M).group(1).replace(":", ""))
    shown = re.findall(r"^000000[0-7]0: ((?:[0-9A-F]{2} ){16})", out, re.M)
    assert bytes.fromhex("".join(shown)) == whole_eeprom(mac), out


def filters_by_testpmd(pmd):
    """Each command that says what is let in, by what comes in then."""
    own = re.search(r"Port 0: (\S+)", pmd.said).group(1)
    other, first, second = "02:00:00:00:00:99", "01:00:5e:00:00:05", "01:00:5e:00:00:06"
    assert pmd.reaches(other), "testpmd begins promiscuous"
    pmd.ask("set promisc all off")
    assert not pmd.reaches(other) and pmd.reaches(own) and pmd.reaches("ff:ff:ff:ff:ff:ff")
    assert not pmd.reaches(first)
    pmd.ask("set allmulti 0 on")
    assert pmd.reaches(first) and not pmd.reaches(other)
    pmd.ask("set allmulti 0 off")
    assert not pmd.reaches(first)
    pmd.ask(f"mcast_addr add 0 {first}")
    assert pmd.reaches(first) and not pmd.reaches(second)
    pmd.ask(f"mcast_addr add 0 {second}")
    assert pmd.reaches(first) and pmd.reaches(second)
    pmd.ask(f"mcast_addr remove 0 {first}")
    assert not pmd.reaches(first) and pmd.reaches(second)
    groups = re.search(r"Number of Multicast MAC address added: 1\n\s*(\S+)",
                       pmd.ask("show port 0 mcast_macs"))
    assert groups and groups.group(1).lower() == second, groups
    pmd.ask("mac_addr set 0 02:00:00:00:00:78")
    assert pmd.reaches("02:00:00:00:00:78") and not pmd.reaches(own)
    assert "added: 1\n  02:00:00:00:00:78" in pmd.ask("show port 0 macs")
    # the chip has one address: refused, not taken and forgotten
    out = pmd.ask("mac_addr add 0 02:00:00:00:00:77")
    assert "mac_addr_cmd error: (Operation not supported)" in out, out
    pmd.ask("set promisc all on")
    assert pmd.reaches(other)
    pmd.ask("set promisc all off")


def link_by_testpmd(pmd):
    pmd.ask("set link-down port 0")
    out = pmd.ask("show port info 0")
    assert "Link status: down" in out and "Link speed: None" in out, out
    assert not pmd.reaches("02:00:00:00:00:78"), "a line that is off"
    pmd.ask("set link-up port 0")
    out = pmd.ask("show port info 0")
    assert "Link status: up" in out and "Link speed: 10 Mbps" in out, out
    assert "Link duplex: full-duplex" in out, out
    assert pmd.reaches("02:00:00:00:00:78")


def facts_by_testpmd(pmd):
    out = pmd.ask("show rxq info 0 0")
    assert "Mempool: mb_pool_0" in out and "Number of RXDs: 64" in out, out
    assert "RX scattered packets: off" in out and "queue state: started" in out, out
    out = pmd.ask("show txq info 0 0")
    assert "Number of TXDs: 64" in out and "queue state: started" in out, out
    out = pmd.ask("show device info all")
    assert out.count("10 Mbps half-duplex   10 Mbps full-duplex") == 2, out
    out = pmd.ask("show port info 0")
    for fact in ("Firmware-version: CS8900A rev D", "Maximum number of MAC addresses: 1",
                 "Minimum size of RX buffer: 64", "Maximum configurable length of RX packet: 1518",
                 "Max possible RX queues: 1", "Max possible TX queues: 1",
                 "Max possible number of TXDs per queue: 4096", "MTU: 1500"):
        assert f"{fact}\n" in out, (fact, out)
    out = pmd.ask("show port 0 tx_offload capabilities")
    assert "Per Queue : MULTI_SEGS\n" in out, out
    out = pmd.ask("show port 0 rx_offload capabilities")
    assert "Per Queue : SCATTER\n" in out, out


def counters_by_testpmd(pmd):
    assert pmd.reaches("02:00:00:00:00:78")
    assert pmd.counter(0, "RX-packets") > 0 and pmd.counter(0, "TX-packets") > 0
    assert pmd.counter(0, "RX-bytes") == 64 * pmd.counter(0, "RX-packets")
    for what in ("stats", "xstats"):
        assert pmd.reaches("02:00:00:00:00:78")
        wait_for(lambda: pmd.counter(0, "TX-packets") >= 32, "port 0 to send, too", seconds=60)
        pmd.ask(f"clear port {what} all")
        for name in ("RX-packets", "TX-packets", "RX-bytes", "TX-bytes"):
            assert pmd.counter(0, name) == 0, (what, name)
    for name in ("rx_missed_rxmiss", "rx_crc_errors", "tx_collisions_txcol", "chip_resets",
                 "tx_good_packets"):
        assert f"\n{name}: 0\n" in pmd.ask("show port xstats 0"), name


def life_by_testpmd(pmd):
    """Stopped and started it keeps what it was told; closed it is gone, and the other stays."""
    out = pmd.ask("port stop 0")
    assert "Done" in out, out
    assert "MTU (1501) > device max MTU (1500)" in pmd.ask("port config mtu 0 1501")
    pmd.ask("port config mtu 0 1400")
    assert "MTU: 1400\n" in pmd.ask("show port info 0")
    pmd.ask("port config mtu 0 1500")
    out = pmd.ask("port start 0")
    assert "Port 0: 02:00:00:00:00:78" in out, out
    assert pmd.reaches("02:00:00:00:00:78") and pmd.reaches("01:00:5e:00:00:06")
    assert not pmd.reaches("02:00:00:00:00:99") and not pmd.reaches("01:00:5e:00:00:05")
    pmd.ask("port stop 0")
    assert "Port 0 is closed" in pmd.ask("port close 0")
    out = pmd.ask("show port summary all")
    assert "net_cs8900a1" in out and "Number of available ports: 1" in out, out
    pmd.ask("port stop 1")
    assert "Port 1: 02:" in pmd.ask("port start 1")


def testpmd_may_do_all_it_can():
    """Each operation that a user of testpmd has, by its effect on the traffic."""
    pmd = Testpmd(*TWO_CARDS)
    try:
        for part in (facts_by_testpmd, filters_by_testpmd, link_by_testpmd, counters_by_testpmd,
                     life_by_testpmd):
            part(pmd)
        assert "Port 1 is closed" in pmd.quit()
    finally:
        pmd.process.kill()
        pmd.process.wait()


def testpmd_is_refused_by_a_sentence():
    """The same mistakes as devargs: no port comes of it, and the sentence is in the log."""
    write("secret", "\0" * 8192)
    os.chmod("/run/secret", 0o600)
    for words, part in (*REFUSED, ("bus mem base 0 file /run/secret", ("Permission denied",))):
        pairs = words.split()
        args = ",".join(f"{key}={value}" for key, value in zip(pairs[::2], pairs[1::2]))
        # somebody without privileges, where that is the point
        who = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env",
               "XDG_RUNTIME_DIR=/tmp"] if "secret" in words else []
        done = sh([*who, *testpmd_words(f"net_cs8900a0,{args}")], check=False,
                  stdin=subprocess.DEVNULL)
        text = done.stdout + done.stderr
        assert any(p in text for p in part), (args, text)
        assert "No probed ethernet devices" in text, (args, text)


run_tests([idles, starts, answers_ping, forwards_every_size,
           carries_tcp_both_ways, carries_a_stream_unharmed, shows_registers, follows_the_link,
           ledger_closes, refuses_by_a_sentence, pulled_card_takes_its_port_along, stops_cleanly,
           first_packet_is_not_late, testpmd_drives_the_plugin, testpmd_may_do_all_it_can,
           testpmd_is_refused_by_a_sentence])
