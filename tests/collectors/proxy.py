# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP proxy before a real server that breaks connections where it is told. It knows
nothing of what is in them."""

import contextlib
import socket
import struct
import threading


def reset(connection):
    """RST, not FIN."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
        # a thread may be in recv() of it, which holds it open
        connection.shutdown(socket.SHUT_RD)
    connection.close()


class Fault:
    """After `sent` bytes of the client's, on all connections: do; with `answer` after
    so many bytes of what the server says then.

    "reset"  both sides
    "close"  both sides, with FIN
    "stall"  nothing moves any more, until the proxy ends
    a function: called, and the connection goes on
    """

    def __init__(self, do, sent, answer=None):
        self.do, self.sent, self.answer = do, sent, answer
        self.done = False


class Proxy:
    """Faults come one after another: the first not yet done is the only one that
    waits. port is where it listens."""

    def __init__(self, port, faults=(), host="127.0.0.1"):
        self.target, self.faults = (host, port), list(faults)
        self.sent = 0           # bytes of clients, all connections
        self.connections = 0
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def fault(self):
        return next((f for f in self.faults if not f.done), None)

    def left(self):
        return [f for f in self.faults if not f.done]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *args):
        self.ending.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                self.connections += 1
                Connection(self, client)


class Connection:
    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.heard = 0          # of the server's since the client's last
        self.stalled = False
        try:
            self.server = socket.create_connection(proxy.target, 10)
        except OSError:
            reset(client)
            return
        self.server.settimeout(None)
        for args in ((client, self.server, self.from_client),
                     (self.server, client, self.from_server)):
            threading.Thread(target=self.carry, args=args,
                             daemon=True).start()

    def end(self, how):
        for connection in (self.client, self.server):
            if how == "reset":
                reset(connection)
            else:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()

    def act(self, fault):
        """True if the connection goes on."""
        fault.done = True
        if callable(fault.do):
            fault.do()
            return True
        if fault.do == "stall":
            self.stalled = True
            self.proxy.ending.wait()
            return False
        self.end(fault.do)
        return False

    def from_client(self, data):
        """How much of it goes on, and what happens then."""
        proxy = self.proxy
        with proxy.lock:
            fault, self.heard = proxy.fault(), 0
            if fault and fault.answer is None and \
                    proxy.sent + len(data) >= fault.sent:
                data = data[:max(0, fault.sent - proxy.sent)]
            else:
                fault = None
            proxy.sent += len(data)
        return data, fault

    def from_server(self, data):
        proxy = self.proxy
        with proxy.lock:
            fault = proxy.fault()
            if fault and fault.answer is not None and \
                    proxy.sent >= fault.sent and \
                    self.heard + len(data) >= fault.answer:
                data = data[:max(0, fault.answer - self.heard)]
            else:
                fault = None
            self.heard += len(data)
        return data, fault

    def carry(self, source, target, judge):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                rest = b""
                while data:
                    part, fault = judge(data)
                    rest, data = data[len(part):], b""
                    target.sendall(part)
                    if fault:
                        if not self.act(fault):
                            return
                        data = rest
                    while self.stalled:
                        self.proxy.ending.wait()
                        return
        for connection in (source, target):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
