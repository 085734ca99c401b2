# SPDX-License-Identifier: GPL-2.0-or-later
"""A server on loopback that takes all and keeps nothing: a store's multipart
uploads, by s3, and PUT. It is to cost as little as can be, since it runs on the
CPUs that are measured: what comes is counted and discarded by the kernel
(MSG_TRUNC)."""

import http.client
import multiprocessing
import re
import socket
import threading
import time

CHUNK = 1 << 20
BEGUN = b"<InitiateMultipartUploadResult><UploadId>u1</UploadId>" \
    b"</InitiateMultipartUploadResult>"
DONE = b"<CompleteMultipartUploadResult><ETag>\"0\"</ETag>" \
    b"</CompleteMultipartUploadResult>"


class Objects:
    """Only sizes; what stands there goes with the next upload."""

    def __init__(self):
        self.sizes, self.parts = {}, {}

    def head(self, path):
        if path not in self.sizes:
            return 404, b""
        return 200, self.sizes[path]

    def answer(self, method, path, query, size):
        """What became of a request: status, and the body, or of HEAD its
        length."""
        part = re.search(r"partNumber=(\d+)", query)
        if method == "HEAD":
            return self.head(path)
        if method == "PUT" and part:
            self.parts[part[1]] = size
        elif method == "PUT":
            created = path not in self.sizes
            self.sizes[path] = size
            return 201 if created else 200, b""
        elif method == "POST" and "uploads" in query:
            self.parts = {}
            return 200, BEGUN
        elif method == "POST":
            self.sizes[path] = sum(self.parts.values())
            return 200, DONE
        elif method == "DELETE":
            self.sizes.pop(path, None)
            return 204, b""
        return 200, b""


def drain(connection, size):
    """Whether so much came."""
    nowhere = bytearray(CHUNK)
    while size:
        got = connection.recv_into(nowhere, min(size, CHUNK),
                                   socket.MSG_WAITALL | socket.MSG_TRUNC)
        if not got:
            return False
        size -= got
    return True


def serve(connection, objects):
    buf = b""
    while True:
        while b"\r\n\r\n" not in buf:
            more = connection.recv(65536)
            if not more:
                return
            buf += more
        head, _, buf = buf.partition(b"\r\n\r\n")
        text = head.decode("ascii", "replace")
        method, target = text.split(" ")[:2]
        found = re.search(r"\ncontent-length: *(\d+)", text, re.I)
        size = int(found[1]) if found else 0
        if re.search(r"\nexpect:", text, re.I) and not buf:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        here = min(len(buf), size)
        buf = buf[here:]
        if not drain(connection, size - here):
            return
        path, _, query = target.partition("?")
        status, body = objects.answer(method, path, query, size)
        length = len(body) if isinstance(body, bytes) else body
        connection.sendall(
            ("HTTP/1.1 %d %s\r\nETag: \"0\"\r\nContent-Length: %d\r\n\r\n" % (
                status, http.client.responses[status], length)).encode() +
            (body if isinstance(body, bytes) else b""))


def accept(listening):
    objects = Objects()
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve, args=(connection, objects),
                         daemon=True).start()


class Store:
    """A process of its own."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.url = "http://127.0.0.1:%d" % listening.getsockname()[1]
            self.process = multiprocessing.Process(
                target=accept, args=(listening,), daemon=True)
            self.process.start()

    def cpu_seconds(self):
        """Its CPU time so far: a process's clock, CPUCLOCK_SCHED of
        linux/posix-timers.h."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def close(self):
        self.process.terminate()
        self.process.join()
