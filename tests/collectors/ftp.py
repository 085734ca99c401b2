# SPDX-License-Identifier: GPL-2.0-or-later
"""pyftpdlib, with TLS and without, as docs/collector.md starts it."""

import os

import doc
from server import Server


class Ftp(Server):
    """.url (ftp:// or, with a certificate, ftpes: ftp:// that asks for TLS), .objects,
    .credentials, .cacert."""

    def __init__(self, box, cert=None, net=None):
        super().__init__(box, "ftp", net)
        self.cert, self.cacert = cert, cert + ".pem" if cert else None
        self.objects = self.folder + "/objects"
        os.makedirs(self.objects, exist_ok=True)
        self.credentials = self.folder + "/credentials"
        with open(os.open(self.credentials, os.O_WRONLY | os.O_CREAT, 0o600),
                  "w", encoding="ascii") as file:
            file.write("me:secret\n")

    def configure(self):
        if self.cert:
            with open(self.folder + "/both.pem", "wb") as file:
                for end in (".key", ".pem"):
                    with open(self.cert + end, "rb") as part:
                        file.write(part.read())
        words = {"/srv/crash": self.objects,
                 "'', 21": "%r, %d" % (self.host, self.port),
                 "/etc/ssl/collector-both.pem": self.folder + "/both.pem"}
        code = doc.block("pyftpdlib", words=words)
        if not self.cert:
            for line in code.splitlines():
                if "tls" in line or "certfile" in line:
                    code = code.replace(line + "\n", "")
            code = code.replace("TLS_FTPHandler", "FTPHandler")
        with open(self.folder + "/ftpd.py", "w", encoding="ascii") as file:
            file.write(code)

    def commands(self):
        return [["/usr/bin/python3", self.folder + "/ftpd.py"]]

    @property
    def url(self):
        return "ftp://%s/" % self.at()
