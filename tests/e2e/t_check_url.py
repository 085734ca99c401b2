# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump check URL: whether the crash kernel's initramfs has what sending takes;
one that has it all, and then without each thing."""

import os

from harness import equal, need
from archive import cpio
from machine_tree import DRACUT, RELEASE, build, machine
from t_check import FEDORA, check, libraries

URL = "https://collector/crash/host1"
# as in a capdump that was built with libcurl; that it is no program does not matter
CAPDUMP = b"capdump: unreadable page" + b"curl_global_init"
ROUTES = ("Iface\tDestination\tGateway\tFlags\n"
          "eth1\t0002A8C0\t00000000\t0001\n"
          "eth0\t00000000\t0102A8C0\t0003\n")
MODULES = "lib/modules/%s/kernel/drivers/net/" % RELEASE
CURL = "usr/lib64/libcurl.so.4"
BUNDLE = "etc/pki/tls/certs/ca-bundle.crt"


def parts():
    """What an initramfs that can send holds; libcurl is a library that needs others."""
    files = {"usr/sbin/capdump": CAPDUMP, BUNDLE: b"x",
             MODULES + "virtio-net.ko.xz": b"x"}
    for name, path in libraries().items():
        with open(path, "rb") as file:
            files["usr/lib64/" + name] = file.read()
    files[CURL] = files.pop("usr/lib64/libelf.so.1")
    return files


def root_of(box, files):
    root = build(box, {**machine(), **FEDORA, "proc/net/route": ROUTES,
                       DRACUT: cpio(*((name, 0o100644, content)
                                      for name, content in files.items()))})
    device = root + "/sys/class/net/eth0/device"
    if not os.path.isdir(device):
        os.makedirs(device)
        os.makedirs(root + "/drv/virtio_net")
        os.symlink("../../../../../drv/virtio_net", device + "/driver")
        os.symlink("../../modules/virtio_net", root + "/drv/virtio_net/module")
    return root


def whole(box):
    """All is there: what was not looked at is told, and the status is 0."""
    files = parts()
    _, found, _ = check(box, root_of(box, files), URL, code=0)
    text = found["target"]["text"]
    need("virtio_net of eth0 is there" in text, "%s", text)
    need(found["target-elsewhere"]["severity"] == "notice", "%s", found)
    # another libcurl, a server whom nobody has to trust, a file for that
    files["usr/lib64/libcurl-gnutls.so.4"] = files.pop(CURL)
    files["etc/my.pem"] = files.pop(BUNDLE)
    root = root_of(box, files)
    for words in (("http://collector/dump",), ("--insecure", URL),
                  ("--s3-endpoint", "http://store", "s3://dumps/host1"),
                  ("--known-hosts", "/etc/my.pem", "sftp://me@store/dump"),
                  ("--cacert", "/etc/my.pem", URL)):
        _, found, _ = check(box, root, *words, code=0)
        need("target" in found, "%s: %s", words, found)
    # a card of which nothing is known, and a driver that is built in
    os.unlink(root + "/drv/virtio_net/module")
    _, found, _ = check(box, root, "--insecure", URL, code=0)
    need("is built in" in found["target"]["text"], "%s", found)
    os.unlink(root + "/proc/net/route")
    _, found, _ = check(box, root, "--insecure", URL, code=0)
    need("not known" in found["target"]["text"], "%s", found)


def lacking(box):
    """Without one of them: which, and that nothing will be sent, or may not."""
    files = parts()
    for name, words, want, code in (
            (CURL, (), "libcurl-missing", 2),
            ("usr/lib64/libz.so.1", (), "libcurl-library-missing", 2),
            (BUNDLE, (), "trust-missing", 1),
            (BUNDLE, ("--cacert", "/" + BUNDLE), "trust-missing", 2),
            (MODULES + "virtio-net.ko.xz", (), "driver-missing", 1)):
        left = {k: v for k, v in files.items() if k != name}
        _, found, _ = check(box, root_of(box, left), *words, URL, code=code)
        need(want in found, "no %s: %s", want, found)
        need("target" not in found, "%s: %s", want, found)
    del files[BUNDLE]
    _, found, _ = check(box, root_of(box, files), "--s3-endpoint",
                        "https://store", "s3://dumps/host1", code=1)
    need("trust-missing" in found, "%s", found)
    _, found, _ = check(box, root_of(box, files), "sftp://me@store/dump",
                        code=1)
    need("known_hosts" in found["trust-missing"]["text"], "%s", found)
    files[BUNDLE] = b"x"
    store, library = ("--s3-endpoint", "https://store", "s3://dumps/host1"), \
        files[CURL]
    for version, old in (("7.81.0", True), ("7.86.0-DEV", True),
                         ("7.87.0", False), ("8.22.0", False)):
        files[CURL] = library + b"\0libcurl/%s\0" % version.encode() + bytes(16)
        root = root_of(box, files)
        check(box, root, URL, code=0)
        _, found, _ = check(box, root, *store, code=2 if old else 0)
        if old:
            text = found["libcurl-too-old"]["text"]
            need("libcurl %s," % version[:6] in text and "7.87" in text, "%s",
                 text)
    files[CURL] = library
    del files[BUNDLE]
    files["usr/sbin/capdump"] = CAPDUMP[:24]
    _, found, _ = check(box, root_of(box, files), URL, code=2)
    need("capdump-cannot-send" in found, "%s", found)


def named(box):
    """What can't be sent to is wrong usage; nothing of a password or a query is
    shown; without an initramfs that can be opened nothing is known."""
    root = build(box, machine())
    for url in ("https://collector/", "gopher://collector/x",
                "https://me:secret@collector/x"):
        result = box.bad(3, "check", "--machine-root", root, url)
        need("secret" not in result.err, "%s", result.err)
    result = box.good("check", "--machine-root", root, "--cacert", "/x",
                      URL + "?X-Amz-Signature=secret")
    need(b"secret" not in result.out, "%s", result.out)
    equal("errors", result.err, "")
    need(b"libcurl" in result.out, "%s", result.out)


def tests():
    yield "whole", whole
    yield "lacking", lacking
    yield "named", named
