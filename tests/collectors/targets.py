# SPDX-License-Identifier: GPL-2.0-or-later
"""What capdump can send to, all in one shape: KINDS, a function each of (box, net)."""

import dav
import ftp
import s3
import sshd
import tus
from collector import certificate


def host_of(net):
    return net.address if net else "127.0.0.1"


def nginx(box, net=None):
    return dav.Nginx(box, certificate(box, host=host_of(net)), net)


def apache(box, net=None):
    return dav.Apache(box, certificate(box, host=host_of(net)), net)


def sftp(box, net=None):
    return sshd.Sshd(box, net)


def ftps(box, net=None):
    return ftp.Ftp(box, certificate(box, host=host_of(net)), net)


# A server has target(name), the URL of a dump of that name; options(); environ, what
# else of variables capdump needs; get(name), what stands there, None if nothing does.
KINDS = {"nginx": nginx, "apache2": apache, "sftp": sftp, "ftps": ftps,
         "tus": tus.Tus, **s3.STORES}
# which capdump does not send to yet, and says so
SOON = ()
# whose data goes another way than a proxy's
ELSEWHERE = frozenset(["ftps"])
# over bad networks: one of each way to send
NETWORKS = ("nginx", "sftp", "ftps", "tus", "swift")
# a dump of several parts for these
LARGE = frozenset(s3.STORES)
