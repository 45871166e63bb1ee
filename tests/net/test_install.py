#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`make install DESTDIR=...`: what lies where, the systemd unit, completion in bash."""
import json
import os
import re
import shutil
import subprocess

from skiffnet import BUILD, Skiff, run_tests, sh

DEST = "/run/dest"


def prefix():
    for option in json.loads(sh(["meson", "introspect", BUILD, "--buildoptions"]).stdout):
        if option["name"] == "prefix":
            return option["value"]
    raise AssertionError("no prefix")


ROOT = DEST + prefix()


def puts_everything_in_place():
    sh(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", DEST])
    have = {os.path.relpath(os.path.join(folder, name), ROOT)
            for folder, _, names in os.walk(DEST) for name in names}
    for name in ("bin/skiffd", "bin/skiff", "bin/skiff-run", "lib/systemd/system/skiffd.service",
                 "share/bash-completion/completions/skiff", "share/doc/skiff/skiff.md",
                 "share/bash-completion/completions/skiffd", "share/doc/skiff/compatibility.md",
                 "share/bash-completion/completions/skiff-run", "share/doc/skiff/README.md",
                 "share/doc/skiff/examples/skiff.conf.example", "share/doc/skiff/CHANGELOG.md",
                 "share/doc/skiff/decisions/0010-fib.md"):
        assert name in have, (name, sorted(have))
    assert any(name.endswith("/libskiff.so") for name in have), have
    assert not [name for name in have if name.startswith("..")], have
    for name in "skiffd", "skiff", "skiff-run":
        assert name in sh([f"{ROOT}/bin/{name}", "--version"]).stdout


def unit_is_right():
    with open(f"{ROOT}/lib/systemd/system/skiffd.service", encoding="ascii") as f:
        unit = f.read()
    page = re.search(r"^Documentation=file:(\S+)$", unit, re.M).group(1)
    assert os.path.exists(DEST + page), page
    if shutil.which("systemd-analyze"):
        os.makedirs("/run/unit")
        with open("/run/unit/skiffd.service", "w", encoding="ascii") as f:
            f.write(unit.replace(prefix() + "/bin/", ROOT + "/bin/"))
        done = sh("systemd-analyze verify --man=no /run/unit/skiffd.service")
        assert done.stdout + done.stderr == "", done


def completes(line):
    """What bash offers for the line; words end at blanks."""
    words = line.split(" ")
    script = f'''set -u
. {ROOT}/share/bash-completion/completions/skiff
COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}; COMPREPLY=()
$(complete -p {words[0]} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"'''
    env = dict(os.environ, PATH=f"{ROOT}/bin:{os.environ['PATH']}", SKIFF_SOCKET="/run/done.sock")
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
    return done.stdout.split()


def bash_completes():
    def anyway():
        for line, want in (("skiff po", ["port"]), ("skiff port a", ["add"]),
                           ("skiff show st", ["stages"]), ("skiff show wor", ["workers"]),
                           ("skiff -j tr", ["trace"]), ("skiff i", ["ip"]),
                           ("skiff --js", ["--json"]), ("skiff load --c", ["--check"]),
                           ("skiffd --log-level w", ["warning"]), ("skiff nosuch", [])):
            assert completes(line) == want, (line, completes(line))
    anyway()                       # what the grammar alone knows
    router = Skiff("done", "system mbufs 4096\nport add wan0 null\n").start()
    anyway()
    assert completes("skiff port del wa") == ["wan0"], completes("skiff port del wa")
    assert completes("skiff port add x af_p") == ["af_packet"], completes("skiff port add x af_p")
    router.stop()


run_tests([puts_everything_in_place, unit_is_right, bash_completes])
