# SPDX-License-Identifier: GPL-2.0-or-later
"""Collectors on loopback: nginx as it is, and a server that fails as it is told."""

import contextlib
import http.server
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

from harness import Fail

# libcurl would ask the environment's proxy for what is on this machine
for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
    del os.environ[name]

NGINX = """daemon off; pid nginx.pid; error_log error.log; worker_processes 1;
%(user)s
events { worker_connections 64; }
http {
    access_log access.log; client_body_temp_path tmp; client_max_body_size %(max)s;
    proxy_temp_path t1; fastcgi_temp_path t2; uwsgi_temp_path t3; scgi_temp_path t4;
    server {
        listen 127.0.0.1:%(port)d %(ssl)s;
        root objects;
        location / { dav_methods PUT; create_full_put_path %(full)s; }
        location /readonly/ { }
        location /private/ {
            dav_methods PUT; create_full_put_path on;
            auth_basic dumps; auth_basic_user_file passwords;
        }
    }
}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, child, log):
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(
                ("127.0.0.1", port), 1):
            return
        if child.poll() is not None:
            break
        time.sleep(0.05)
    with open(log, encoding="utf-8", errors="replace") as file:
        raise Fail("nginx does not start: " + file.read()[-400:])


@contextlib.contextmanager
def nginx(box, cert=None, full="on", limit="0"):
    """Yields (URL, folder of its objects)."""
    folder = box.path("nginx")
    os.makedirs(folder + "/objects", exist_ok=True)
    port = free_port()
    with open(folder + "/nginx.conf", "w", encoding="ascii") as file:
        file.write(NGINX % {
            "port": port, "full": full, "max": limit,
            "user": "user root root;" if os.geteuid() == 0 else "",
            "ssl": "ssl; ssl_certificate %s.pem; ssl_certificate_key %s.key"
                   % (cert, cert) if cert else ""})
    with open(folder + "/passwords", "w", encoding="ascii") as file:
        file.write("me:{PLAIN}secret\n")
    with open(folder + "/said", "wb") as said, subprocess.Popen(
            ["/usr/sbin/nginx", "-p", folder, "-c", "nginx.conf",
             "-e", folder + "/error.log"], stdout=said, stderr=said,
            stdin=subprocess.DEVNULL) as child:
        try:
            wait_for(port, child, folder + "/said")
            yield ("http%s://127.0.0.1:%d/" % ("s" if cert else "", port),
                   folder + "/objects")
        finally:
            child.terminate()
            child.wait()


def certificate(box, name="cert", start=None, host="127.0.0.1"):
    """A certificate of its own for the address, valid from START (YYMMDD...Z)."""
    path = box.path(name)
    config = box.text(name + ".cnf", """[req]
