# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that others wrote, as a process of this test: on a free port of loopback
or of a network namespace, stopped with all of its children, started again."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

from harness import Fail

# libcurl would ask the environment's proxy for what is on this machine
for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
    del os.environ[name]

START = 60              # seconds, on a machine that is busy
TRIES = 5               # somebody may take a port that was free
IN_USE = ("in use", "EADDRINUSE", "could not bind", "Cannot bind")


def program(path, package):
    """PATH, which may be a name; a failure that says what to install."""
    found = shutil.which(path)
    if not found:
        raise Fail("no %s: tests/collectors/install installs %s"
                   % (path, package))
    return found


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def listens(pid, port):
    """Is anybody listening there, in the namespace of this process? Asked of
    /proc, so that no server sees a connection that is none."""
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), \
                open("/proc/%d/net/%s" % (pid, name), encoding="ascii") as file:
            for line in file:
                words = line.split()
                if words[3] == "0A" and int(words[1].rpartition(":")[2],
                                            16) == port:
                    return True
    return False


def descendants(pid):
    """Of a process and itself, the youngest first: a server's children may have
    sessions of their own."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir("/proc/%d/task" % pid):
            with contextlib.suppress(OSError), open(
                    "/proc/%d/task/%s/children" % (pid, task),
                    encoding="ascii") as file:
                for child in file.read().split():
                    found += descendants(int(child))
    return found + [pid]


class Server:
    """What a server's class gives: `ports`, how many it wants; configure(), which
    writes its files for self.port and self.more (further ports); commands(),
    what to run: the last is the one that listens on self.port, those before it
    listen on self.more.

    net    a network namespace (net.py) with an address, or this machine's loopback
    """
    ports = 1
    environ = {}
    keeps = True            # what it has, when it ends
    names = True            # an object stands under the name that it is sent with

    def __init__(self, box, name, net=None):
        self.name, self.net = name, net
        self.host = net.address if net else "127.0.0.1"
        self.folder = box.path(name)
        os.makedirs(self.folder, exist_ok=True)
        self.port, self.more, self.children = 0, [], []
        self.front = None       # port of what stands before it, on loopback

    def configure(self):
        pass

    def commands(self):
        raise NotImplementedError

    def ready(self):
        """After it listens: what it has to hold."""

    def options(self):
        return []

    def path(self, name):
        """Where an object's file is, if each has one."""
        raise NotImplementedError

    def get(self, name):
        """None if there is no such object."""
        path = self.path(name)
        if not path or not os.path.exists(path):
            return None
        with open(path, "rb") as file:
            return file.read()

    def at(self):
        """host:port, for who sends to it."""
        return ("[%s]:%d" if ":" in self.host else "%s:%d") % (
            self.host, self.front or self.port)

    def said(self):
        with open(self.folder + "/said", encoding="utf-8",
                  errors="replace") as file:
            return file.read()

    def start(self):
        """On the port that it had, if it had one."""
        within = self.net.within() if self.net else []
        listening = [*self.more, self.port]
        commands = self.commands()
        with open(self.folder + "/said", "ab") as said:
            for command in commands:
                self.children.append(subprocess.Popen(
                    [*within, *command], stdin=subprocess.DEVNULL,
                    stdout=said, stderr=said, cwd=self.folder,
                    start_new_session=True))
        end = time.monotonic() + START
        for child, port in zip(self.children, listening):
            while not listens(child.pid, port):
                if child.poll() is not None or time.monotonic() > end:
                    text = self.said()[-600:]
                    self.stop()
                    raise Fail("%s does not start: %s" % (self.name, text))
                time.sleep(0.02)

    def stop(self, how=signal.SIGKILL):
        """As a machine that loses its power would, unless told otherwise."""
        for child in self.children:
            for pid in descendants(child.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
        for child in self.children:
            child.wait()
        self.children = []

    def restart(self):
        self.stop()
        self.start()

    def __enter__(self):
        for attempt in range(TRIES):
            self.more = [free_port() for _ in range(self.ports - 1)]
            self.port = free_port()
            self.configure()
            try:
                self.start()
                break
            except Fail as err:
                if attempt == TRIES - 1 or not any(w in str(err)
                                                   for w in IN_USE):
                    raise
        try:
            self.ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *args):
        self.stop()
