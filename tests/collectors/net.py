# SPDX-License-Identifier: GPL-2.0-or-later
"""Two machines and a bad wire between them: network namespaces, each with a TUN
device, and link.py for the wire. Needs root."""

import contextlib
import ctypes
import fcntl
import itertools
import os
import struct
import subprocess
import sys

from harness import CAPDUMP, Fail
from server import program

HERE = os.path.dirname(os.path.abspath(__file__))
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000   # Linux linux/if_tun.h
CLONE_NEWNET = 0x40000000                               # Linux linux/sched.h
NUMBERS = itertools.count()


def tell(*command):
    result = subprocess.run(command, capture_output=True, text=True,
                            check=False)
    if result.returncode:
        raise Fail("%s: %s" % (" ".join(command), result.stderr.strip()))
    return result.stdout


def tun(name):
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(),
                                               IFF_TUN | IFF_NO_PI))
    except OSError as err:
        raise Fail("no TUN device (%s): this needs root and a kernel with "
                   "CONFIG_TUN" % err) from None
    return fd


class Net:
    """What is given to a server as its net is the far machine, at .address; run()
    runs capdump on the near one.

    six    IPv6 and no other
    mtu    larger ones are less work
    """

    def __init__(self, six=False, mtu=1500):
        self.six, self.mtu = six, mtu
        key = "%x-%d" % (os.getpid(), next(NUMBERS))
        self.address, peer = ("fd77::1", "fd77::2") if six else \
            ("10.77.0.1", "10.77.0.2")
        self.sides = (("cf" + key, self.address), ("cn" + key, peer))
        # a process in each namespace keeps it, and ends when this one does;
        # `ip netns` would need / to be a mount, which it is not in a chroot
        self.keepers, self.wire, self.open = [], None, []
        self.lost = 0           # packets, known when it is over

    def within(self, near=False):
        return ["nsenter", "--net=/proc/%d/ns/net" % self.keepers[near].pid]

    @contextlib.contextmanager
    def entered(self):
        """This thread is on the far machine: sockets made here are that one's."""
        libc = ctypes.CDLL(None, use_errno=True)

        def enter(fd):
            if libc.setns(fd, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

        with open("/proc/thread-self/ns/net", "rb") as here, \
                open("/proc/%d/ns/net" % self.keepers[0].pid,
                     "rb") as there:
            enter(there.fileno())
            try:
                yield
            finally:
                enter(here.fileno())

    def iptables(self, *words):
        """Where the server is."""
        tell(*self.within(), program("ip6tables" if self.six else "iptables",
                                     "iptables"), "-w", *words)

    def met(self, number):
        """How many packets INPUT's rule NUMBER (from 1) has met."""
        lines = tell(*self.within(), "iptables", "-w", "-vxnL",
                     "INPUT").splitlines()
        return int(lines[number + 1].split()[0])

    def tell_wire(self, *lines):
        self.wire.stdin.write("".join(line + "\n" for line in lines))
        self.wire.stdin.flush()

    def run(self, box, *args, before=(), **kwargs):
        """capdump on the near machine; before: a program that runs it."""
        command = [*self.within(near=True), *before, CAPDUMP, *args]
        return box.run(*command[1:], program=program(command[0], "iproute2"),
                       **kwargs)

    def keep(self):
        keeper = subprocess.Popen(
            [program("unshare", "util-linux"), "--net", "sh", "-c",
             "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.keepers.append(keeper)
        if not keeper.stdout.readline():
            raise Fail("no network namespace: this needs root")

    def __enter__(self):
        program("ip", "iproute2")
        program("nsenter", "util-linux")
        try:
            for near, (device, address) in enumerate(self.sides):
                self.keep()
                self.open.append(tun(device))
                tell("ip", "link", "set", device, "netns",
                     str(self.keepers[near].pid))
                inside = (*self.within(near), "ip")
                tell(*inside, "link", "set", "lo", "up")
                tell(*inside, "link", "set", device, "mtu", str(self.mtu),
                     "up")
                tell(*inside, "address", "add", address
                     + ("/64" if self.six else "/24"), "dev", device,
                     *(("nodad",) if self.six else ()))
                tell(*inside, *(("-6",) if self.six else ()), "route", "add",
                     "default", "dev", device)
            self.wire = subprocess.Popen(
                [sys.executable, "-B", HERE + "/link.py",
                 *map(str, self.open)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True, pass_fds=self.open)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *args):
        for child in [*self.keepers, *([self.wire] if self.wire else [])]:
            child.stdin.close()
            child.wait()
            if child == self.wire:
                self.lost = int(child.stdout.read() or 0)
            child.stdout.close()
        for fd in self.open:
            with contextlib.suppress(OSError):
                os.close(fd)
