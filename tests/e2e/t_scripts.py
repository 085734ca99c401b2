# SPDX-License-Identifier: GPL-2.0-or-later
"""The command lines of the distributions' own scripts, as they stand there,
with capdump behind the name makedumpfile. In each, VMCORE stands for
/proc/vmcore; sources are named with each. The shell is sh as in an initramfs
(bash where the script says so), stdin is closed.
"""

import os
import re
import subprocess

from harness import (TIMEOUT, check_dump, check_sets, equal, need, read_dump,
                     same_file)

IMAGE = "good-6.1-vmemmap"

# name: (script, what is made: (file, "dump"|"flat"|"gzip"|"log", level,
# codec)...)
SCRIPTS = {
    # Debian kdump-tools 1.8.1 kdump-config: MAKEDUMP_ARGS, kdump_save_core()
    # and dump_dmesg(); compress() is cat or a compressor
    "debian-file": (
        'makedumpfile --dump-dmesg "$VMCORE" dmesg.1 && '
        'makedumpfile -F -c -d 31 $VMCORE | cat > dump-incomplete',
        ("dmesg.1", "log"), ("dump-incomplete", "flat", 31, "zlib")),
    "debian-gzip": (
        'makedumpfile -F -c -d 31 $VMCORE | gzip -1 > dump.gz',
        ("dump.gz", "gzip", 31, "zlib")),
    # the same script with MAKEDUMP_ARGS="-c -d 31": it appends -F
    "debian-append": (
        'makedumpfile -c -d 31 -F $VMCORE | cat > dump',
        ("dump", "flat", 31, "zlib")),
    "debian-ssh": (
        'makedumpfile -F -c -d 31 $VMCORE | cat | dd "of=dump" 2>dd.err',
        ("dump", "flat", 31, "zlib")),
    # SteamOS kdumpst: initramfs/kdump-collect.sh with
    # MAKEDUMPFILE_DMESG_CMD and MAKEDUMPFILE_COREDUMP_CMD of 00-default.conf
    "steamos": (
        'makedumpfile --dump-dmesg $VMCORE "dmesg.txt" && '
        'makedumpfile -z -d 31 $VMCORE "vmcore.compressed"',
        ("dmesg.txt", "log"), ("vmcore.compressed", "dump", 31, "zstd")),
    # openSUSE kdump dracut/kdump-save: the log, whose stderr it searches for
    # OSRELEASE and CRASHTIME, and the dump for each KDUMP_DUMPFORMAT
    "opensuse-dmesg": (
        'makedumpfile -F --message-level 8 --dump-dmesg $VMCORE > dmesg '
        '2> stderr; cat stderr >&2',
        ("dmesg", "log")),
    **{"opensuse-" + name: (
        'makedumpfile -F %s --num-threads 2 --message-level 6 -d 31  '
        '$VMCORE > vmcore' % letter, ("vmcore", "flat", 31, name))
       for name, letter in (("zlib", "-c"), ("lzo", "-l"),
                            ("snappy", "-p"), ("zstd", "-z"))},
    "opensuse-verbose": (
        'makedumpfile -F -z  --message-level 15 -d 31  $VMCORE > vmcore',
        ("vmcore", "flat", 31, "zstd")),
    # kdump-utils (Fedora, RHEL): mkdumprd verify_core_collector()
    "fedora-check": (
        'makedumpfile --check-params -l --message-level 7 -d 31 vmcore '
        'dumpfile && makedumpfile --check-params -F -l --message-level 7 '
        '-d 31 vmcore && test ! -e dumpfile', ),
    # kdump.sh dump_fs(), with the threads that it appends
    "fedora-fs": (
        'makedumpfile -l --message-level 7 -d 31 --num-threads=2 $VMCORE '
        '"vmcore-incomplete" > console 2>&1 && sync -f vmcore-incomplete',
        ("vmcore-incomplete", "dump", 31, "lzo")),
    # dump_raw() and dump_ssh(): -F is appended; older ones leave it out and
    # rely on stdout being no terminal
    "fedora-raw": (
        'makedumpfile -l --message-level 7 -d 31 -F $VMCORE | '
        'dd of="raw" bs=512 >> dd_progress 2>&1',
        ("raw", "flat", 31, "lzo")),
    "fedora-ssh": (
        'makedumpfile -l --message-level 7 -d 31 $VMCORE | '
        'sh -c "umask 0077 && dd bs=512 of=vmcore-incomplete" 2>dd.err',
        ("vmcore-incomplete", "flat", 31, "lzo")),
    # kdumpctl: the raw target back into a dump, the rest of the device
    # behind the stream
    "fedora-raw-back": (
        'makedumpfile -F -l --message-level 7 -d 31 $VMCORE > raw && '
        'head -c 3000000 /dev/zero >> raw && '
        'makedumpfile -R "vmcore" < "raw" > /dev/null 2>&1 && rm raw',
        ("vmcore", "dump", 31, "lzo")),
    # kdump.conf(5)
    "kdump-conf": (
        'makedumpfile -F -l --message-level 1 -d 31 $VMCORE > vmcore.flat '
        '&& makedumpfile -R vmcore < vmcore.flat',
        ("vmcore", "dump", 31, "lzo"), ("vmcore.flat", "flat", 31, "lzo")),
    "kdump-conf-old": (
        'makedumpfile -c --message-level 1 -d 31 $VMCORE vmcore',
        ("vmcore", "dump", 31, "zlib")),
    # what makedumpfile means when nothing is said
    "bare": ('makedumpfile $VMCORE dump', ("dump", "dump", 0, "none")),
    "bare-level": ('makedumpfile -d 17 $VMCORE dump',
                   ("dump", "dump", 17, "none")),
    # options it takes and we do not need
    "unneeded": (
        'makedumpfile -c -d 31 --cyclic-buffer 1024 -b 8 --work-dir /tmp '
        '--non-mmap $VMCORE dump', ("dump", "dump", 31, "zlib")),
}


