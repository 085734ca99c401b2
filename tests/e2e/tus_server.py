# SPDX-License-Identifier: GPL-2.0-or-later
"""A tus server (tus.io, protocol 1.0.0: core, creation, and of the other extensions
what it says that it has) in memory, which fails as it is told."""

import base64
import hashlib
import http.server
import socket
import ssl
import struct
import threading

VERSION = "1.0.0"


class Handler(http.server.BaseHTTPRequestHandler):
    """Each PATCH takes the next fault of the server's list."""
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers=()):
        self.send_response(status)
        self.send_header("Tus-Resumable", VERSION)
        self.send_header("Content-Length", "0")
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()

    def understood(self):
        if self.headers["Tus-Resumable"] == VERSION:
            return True
        self.answer(412, {"Tus-Version": VERSION})
        return False

    def do_OPTIONS(self):
        self.answer(204, self.server.says)

    def has(self, extension):
        known = self.server.says.get("Tus-Extension", "").replace(" ", "")
        return extension in known.split(",")

    def joined(self, concat):
        """(size, bytes) of the final upload, or None after an answer."""
        urls = concat.removeprefix("final;").split(" ")
        paths = ["/" + u.split("/", 3)[3] if "://" in u else u for u in urls]
        parts = [self.server.uploads.get(p) for p in paths]
        if not concat.startswith("final;") or "Upload-Length" in self.headers \
                or not all(p and p["concat"] == "partial" and
                           len(p["bytes"]) == p["size"] for p in parts):
            self.answer(400)
            return None
        have = bytearray().join(p["bytes"] for p in parts)
        self.server.joins.append(paths)
        return len(have), have

    def do_POST(self):
        if not self.understood():
            return
        server, concat = self.server, self.headers["Upload-Concat"]
        fault = server.post_faults.pop(0) if server.post_faults and (
            server.post_faults[0][0] in ("partial", "") or
            (concat or "").startswith("final")) else ("", "none")
        size, have = None, bytearray()
        if self.path != "/files/":
            self.answer(404)
            return
        if fault[1] == "status":
            self.answer(*fault[2:])
            return
        if (concat and not self.has("concatenation")) or \
                (concat == "partial") == ("Upload-Metadata" in self.headers):
            self.answer(400)
            return
        if concat and concat != "partial":
            size, have = self.joined(concat) or (None, None)
            if have is None:
                return
        elif self.headers["Upload-Defer-Length"] == "1":
            if "Upload-Length" in self.headers or \
                    not self.has("creation-defer-length"):
                self.answer(400)
                return
        else:
            size = int(self.headers["Upload-Length"])
        if fault[1] == "short":         # does not join all
            del have[:1]
            size = len(have)
        if server.most is not None and (size or 0) > server.most:
            self.answer(413)
            return
        words = dict(w.split() for w in self.headers.get(
            "Upload-Metadata", "filename ").split(",") if " " in w[:-1])
        path = "/files/%d" % server.nr_made
        server.nr_made += 1
        server.uploads[path] = {
            "name": base64.b64decode(words.get("filename", "")).decode(),
            "size": size, "bytes": have, "pieces": [], "sums": [],
            "concat": None if fault[1] == "ignored" else concat}
        if fault[1] == "stall":
            server.closing.wait(60)
        if fault[1] in ("lost", "stall"):
            self.reset()
            return
        self.answer(201, {"Location": server.location % path
                          if "%s" in server.location else server.location})

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def upload(self):
        found = self.server.uploads.get(self.path)
        if self.understood() and not found:
            self.answer(404)
        return found

    def do_HEAD(self):
        found = self.upload()
        if not found:
            return
        length = {"Upload-Length": found["size"]} \
            if found["size"] is not None else {"Upload-Defer-Length": "1"}
        if found["concat"]:
            length["Upload-Concat"] = found["concat"]
        self.answer(*self.server.lie(found, {
            "Upload-Offset": len(found["bytes"]), **length,
            "Cache-Control": "no-store"}))

    def do_DELETE(self):
        self.server.nr_deleted += 1
        if self.server.keeps:
            self.server.closing.wait(60)
        elif self.upload():
            if self.has("termination"):
                del self.server.uploads[self.path]
            self.answer(204 if self.has("termination") else 405)

    def refuses(self, found, length):
        """Has answered what is no PATCH of the upload."""
        if self.headers["Content-Type"] != "application/offset+octet-stream":
            self.answer(415)
            self.close_connection = True
            return True
        told = self.headers["Upload-Length"]
        if told is not None and not self.server.forgets:
            if found["size"] is not None:
                self.rfile.read(length)
                self.answer(400)
                return True
            found["size"] = int(told)
        if (found["concat"] or "").startswith("final"):
            self.rfile.read(length)
            self.answer(403)
            return True
        have = len(found["bytes"])
        if int(self.headers["Upload-Offset"]) != have or \
                have + length > (found["size"] or 1 << 62):
            self.rfile.read(length)
            self.answer(409)
            return True
        return False

    def take_sum(self, found, length, fault):
        """A piece with its sum: all of it, or nothing."""
        server = self.server
        name, text = self.headers["Upload-Checksum"].split(" ")
        known = server.says["Tus-Checksum-Algorithm"].replace(" ", "")
        if name not in known.split(",") or fault[0] == "no-sum":
            self.rfile.read(length)
            self.answer(400)
            return
        if fault[0] == "reset":
            self.rfile.read(min(fault[1], length))
            self.reset()
            return
        body = bytearray(self.rfile.read(length))
        if fault[0] == "damage":
            body[fault[1]] ^= 1
        if base64.b64decode(text) != hashlib.new(name, body).digest():
            server.mismatches += 1
            self.answer(460)
            return
        found["sums"].append(name)
        found["pieces"].append(len(found["bytes"]))
        found["bytes"] += body
        if fault[0] == "lost":
            self.reset()
            return
        self.answer(204, {"Upload-Offset": len(found["bytes"])})

    def do_PATCH(self):
        found, server = self.upload(), self.server
        if not found:
            self.close_connection = True
            return
        length, have = int(self.headers["Content-Length"]), found["bytes"]
        fault = server.faults.pop(0) if server.faults and (
            server.faults[0][0] != "damage" or length > server.faults[0][1]) \
            else ("none",)
        if fault[0] == "status":
            self.rfile.read(length)
            self.answer(*fault[1:])
            return
        if fault[0] == "gone":
            self.rfile.read(length)
            del server.uploads[self.path]
            self.answer(410)
            return
        if self.refuses(found, length):
            return
        server.patched.append(self.path)
        if "Upload-Checksum" in self.headers:
            self.take_sum(found, length, fault)
            return
        found["pieces"].append(len(have))
        most = fault[1] if fault[0] in ("reset", "short", "stall") else length
        while most > 0:
            piece = self.rfile.read(min(most, 65536, length))
            if not piece:
                break
            have += piece
            most -= len(piece)
            length -= len(piece)
        if fault[0] == "short":         # takes no more, and says so
            self.rfile.read(length)
        if fault[0] == "stall":
            server.closing.wait(60)
        if fault[0] in ("reset", "lost"):
            self.reset()
            return
        self.answer(204, {"Upload-Offset": len(have)})

    def log_message(self, *args):
        pass


class TusServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, faults=(), cert=None, location="%s", says=(), most=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.uploads, self.most = list(faults), {}, most
        self.nr_made, self.mismatches, self.joins = 0, 0, []
        self.patched = []
        self.nr_deleted, self.keeps = 0, False  # answers no DELETE
        self.forgets = False    # a length that is told with a PATCH
        self.lie = lambda found, headers: (200, headers)    # to HEAD
        self.post_faults = []   # ("partial" or "final", what happens, ...)
        self.location = location
        self.says = dict(says) or {"Tus-Version": "1.0.0,0.2.2",
                                   "Tus-Extension": "creation,expiration"}
        self.closing = threading.Event()
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert + ".pem", cert + ".key")
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = "tus+http%s://127.0.0.1:%d/files/" % (
            "s" if cert else "", self.server_address[1])

    def whole(self):
        """{name: bytes} of the uploads that have all of theirs."""
        return {u["name"]: bytes(u["bytes"]) for u in self.uploads.values()
                if len(u["bytes"]) == u["size"] and u["concat"] != "partial"}

    def partial(self):
        return [u for u in self.uploads.values() if u["concat"] == "partial"]

    def handle_error(self, *args):
        pass                    # connections that break are the point

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,),
                         daemon=True).start()
        return self

    def __exit__(self, *args):
        self.closing.set()
        self.shutdown()
        self.server_close()
