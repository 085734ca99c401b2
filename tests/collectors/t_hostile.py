# SPDX-License-Identifier: GPL-2.0-or-later
"""An SFTP server that lies or fails: each run ends, NAME is the dump or is not there,
and a message that is fit for a terminal says what is wrong."""

import os
import signal
import subprocess

from harness import CAPDUMP, equal, need
from sftp_server import SFTP_FAILURE, SFTP_PERMISSION_DENIED, SftpServer
from t_servers import IMAGE, local

WEIGHT = 2
FILE = dict(st_mode=0o100600)
# bytes of the dump on which a fault comes
AT = 100000

# name: (faults, exit status, what is said)
CASES = {
    "size-huge": ({"stat part": {**FILE, "st_size": (1 << 63) - 1}}, 1,
                  "the server has 9223372036854775807; given up"),
    "size-negative": ({"stat part": {**FILE, "st_size": (1 << 64) - 1}}, 1,
                      "file size"),
    "size-none": ({"stat part": FILE}, 1, "given up"),
    "size-small": ({"stat part": {**FILE, "st_size": 7}}, 1,
                   "the server has 7; given up"),
    "stat-refused": ({"stat": SFTP_FAILURE}, 1, "given up"),
    "write-short": ({"write": "short"}, 1, "bytes were sent, the server has"),
    "write-swallow": ({"write": (AT, "swallow")}, 1,
                      "bytes were sent, the server has"),
    "write-refused": ({"write": (AT, SFTP_FAILURE)}, 1, "given up"),
    "write-stall": ({"write": (AT, "stall")}, 1, "--stall-time"),
    "write-close": ({"write": (AT, "close")}, 1, "given up"),
    "open-denied": ({"open": SFTP_PERMISSION_DENIED}, 1, "refuses it"),
    "open-stall": ({"open": "stall"}, 1, "--stall-time"),
    # nothing is there that would have to be
    "remove-denied": ({"remove": SFTP_PERMISSION_DENIED}, 0, "is complete"),
    "rename-denied": ({"rename": SFTP_PERMISSION_DENIED}, 1,
                      "all of the dump is there, as"),
    "rename-close": ({"rename": "close"}, 1, "all of the dump is there, as"),
    "rename-swallow": ({"rename": "swallow"}, 1, "nothing stands there"),
    "read-empty": ({"read": "empty"}, 1, "given up"),
    "read-more": ({"read": "more"}, 1, "given up"),
    "read-refused": ({"read": SFTP_FAILURE}, 1, "given up"),
    "home-long": ({"realpath": "/" + "x" * 200000}, 1, "given up"),
    "home-odd": ({"realpath": "\x1b[31m\n\0"}, 0, "is complete"),
    "login": ({"login": True}, 1, "does not let in"),
    "greeting-endless": ({"greeting": b"x" * 4096}, 1, "given up"),
    "greeting-lines": ({"greeting": b"x\r\n" * 1000}, 1, "given up"),
    "greeting-other": ({"greeting": b"SSH-2.0-\x1b[31m\xff\r\n"}, 1, "given up"),
}


def options(box, server):
    os.chmod(box.text("secret", "me:secret\n"), 0o600)
    box.text("hosts", server.known_hosts())
    return ("--triage=no", "--retry-time", "2", "--stall-time", "2", "--credentials",
            "secret", "--known-hosts", "hosts")


def hostile(box, name):
    faults, code, text = CASES[name]
    image = box.image(IMAGE)
    want = local(box, image)
    with SftpServer(faults) as server:
        resumed = name.startswith("read")
        if resumed:
            server.objects["dump.part"] = bytearray(want[:len(want) // 2])
        result = box.run(*options(box, server), *(("--resume",) if resumed else ()),
                         image.path, server.url + "dump")
    equal("exit status: " + result.err, result.code, code)
    need(text in result.err and result.err.replace("\n", "").isprintable(), "%s",
         result.err)
    have = server.objects.get("dump")
    need(have == (None if code else want), "%d bytes stand there", len(have or b""))


def signalled(box):
    """A signal ends what a server says for ever."""
    image = box.image(IMAGE)
    with SftpServer({"greeting": b"x\r\n" * 1000}) as server, subprocess.Popen(
            [CAPDUMP, *options(box, server), "--stall-time", "600", image.path,
             server.url + "dump"], cwd=box.folder, stderr=subprocess.PIPE,
            text=True) as child:
        try:
            need(server.greeted.wait(30), "it did not connect")
            child.send_signal(signal.SIGTERM)
            _, err = child.communicate(timeout=30)
        finally:
            child.kill()
    equal("exit status", child.returncode, 1)
    need("stopped by signal" in err, "%s", err)


def tests():
    for name in CASES:
        yield "sftp/" + name, hostile, name
    yield "sftp/signalled", signalled