distinguished_name = dn
prompt = no
x509_extensions = ext
[dn]
CN = collector
[ext]
subjectAltName = IP:%(host)s
[ca]
default_ca = own
[own]
database = %(path)s.db
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = ext
[any]
commonName = supplied
""" % {"path": path, "host": host})

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, cwd=box.folder,
                       stdin=subprocess.DEVNULL, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-keyout", path + ".key")
    if not start:
        openssl("req", "-x509", "-config", config, *key, "-days", "2",
                "-out", path + ".pem")
        return path
    box.text(name + ".db", "")
    openssl("req", "-new", "-config", config, *key, "-out", path + ".csr")
    openssl("ca", "-selfsign", "-batch", "-config", config, "-keyfile",
            path + ".key", "-in", path + ".csr", "-startdate", start,
            "-enddate", "20490101000000Z", "-notext", "-out", path + ".pem")
    return path


class Handler(http.server.BaseHTTPRequestHandler):
    """Each PUT takes the next fault of the server's list; after the last the
    server does as it should."""
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reset(self):
        """RST, not FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def handle_expect_100(self):
        fault = self.server.fault()
        self.server.at_expect()
        if fault and fault[0] == "early":   # before any byte of the body
            self.server.next_fault()
            status, *more = fault[1:]
            headers, *body = more or ({},)
            self.answer(status, {**headers, "Connection": "close"}, *body)
            self.linger()
            return False
        return super().handle_expect_100()

    def linger(self):
        """Who has waited too long sends all the same: with bytes of it unread, close()
        would be an RST, and the answer lost."""
        self.connection.settimeout(10)
        while self.connection.recv(65536):
            pass

    def do_HEAD(self):
        have = self.server.objects.get(self.path)
        if "?" in self.path:    # signed for PUT
            return self.answer(403)
        if self.server.heads and self.server.heads[0]:
            return self.answer(self.server.heads.pop(0))
        self.send_response(200 if have is not None else 404)
        if self.server.heads:   # does not tell how long it is
            self.server.heads.pop(0)
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(have or b"")))
        return self.end_headers()

    def do_GET(self):
        have = self.server.objects.get(self.path)
        range_ = self.headers["Range"]
        if have is not None and range_:
            first, last = (int(n) for n in range_[6:].split("-"))
            self.answer(206, body=have[first:last + 1])
            return
        self.answer(404 if have is None else 200, body=have or b"")

    def do_DELETE(self):
        gone = self.server.objects.pop(self.path, None)
        self.answer(404 if gone is None else 204)

    def put_range(self, length):
        """As mod_dav does it: what came stays, if something was there."""
        server, path = self.server, self.path
        first = int(self.headers["Content-Range"].split()[1].split("-")[0])
        if server.ranges == "refuse":
            self.rfile.read(length)
            self.answer(501)
            return
        trial = ".trial-" in path or length < 16
        fault = (None if trial else server.next_fault()) or ("none",)
        most = fault[1] if fault[0] in ("reset", "stall") else length
        body = self.rfile.read(min(most, length))
        have = bytearray(server.objects.get(path, b""))
        have[first:first + len(body)] = body
        server.objects[path] = bytes(body if server.ranges == "replace"
                                     else have)
        server.ranges_put.append((path, first, len(body)))
        if fault[0] == "stall":
            server.closing.wait(60)
        if fault[0] in ("reset", "lost"):
            self.reset()
        else:
            self.answer(204)

    def do_PUT(self):
        server, length = self.server, int(self.headers["Content-Length"])
        if self.headers["Content-Range"]:
            self.put_range(length)
            return
        if server.ranges:
            if not length and server.faults and \
                    server.faults[0][0] == "not-emptied":
                server.next_fault()
                self.answer(503)
                return
            server.objects[self.path] = self.rfile.read(length)
            self.answer(201)
            return
        fault = server.next_fault() or ("none",)
        if self.headers["If-None-Match"] == "*" and self.path in server.objects:
            fault = ("status", 412)
        server.puts.append((self.path, length, dict(self.headers)))
        if fault[0] in ("reset", "stall", "close", "answer-at"):
            self.rfile.read(min(fault[1], length))
            if fault[0] == "stall":
                server.closing.wait(60)
            elif fault[0] == "answer-at":
                self.answer(*fault[2:])
                self.close_connection = True
                return
            self.reset() if fault[0] != "close" else self.connection.close()
            self.close_connection = True
            return
        body = self.rfile.read(length)
        if fault[0] == "endless":
            self.send_response(201)
            self.end_headers()
            while not server.closing.is_set():
                self.wfile.write(bytes(65536))
            return
        if fault[0] == "status":
            self.answer(*fault[1:])
            return
        if fault[0] == "echo":          # what it was sent
            self.answer(403, body=("<Message>%s: %s, %s</Message>" % (
                fault[1], self.headers["Authorization"],
                self.path)).encode())
            return
        if len(body) != length:
            return
        if fault[0] == "drop":          # and says that it did not
            self.answer(201)
            return
        if fault[0] == "shorten":
            body = body[:fault[1]]
        server.objects[self.path] = body
        if fault[0] == "lost":          # stored, and nobody is told
            self.reset()
        elif fault[0] == "half-answer":
            self.wfile.write(b"HTTP/1.1 20")
            self.wfile.flush()
            self.reset()
        else:
            self.answer(201)

    def log_message(self, *args):
        pass


class Collector(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, faults=(), cert=None, ranges=""):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.objects, self.puts = list(faults), {}, []
        self.ranges, self.ranges_put = ranges, []
        self.heads = []         # what HEADs are answered, at first
        self.at_expect = lambda: None   # before a PUT is answered at all
        self.closing = threading.Event()
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert + ".pem", cert + ".key")
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = "http%s://127.0.0.1:%d/" % ("s" if cert else "",
                                               self.server_address[1])

    def fault(self):
        return self.faults[0] if self.faults else None

    def next_fault(self):
        return self.faults.pop(0) if self.faults else None

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
