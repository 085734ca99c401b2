# SPDX-License-Identifier: GPL-2.0-or-later
"""An FTP server (RFC 959, 2428, 3659, 4217) in memory, which fails as it is told."""

import socket
import socketserver
import ssl
import struct
import threading
import time


class Session(socketserver.StreamRequestHandler):
    """Each upload takes the next fault of the server's list."""
    timeout = 30

    def say(self, text):
        self.wfile.write((text + "\r\n").encode())

    def setup(self):
        if self.server.implicit and not isinstance(self.request,
                                                   ssl.SSLSocket):
            self.request = self.server.context.wrap_socket(self.request,
                                                           server_side=True)
        super().setup()

    def handle(self):
        self.listener, self.private, self.renamed, self.user = None, False, "", ""
        self.may, self.rest = not self.server.user, 0
        self.say("220 ready")
        while line := self.rfile.readline(4096):
            word, _, rest = line.decode().strip().partition(" ")
            self.server.commands.append(word + " " + rest)
            if word == "QUIT":
                self.say("221 bye")
                return
            handler = getattr(self, "do_" + word.lower(), None)
            if not handler:
                self.say("502 not here")
            elif not self.may and word not in ("USER", "PASS", "AUTH", "PBSZ",
                                               "PROT"):
                self.say("530 who are you")
            elif handler(rest) is False:
                return

    def do_user(self, rest):
        self.user = rest
        self.say("331 password")

    def do_pass(self, rest):
        self.may = self.server.user in ("", self.user + ":" + rest)
        self.say("230 welcome" if self.may else "530 no")

    def do_auth(self, rest):
        if not self.server.context:
            self.say("502 not here")
            return
        self.say("234 go on")
        self.request = self.server.context.wrap_socket(self.connection,
                                                       server_side=True)
        self.setup()

    def do_pbsz(self, rest):
        self.say("200 0")

    def do_prot(self, rest):
        self.private = rest == "P"
        self.say("200 so be it")

    def do_pwd(self, rest):
        self.say('257 "/"')

    def do_type(self, rest):
        self.say("200 type")

    def do_epsv(self, rest):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.say("229 here (|||%d|)" % self.listener.getsockname()[1])

    def data(self):
        self.listener.settimeout(30)
        sock = self.listener.accept()[0]
        self.listener.close()
        sock.settimeout(30)
        if self.private:
            sock = self.server.context.wrap_socket(sock, server_side=True)
        return sock

    def do_size(self, rest):
        have = self.server.objects.get(rest)
        if not self.server.sizes:
            self.say("502 not here")
            return
        self.say("550 no such file" if have is None else "213 %d" % len(have))

    def do_mdtm(self, rest):
        self.say("502 not here")

    def do_rest(self, rest):
        self.rest = int(rest)
        self.say("350 from there")

    def do_retr(self, rest):
        self.say("150 come")
        with self.data() as sock:
            try:
                sock.sendall(self.server.objects[rest][self.rest:])
            except OSError:
                pass
        self.rest = 0
        self.say("226 done")

    def do_dele(self, rest):
        if self.server.fault("dele"):
            return False
        gone = self.server.objects.pop(rest, None)
        self.say("550 no such file" if gone is None else "250 gone")
        return None

    def do_rnfr(self, rest):
        self.renamed = rest
        self.say("350 to what" if rest in self.server.objects else "550 no")

    def do_rnto(self, rest):
        if self.server.fault("no-rename"):
            self.say("553 no")
            return None
        self.server.objects[rest] = self.server.objects.pop(self.renamed)
        if self.server.fault("lost-rename"):
            return False
        self.say("250 renamed")
        return None

    def do_stor(self, rest):
        return self.upload(rest, bytearray())

    def do_appe(self, rest):
        return self.upload(rest, self.server.objects.get(rest, bytearray()))

    def upload(self, name, have):
        fault = self.server.fault() or ("none",)
        if fault[0] == "reply":
            self.say(fault[1])
            return None
        self.say("150 come")
        self.server.objects[name] = have
        most = fault[1] if fault[0] in ("reset", "stall") else 1 << 60
        with self.data() as sock:
            while most > 0:
                piece = sock.recv(min(65536, most))
                if not piece:
                    break
                have += piece
                most -= len(piece)
            if fault[0] == "stall":
                self.server.closing.wait(60)
            if most <= 0 and not isinstance(sock, ssl.SSLSocket):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
        if fault[0] == "late":          # what is written on after a break
            threading.Timer(0.3, have.extend, (b"late",)).start()
            time.sleep(0.4)
        if fault[0] == "extra":
            have += b"extra"
        elif fault[0] != "none":
            return False
        self.say("226 done")
        return None


class FtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True

    def __init__(self, faults=(), cert=None, implicit=False, user=""):
        super().__init__(("127.0.0.1", 0), Session)
        self.faults, self.objects, self.commands = list(faults), {}, []
        self.context, self.implicit, self.user = None, implicit, user
        self.sizes = True       # it knows SIZE
        self.closing = threading.Event()
        if cert:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(cert + ".pem", cert + ".key")
        self.url = "ftp%s://127.0.0.1:%d/" % ("s" if implicit else "",
                                              self.server_address[1])

    def fault(self, kind=None):
        """The next one; of KIND only if it is that."""
        of_command = self.faults and self.faults[0][0] in (
            "dele", "no-rename", "lost-rename")
        if not self.faults or (self.faults[0][0] != kind if kind
                               else of_command):
            return None
        return self.faults.pop(0)

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
