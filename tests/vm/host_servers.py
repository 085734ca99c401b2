#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""host_servers.py DIR STORE: servers on this machine's loopback for a guest that knows it as
10.0.2.2 (QEMU's user network), until it is told to end.

DIR/ca.pem is who vouches for them, DIR/urls has a shell word NAME=URL for each once
all are up:
  plain  nginx with TLS
  mortal nginx with TLS that is killed, once, when it has KILL_AT bytes of a request,
         and started again after a second; DIR/mortal/killed says when
  s3     a bucket and a key of STORE (tests/collectors/s3.py), killed likewise when
         it has KILL_AT more bytes; s3_endpoint, and DIR/s3.credentials as AWS's programs read it
What arrives is in DIR/NAME/objects; of s3 when this has ended."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[1:1] = [TESTS + "/e2e", TESTS + "/collectors"]

from collector import NGINX, free_port, wait_for    # noqa: E402
from harness import Box                             # noqa: E402
from s3 import STORES                               # noqa: E402

HOST = "10.0.2.2"
KILL_AT = 4 << 20
DOWN = 1        # second


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

    def stop(self, how=signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):   # it died, as it was to
            os.killpg(self.child.pid, how)              # its workers, too
        self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.stop(signal.SIGTERM)


def fetch(store, folder):
    """All objects of a store into a folder."""
    for key in store.keys():
        path = os.path.join(folder, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(store.get(key))


def held(folder):
    """Bytes of all files."""
    size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):    # renamed
                size += os.stat(os.path.join(path, name)).st_size
    return size


def die_once(server, folder, killed):
    began = held(folder)
    while (arrived := held(folder) - began) < KILL_AT:
        time.sleep(0.02)
    server.stop()
    with open(killed, "w", encoding="ascii") as file:
        file.write("%d\n" % arrived)
    time.sleep(DOWN)
    server.start()


def main():
    folder = os.path.abspath(sys.argv[1])
    cert = certificate(folder)
    signal.signal(signal.SIGTERM, lambda *args: sys.exit(0))
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(Nginx(
            os.path.join(folder, name), cert)) for name in ("plain", "mortal")}
        store = stack.enter_context(STORES[sys.argv[2]](
            Box(folder + "/store")))
        os.makedirs(folder + "/s3")
        stack.callback(fetch, store, folder + "/s3/objects")
        for name, server, of in (("mortal", servers["mortal"], "/tmp"),
                                 ("s3", store, "")):
            threading.Thread(target=die_once, daemon=True, args=(
                server, server.folder + of,
                "%s/%s/killed" % (folder, name))).start()
        words = {name: "https://%s:%d/crash" % (HOST, server.port)
                 for name, server in servers.items()}
        words["s3"] = "s3://%s/crash" % store.bucket
        words["s3_endpoint"] = "http://%s:%d" % (HOST, store.port)
        os.symlink(store.credentials, folder + "/s3.credentials")
        with open(folder + "/urls.tmp", "w", encoding="ascii") as file:
            file.writelines("%s=%s\n" % word for word in words.items())
        os.rename(folder + "/urls.tmp", folder + "/urls")
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
