#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Linux's sysctl, shells and programs on /proc/sys under skiff-run: net is skiff's, or refused by
name; the kernel's own settings below net never change; what is not net passes on."""
import os

from skiffnet import SKIFF_RUN, Skiff, run_tests, sh

CONFIG = """
system workers 1
port add eth0 null
port add eth1 null
ip link set eth0 up
ip link add link eth0 name eth0.5 type vlan id 5
"""
CONF = "/proc/sys/net/ipv4/conf/"
router = Skiff("settings", CONFIG).start()
FORWARD, EVERY = "net.ipv4.ip_forward", "net.ipv4.conf.eth0/5.forwarding"


def on_skiff(words, **kwargs):
    words = words.split() if isinstance(words, str) else words
    return router.host.run([SKIFF_RUN, "-s", router.socket, *words], **kwargs)


def script(text, shell="sh", **kwargs):
    return on_skiff([shell, "-c", text], **kwargs)


def kernels():
    """All that the kernel has of its own below net, and what of the rest a test touches."""
    text = router.host.run(["sysctl", "-ar", r"^net\.|^kernel\.domainname"], check=False).stdout
    assert "net.ipv4.ip_forward = " in text
    return sorted(line for line in text.splitlines() if "random" not in line)


def value(key=FORWARD):
    return router.skiff("sysctl " + key).stdout.split()[-1]


def sysctl_reads_and_writes():
    assert on_skiff("sysctl " + FORWARD).stdout == FORWARD + " = 1\n"
    assert on_skiff(f"sysctl -n {EVERY}").stdout == "1\n"
    assert on_skiff(f"sysctl -w {FORWARD}=0").stdout == FORWARD + " = 0\n"
    assert value() == "0" and value(EVERY) == "0"
    assert on_skiff(f"sysctl -qw {EVERY}=1").stdout == "" and value(EVERY) == "1" and value() == "0"
    on_skiff("sysctl -qw net.ipv4.conf.eth1.log_martians=1")
    assert value("net.ipv4.conf.eth1.log_martians") == "1"
    with open("/run/sysctl.conf", "w", encoding="ascii") as out:
        out.write(f"# a file\n{FORWARD} = 1\nnet.ipv4.conf.all.send_redirects=0\n")
    on_skiff("sysctl -p /run/sysctl.conf")
    assert value() == "1" and value("net.ipv4.conf.all.send_redirects") == "0"
    on_skiff("sysctl -qw net.ipv4.conf.all.send_redirects=1")


def sysctl_lists_skiffs_keys():
    """Both tools list the same; not one of the kernel's interfaces or keys is among them."""
    shown = on_skiff(["sysctl", "-ar", r"^net\."], check=False)
    assert sorted(shown.stdout.splitlines()) == sorted(router.skiff("sysctl -a").stdout.splitlines())
    assert EVERY + " = 1" in shown.stdout and "tcp" not in shown.stdout, shown
    others = on_skiff(["sysctl", "-ar", r"^kernel\.(ostype|osrelease)"], check=False).stdout
    assert others == sh(["sysctl", "-ar", r"^kernel\.(ostype|osrelease)"], check=False).stdout
    found = on_skiff("find /proc/sys/net -name forwarding").stdout.split()
    assert sorted(found) == sorted(CONF + name + "/forwarding" for name in
                                   ("all", "default", "lo", "eth0", "eth1", "eth0.5")), found
    listed = on_skiff(f"ls -l {CONF}eth0.5/").stdout.splitlines()
    assert len(listed) == 6 and listed[3].startswith("-rw-r--r-- 1 root"), listed
    assert on_skiff("realpath /sys/class/net/eth0.5/mtu /proc/sys/net/./ipv4/conf").stdout == (
        "/sys/devices/virtual/net/eth0.5/mtu\n/proc/sys/net/ipv4/conf\n")


def programs_write():
    """Shells by libc's stdio and without it, by cd, by tee, python by descriptor and by file."""
    for shell in "sh", "bash":
        for text in ("echo 0 > /proc/sys/net/ipv4/ip_forward", "cd /proc/sys/net; printf 0 >ipv4/ip_forward",
                     "echo 0 | tee /proc/sys/net/ipv4/ip_forward", f"echo 0 >{CONF}all/forwarding; true",
                     "exec 3>/proc/sys/net/ipv4/ip_forward; echo 0 >&3; cat /proc/sys/net/ipv4/ip_forward"):
            done = script(text, shell)
            assert done.stderr == "" and value() == "0", (shell, text, done)
            script("echo 1 >/proc/sys/net/ipv4/ip_forward; true", shell)
            assert value() == "1", (shell, text)
    for text in ("open(path, 'w').write('0')", "os.write(os.open(path, os.O_WRONLY), b'0\\n')",
                 "open(path, 'wb', 0).write(b' 0 ')"):
        on_skiff(["python3", "-c", f"import os; path='/proc/sys/net/ipv4/ip_forward'; {text}"])
        assert value() == "0", text
        on_skiff(f"sysctl -qw {FORWARD}=1")
    # a program that takes the shell's place with the file as its output is not heard, and ends so
    done = script("exec /bin/echo 0 >/proc/sys/net/ipv4/ip_forward", check=False)
    assert done.returncode and value() == "1", done


def wrong_values_are_refused():
    for key, bad in ((FORWARD, "x"), (FORWARD, "-1"), ("net.ipv4.conf.eth0.accept_redirects", "1")):
        done = on_skiff(["sysctl", "-w", f"{key}={bad}"], check=False)
        assert done.returncode and "libskiff: " in done.stderr, (key, bad, done)
        path = "/proc/sys/" + key.replace(".", "/")
        done = script(f"echo {bad} >{path}", check=False)
        assert done.returncode and "libskiff: " in done.stderr, (key, bad, done)
        done = on_skiff(["python3", "-c", f"open('{path}', 'wb', 0).write(b'{bad}')"], check=False)
        assert done.returncode and "Error" in done.stderr, (key, bad, done)
    assert value() == "1" and value("net.ipv4.conf.eth0.accept_redirects") == "0"


def other_keys_of_net_are_refused():
    for key in ("net.core.rmem_max", "net.ipv4.tcp_rmem", "net.ipv4.conf.nosuch.forwarding",
                "net.ipv6.conf.all.forwarding", "net.unix.max_dgram_qlen"):
        done = on_skiff(["sysctl", "-w", key + "=1"], check=False)
        assert done.returncode and "No such file" in done.stderr, (key, done)
        path = "/proc/sys/" + key.replace(".", "/")
        done = script(f"echo 1 >{path}", check=False)
        assert done.returncode and f"skiff has no setting {key}" in done.stderr, (key, done)
        assert script(f"[ -e {path} ]", check=False).returncode == 1


def what_is_not_net_passes_on():
    was = sh("sysctl -n kernel.domainname").stdout.strip()
    on_skiff(["unshare", "-u", "sh", "-c", "sysctl -w kernel.domainname=skiff; "
              "[ $(cat /proc/sys/kernel/domainname) = skiff ] && echo x >/proc/sys/kernel/domainname"])
    assert on_skiff("sysctl -n kernel.domainname").stdout.strip() == was
    assert on_skiff("cat /proc/sys/kernel/ostype").stdout == "Linux\n"


def the_kernel_is_as_it_was():
    assert kernels() == before
    router.stop()


before = kernels()
assert os.path.exists(CONF)
run_tests([sysctl_reads_and_writes, sysctl_lists_skiffs_keys, programs_write,
           wrong_values_are_refused, other_keys_of_net_are_refused, what_is_not_net_passes_on,
           the_kernel_is_as_it_was])
