# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that take PUT: nginx and Apache, as docs/collector.md sets them up."""

import os

import doc
from server import Server, program

NGINX = """daemon off; pid nginx.pid; error_log error.log; worker_processes 1;
%s
events { worker_connections 64; }
http {
access_log off;
proxy_temp_path t1; fastcgi_temp_path t2; uwsgi_temp_path t3; scgi_temp_path t4;
%s
}
"""
APACHE = """ServerRoot %(folder)s
PidFile %(folder)s/pid
ErrorLog %(folder)s/said
ServerName collector
Mutex file:%(folder)s default
%(user)s
LoadModule mpm_event_module %(modules)s/mod_mpm_event.so
LoadModule authn_core_module %(modules)s/mod_authn_core.so
LoadModule authn_file_module %(modules)s/mod_authn_file.so
LoadModule authz_core_module %(modules)s/mod_authz_core.so
LoadModule authz_user_module %(modules)s/mod_authz_user.so
LoadModule auth_basic_module %(modules)s/mod_auth_basic.so
LoadModule socache_shmcb_module %(modules)s/mod_socache_shmcb.so
LoadModule ssl_module %(modules)s/mod_ssl.so
LoadModule dav_module %(modules)s/mod_dav.so
LoadModule dav_fs_module %(modules)s/mod_dav_fs.so
DavLockDB %(folder)s/lock
Listen %(at)s
"""


class Put(Server):
    """.url (https://host:port/), .objects (folder), .cacert, .credentials (a file
    for --credentials)."""

    def __init__(self, box, name, cert, net=None):
        super().__init__(box, name, net)
        self.objects = self.folder + "/objects"
        os.makedirs(self.objects, exist_ok=True)
        self.cert, self.cacert = cert, cert + ".pem"
        self.credentials = self.folder + "/credentials"
        with open(os.open(self.credentials, os.O_WRONLY | os.O_CREAT, 0o600),
                  "w", encoding="ascii") as file:
            file.write("me:secret\n")
        with open(self.folder + "/passwords", "w", encoding="ascii") as file:
            file.write("me:$apr1$salt$VEpBc9VHGUKwI9.yg13Iu0\n")

    @property
    def url(self):
        return "https://%s/" % self.at()

    def target(self, name):
        return self.url + name

    def options(self):
        return ["--cacert", self.cacert, "--credentials", self.credentials]

    def path(self, name):
        return os.path.join(self.objects, name)

    def keys(self):
        """Of all objects, also those that are hidden or temporary."""
        return sorted(
            os.path.relpath(os.path.join(top, n), self.objects)
            for top, folders, names in os.walk(self.objects)
            for n in names if "/.tmp" not in top)


class Nginx(Put):
    def __init__(self, box, cert, net=None):
        super().__init__(box, "nginx", cert, net)

    def configure(self):
        program("/usr/sbin/nginx", "nginx-light")
        with open(self.folder + "/nginx.conf", "w", encoding="ascii") as file:
            file.write(NGINX % (
                "user root root;" if os.geteuid() == 0 else "",
                doc.block("nginx", words={
                    "listen 443 ssl": "listen %s ssl" % self.at(),
                    "/etc/ssl/collector.pem": self.cert + ".pem",
                    "/etc/ssl/collector.key": self.cert + ".key",
                    "/srv/crash": self.objects,
                    "/etc/nginx/dumps": self.folder + "/passwords"})))

    def commands(self):
        return [["/usr/sbin/nginx", "-p", self.folder, "-c", "nginx.conf",
                 "-e", self.folder + "/error.log"]]


class Apache(Put):
    def __init__(self, box, cert, net=None):
        super().__init__(box, "apache2", cert, net)

    def configure(self):
        program("/usr/sbin/apache2", "apache2-bin")
        with open(self.folder + "/apache2.conf", "w",
                  encoding="ascii") as file:
            file.write(APACHE % {
                "folder": self.folder, "at": self.at(),
                "modules": "/usr/lib/apache2/modules",
                # apache2-bin of Debian refuses to be root's
                "user": "User www-data\nGroup www-data"
                        if os.geteuid() == 0 else ""})
            file.write(doc.block("apache2", 1, words={
                "<VirtualHost *:443>": "<VirtualHost *:%d>" % self.port,
                "/etc/ssl/collector.pem": self.cert + ".pem",
                "/etc/ssl/collector.key": self.cert + ".key",
                "/srv/crash": self.objects,
                "/etc/apache2/dumps": self.folder + "/passwords"}))
        if os.geteuid() == 0:
            # its workers are not root
            for path in (self.folder, self.objects):
                os.chmod(path, 0o777)

    def commands(self):
        return [["/usr/sbin/apache2", "-DFOREGROUND", "-f",
                 self.folder + "/apache2.conf"]]
