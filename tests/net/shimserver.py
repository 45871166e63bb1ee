# SPDX-License-Identifier: BSD-3-Clause
"""The control plane with two ports, eth0 and eth1, and programs run on it by skiff-run."""
import contextlib
import os
import subprocess

from skiffnet import BUILD, Failed, sh

RUN = os.path.join(BUILD, "shim", "skiff-run")
SERVER = os.path.join(BUILD, "tests", "net", "skiff-cp-test")
SOCKET = "/run/shim.sock"


@contextlib.contextmanager
def server():
    process = subprocess.Popen([SERVER, SOCKET], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    try:
        if process.stdout.readline() != "ready\n":
            raise Failed("the test server does not start")
        yield process
    finally:
        process.terminate()
        assert process.wait(10) == 0, process.returncode


def skiff(command, check=True, **kwargs):
    words = command.split() if isinstance(command, str) else command
    return sh([RUN, "-s", SOCKET, *words], check=check, timeout=kwargs.pop("timeout", 20),
              **kwargs)


def python(program, *args, **kwargs):
    return skiff(["python3", "-c", program, *args], **kwargs)
