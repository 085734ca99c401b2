#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""host_servers.py DIR: servers on this machine's loopback for a guest that knows it as
10.0.2.2 (QEMU's user network), until it is told to end.

DIR/ca.pem is who vouches for them, DIR/urls has a shell word NAME=URL for each once
all are up:
  plain  nginx with TLS
  mortal nginx with TLS that is killed, once, when it has KILL_AT bytes of a request,
         and started again after some seconds; DIR/mortal/killed says when
What arrives is in DIR/NAME/objects."""

import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))

from collector import NGINX, free_port, wait_for    # noqa: E402

HOST = "10.0.2.2"
KILL_AT = 4 << 20
DOWN = 3        # seconds


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=collector", "-addext",
                    "subjectAltName=IP:" + HOST, "-keyout",
                    folder + "/ca.key", "-out", folder + "/ca.pem"],
                   check=True, capture_output=True)
    return folder + "/ca"


class Nginx:
    def __init__(self, folder, cert):
        self.folder, self.port, self.child = folder, free_port(), None
        os.makedirs(folder + "/objects")
        with open(folder + "/nginx.conf", "w", encoding="ascii") as file:
            file.write(NGINX % {
                "port": self.port, "full": "on", "max": "0",
                "user": "user root root;" if os.geteuid() == 0 else "",
                "ssl": "ssl; ssl_certificate %s.pem; ssl_certificate_key %s.key"
                       % (cert, cert)})
        self.start()

    def start(self):
        said = self.folder + "/said"
        with open(said, "ab") as file:
            self.child = subprocess.Popen(
                ["/usr/sbin/nginx", "-p", self.folder, "-c", "nginx.conf",
                 "-e", self.folder + "/error.log"], stdout=file, stderr=file,
                stdin=subprocess.DEVNULL, start_new_session=True)
        wait_for(self.port, self.child, said)

    def end(self, how=signal.SIGTERM):
        os.killpg(self.child.pid, how)      # its workers, too
        self.child.wait()

    def arrived(self):
        """Bytes of the largest request that is under way."""
        folder = self.folder + "/tmp"
        sizes = [0]
        for path, _, names in os.walk(folder):
            for name in names:
                try:
                    sizes.append(os.stat(os.path.join(path, name)).st_size)
                except FileNotFoundError:
                    pass                    # renamed: complete
        return max(sizes)

    def die_once(self):
        while (arrived := self.arrived()) < KILL_AT:
            time.sleep(0.02)
        self.end(signal.SIGKILL)
        with open(self.folder + "/killed", "w", encoding="ascii") as file:
            file.write("%d\n" % arrived)
        time.sleep(DOWN)
        self.start()


def main():
    folder = os.path.abspath(sys.argv[1])
    cert = certificate(folder)
    signal.signal(signal.SIGTERM, lambda *args: sys.exit(0))
    servers = []
    try:
        for name in ("plain", "mortal"):
            servers.append(Nginx(os.path.join(folder, name), cert))
        threading.Thread(target=servers[1].die_once, daemon=True).start()
        with open(folder + "/urls.tmp", "w", encoding="ascii") as file:
            for server in servers:
                file.write("%s=https://%s:%d/crash\n" % (
                    os.path.basename(server.folder), HOST, server.port))
        os.rename(folder + "/urls.tmp", folder + "/urls")
        while True:
            time.sleep(3600)
    finally:
        for server in servers:
            server.end()


if __name__ == "__main__":
    main()
