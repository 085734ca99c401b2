# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenSSH's sshd for SFTP: its own keys and configuration, nobody's account."""

import getpass
import os
import shutil
import subprocess
import tempfile

import doc
from server import Server, program

CONFIG = """ListenAddress %(at)s
HostKey %(folder)s/host_key
PidFile none
AuthorizedKeysFile %(folder)s/authorized_keys
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin yes
UseDNS no
LogLevel VERBOSE
Subsystem sftp internal-sftp
%(match)s"""


class Sshd(Server):
    """.url (sftp://user@host:port), .objects (the folder of objects here) and .inside
    (the same for who sends), .key (and .key + ".pub"), .known_hosts, .user.

    As root its user sees nothing but a folder, as docs/collector.md has it; nobody
    else may ask for that."""

    def __init__(self, box, net=None):
        super().__init__(box, "sshd", net)
        self.jail = None
        if os.geteuid() == 0:
            # root's all the way: sshd_config(5), ChrootDirectory
            self.jail = tempfile.mkdtemp(prefix="capdump-", dir="/run")
            os.chmod(self.jail, 0o755)
        self.objects = (self.jail or self.folder) + "/objects"
        self.inside = "/objects" if self.jail else self.objects
        os.makedirs(self.objects, exist_ok=True)
        self.key = self.folder + "/key"
        self.known_hosts = self.folder + "/known_hosts"
        self.user = getpass.getuser()

    def configure(self):
        program("/usr/sbin/sshd", "openssh-server")
        for name in ("host_key", "key"):
            path = self.folder + "/" + name
            if not os.path.exists(path):
                # PEM: libssh2 with older back ends reads no other
                subprocess.run(
                    ["ssh-keygen", "-q", "-t", "ecdsa", "-m", "PEM", "-N", "",
                     "-C", name, "-f", path], check=True)
        with open(self.key + ".pub", encoding="ascii") as file:
            public = file.read()
        with open(self.folder + "/authorized_keys", "w",
                  encoding="ascii") as file:
            file.write(public)
        with open(self.folder + "/host_key.pub", encoding="ascii") as file:
            host = " ".join(file.read().split()[:2])
        with open(self.known_hosts, "w", encoding="ascii") as file:
            file.write("[%s]:%d %s\n" % (self.host, self.port, host))
        with open(self.folder + "/sshd_config", "w", encoding="ascii") as file:
            words = {"User crash": "User " + self.user}
            if self.jail:
                words["/srv/crash"] = self.jail
            else:
                words["    ChrootDirectory /srv/crash\n"] = ""
            file.write(CONFIG % {
                "at": self.at(), "folder": self.folder,
                "match": doc.block("OpenSSH", words=words)})
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)

    def commands(self):
        return [["/usr/sbin/sshd", "-D", "-e", "-f",
                 self.folder + "/sshd_config"]]

    def target(self, name):
        return self.url + self.inside + "/" + name

    def options(self):
        if self.front:          # a name of the key that ssh knows it by
            with open(self.known_hosts, "r+", encoding="ascii") as file:
                key = file.readline().split(" ", 1)[1]
                file.write("[%s]:%d %s" % (self.host, self.front, key))
        return ["--ssh-key", self.key, "--known-hosts", self.known_hosts]

    def __exit__(self, *args):
        super().__exit__(*args)
        if self.jail:
            shutil.rmtree(self.jail, ignore_errors=True)

    def path(self, name):
        return self.objects + "/" + name

    @property
    def url(self):
        return "sftp://%s@%s" % (self.user, self.at())
