# SPDX-License-Identifier: GPL-2.0-or-later
"""ProFTPD, with TLS and without, as docs/collector.md sets it up."""

import os
import shlex
import subprocess

import doc
from server import Server, program

CONFIG = """ServerName collector
ServerType standalone
DefaultAddress %(host)s
Port %(port)d
PidFile %(folder)s/pid
ScoreboardFile %(folder)s/scoreboard
DelayEngine off
WtmpLog off
UseIPv6 %(six)s
UseReverseDNS off
User %(user)s
Group %(group)s
ModulePath /usr/lib/proftpd
TransferLog none
SystemLog none
"""


class Ftp(Server):
    """.url (ftp://host:port/; with a certificate TLS is asked for, ftps:// is not
    served), .objects, .credentials, .cacert."""

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
        program("/usr/sbin/proftpd", "proftpd-core")
        root = os.geteuid() == 0
        if root:
            os.chmod(self.objects, 0o777)
        users = self.folder + "/users"
        code = doc.block("ProFTPD", words={
            "/srv/crash": self.objects, "/etc/proftpd/dumps": users,
            "TLSRSACertificateFile /etc/ssl/collector.pem":
                "TLSECCertificateFile %s.pem" % self.cert,
            "TLSRSACertificateKeyFile /etc/ssl/collector.key":
                "TLSECCertificateKeyFile %s.key" % self.cert})
        if not self.cert:
            code = "".join(line + "\n" for line in code.splitlines()
                           if not line.startswith("TLS"))
        with open(self.folder + "/proftpd.conf", "w",
                  encoding="ascii") as file:
            file.write(CONFIG % {
                "host": self.host.strip("[]"), "port": self.port,
                "folder": self.folder,
                "six": "on" if ":" in self.host else "off",
                "user": "nobody" if root else os.geteuid(),
                "group": "nogroup" if root else os.getegid()} + code)
        if not os.path.exists(users):
            subprocess.run(
                [*shlex.split(doc.block("ProFTPD", 1, words={
                    "/etc/proftpd/dumps": users,
                    "/srv/crash": self.objects})), "--stdin"],
                input="secret\n", text=True, check=True, capture_output=True)

    def commands(self):
        return [["/usr/sbin/proftpd", "-n", "-c",
                 self.folder + "/proftpd.conf"]]

    @property
    def url(self):
        return "ftp://%s/" % self.at()

    def target(self, name):
        return self.url + name

    def options(self):
        return ["--credentials", self.credentials,
                *(("--cacert", self.cacert) if self.cert else ())]

    def path(self, name):
        return os.path.join(self.objects, name)

    def keys(self):
        return sorted(os.listdir(self.objects))