def check_log(box, path, image):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    need(re.search(r"^\[ *\d+\.\d{6}\] .*Kernel panic", text, re.M),
         "no panic in the log: %s", text[-300:])
    plain = box.good("dmesg", image.path).out.decode()
    equal("the log", text, plain)


def check_product(box, image, name, kind, level=None, codec=None):
    path = box.path(name)
    need(os.path.exists(path), "%s was not made", name)
    if kind == "log":
        return check_log(box, path, image)
    if kind == "gzip":
        subprocess.run(["gzip", "-d", path], check=True, timeout=TIMEOUT)
        path, kind = path[:-3], "flat"
    if kind == "flat":
        with open(path, "rb") as file:
            equal("signature", file.read(12), b"makedumpfile")
        box.rearrange(path, path + ".plain", program=box.makedumpfile())
        path += ".plain"
    if level == 17:
        dump = read_dump(path)      # no such level in .expect
    else:
        dump = check_dump(path, image, level)
    equal("level", dump.sub["dump_level"], level)
    equal("codecs", set(dump.by_codec) - {"raw"},
          set() if codec == "none" else {codec})


def shell(box, script, image):
    box.makedumpfile()
    env = dict(os.environ, VMCORE=image.path,
               PATH=box.folder + ":" + os.environ["PATH"])
    done = subprocess.run(["bash", "-o", "pipefail", "-c", script],
                          cwd=box.folder, env=env, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=TIMEOUT,
                          check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def script(box, name):
    text, *products = SCRIPTS[name]
    image = box.image(IMAGE)
    code, out, err = shell(box, text, image)
    need(code == 0, "exit %d: %s", code, err[-400:])
    need(not out or name == "fedora-check", "stdout: %r", out[:200])
    for product in products:
        check_product(box, image, *product)
    if name == "opensuse-dmesg":
        need(re.search(r"^OSRELEASE ?= ?%s$" % re.escape(image.release()),
                       err, re.M), "no OSRELEASE: %s", err)
        need(re.search(r"^CRASHTIME ?= ?%d$" % image.fx.num("crashtime"),
                       err, re.M), "no CRASHTIME: %s", err)


def statuses(box):
    """As makedumpfile: 0 or 1 and nothing else."""
    image = box.image(IMAGE, own=True)
    name = box.makedumpfile()
    box.bad(1, "--no-such-option", program=name)
    box.bad(1, "-d", "77", image.path, "dump", program=name)
    box.bad(1, "missing", "dump", program=name)
    box.text("dump", "there\n")
    box.bad(1, image.path, "dump", program=name)
    box.bad(1, "-X", image.path, "other", program=name)
    box.good("-f", image.path, "dump", program=name)
    os.truncate(image.path, os.path.getsize(image.path) - 4096)
    box.bad(1, "-f", image.path, "dump", program=name)
    box.good("-f", "--salvage", image.path, "dump", program=name)
    box.bad(1, "-f", "--salvage", "--strict", image.path, "dump",
            program=name)


def same_as_capdump(box):
    """The name changes defaults, never the dump."""
    image = box.image(IMAGE)
    box.good("-l", "-d", "8", image.path, "a")
    box.good("-l", "-d", "8", image.path, "b", program=box.makedumpfile())
    same_file("as makedumpfile", box.path("b"), box.path("a"))
    dump = read_dump(box.path("a"))
    check_sets(dump, image, 8)
    for word in ("info", "dmesg", "verify"):
        # no commands here: it is an input's name
        box.bad(1, word, "c", program=box.makedumpfile())


def tests():
    for name in SCRIPTS:
        yield name, script, name
    yield "statuses", statuses
    yield "same-as-capdump", same_as_capdump
