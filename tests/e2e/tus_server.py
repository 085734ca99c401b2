# SPDX-License-Identifier: GPL-2.0-or-later
"""A tus server (tus.io, protocol 1.0.0: core, creation) in memory, which fails as it is
told."""

import base64
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

    def do_POST(self):
        if not self.understood():
            return
        server = self.server
        size = int(self.headers["Upload-Length"])
        if self.path != "/files/":
            self.answer(404)
            return
        if server.most is not None and size > server.most:
            self.answer(413)
            return
        words = dict(w.split() for w in
                     self.headers["Upload-Metadata"].split(","))
        path = "/files/%d" % len(server.uploads)
        server.uploads[path] = {
            "name": base64.b64decode(words["filename"]).decode(),
            "size": size, "bytes": bytearray(), "pieces": []}
        self.answer(201, {"Location": server.location % path
                          if "%s" in server.location else server.location})

    def upload(self):
        found = self.server.uploads.get(self.path)
        if self.understood() and not found:
            self.answer(404)
        return found

    def do_HEAD(self):
        found = self.upload()
        if found:
            self.answer(200, {"Upload-Offset": len(found["bytes"]),
                              "Upload-Length": found["size"],
                              "Cache-Control": "no-store"})

    def do_PATCH(self):
        found, server = self.upload(), self.server
        if not found:
            self.close_connection = True
            return
        fault = server.faults.pop(0) if server.faults else ("none",)
        length, have = int(self.headers["Content-Length"]), found["bytes"]
        if self.headers["Content-Type"] != "application/offset+octet-stream":
            self.answer(415)
            self.close_connection = True
            return
        if fault[0] == "status":
            self.rfile.read(length)
            self.answer(*fault[1:])
            return
        if fault[0] == "gone":
            self.rfile.read(length)
            del server.uploads[self.path]
            self.answer(410)
            return
        if int(self.headers["Upload-Offset"]) != len(have) or \
                len(have) + length > found["size"]:
            self.rfile.read(length)
            self.answer(409)
            return
        found["pieces"].append(len(have))
        most = fault[1] if fault[0] in ("reset", "short", "stall") else length
        while most > 0:
            piece = self.rfile.read(min(most, 65536))
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
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self.answer(204, {"Upload-Offset": len(have)})

    def log_message(self, *args):
        pass


class TusServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, faults=(), cert=None, location="%s", says=(), most=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.uploads, self.most = list(faults), {}, most
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
                if len(u["bytes"]) == u["size"]}

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
