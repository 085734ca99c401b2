# SPDX-License-Identifier: GPL-2.0-or-later
"""make install: what it puts where, and that uninstall takes it back."""

import os
import subprocess

from harness import CAPDUMP, TOP, Skip, equal, need

FILES = {"usr/sbin/capdump": 0o755, "usr/share/man/man8/capdump.8": 0o644,
         "usr/share/bash-completion/completions/capdump": 0o644}


def make(box, *words, code=0):
    build = os.path.dirname(os.path.relpath(CAPDUMP, TOP))
    if not build.startswith("build"):
        raise Skip("CAPDUMP is not below build/")
    done = subprocess.run(
        # what is built is taken as it is (-o), whatever built it
        ["make", "-s", "-C", TOP, "-o", build + "/capdump", "BUILD=" + build,
         "DESTDIR=" + box.path("root"), "PREFIX=/usr", *words],
        capture_output=True, text=True, check=False)
    need((done.returncode == 0) == (code == 0), "make %s: exit %d: %s", words,
         done.returncode, done.stderr)


def found(box):
    out = {}
    for folder, _, names in os.walk(box.path("root")):
        for name in names:
            path = os.path.join(folder, name)
            out[os.path.relpath(path, box.path("root"))] = \
                os.lstat(path).st_mode & 0o777
    return out


def install(box):
    make(box, "install")
    equal("files", found(box), FILES)
    program = box.path("root/usr/sbin/capdump")
    equal("-v", box.good("-v", program=program).out, box.good("-v").out)
    make(box, "uninstall")
    equal("files left", found(box), {})


def makedumpfile(box):
    """The link only on request, and never over the real one."""
    real = box.path("root/usr/sbin/makedumpfile")
    os.makedirs(os.path.dirname(real))
    box.text("root/usr/sbin/makedumpfile", "the real one\n")
    make(box, "install-makedumpfile", code=2)
    make(box, "uninstall")
    with open(real, encoding="utf-8") as file:
        equal("the real one", file.read(), "the real one\n")
    os.unlink(real)
    make(box, "install-makedumpfile")
    equal("link", os.readlink(real), "capdump")
    image = box.image("good-6.12-vmemmap")
    result = box.bad(1, "--diskset", "x", image.path, "a", "b", program=real)
    need(result.err.startswith("makedumpfile: "), "said: %s", result.err)
    make(box, "uninstall")
    equal("files left", found(box), {})


def tests():
    yield "install", install
    yield "makedumpfile", makedumpfile
