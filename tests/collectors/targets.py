# SPDX-License-Identifier: GPL-2.0-or-later
"""What capdump can send to, all in one shape: KINDS, a function each of (box, net)."""

import dav
from collector import certificate


def host_of(net):
    return net.address if net else "127.0.0.1"


def nginx(box, net=None):
    return dav.Nginx(box, certificate(box, host=host_of(net)), net)


def apache(box, net=None):
    return dav.Apache(box, certificate(box, host=host_of(net)), net)


# A server has target(name), the URL of a dump of that name; options(); environ();
# get(name), what stands there, None if nothing does; partial, whether what is not
# whole can be seen there.
KINDS = {"nginx": nginx, "apache2": apache}
