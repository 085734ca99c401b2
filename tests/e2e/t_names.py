# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command line may name: pipes, devices and folders as a vmcore, names
with control characters, a stdout that is closed or full, a progress pipe that
nobody reads."""

import os
import subprocess

from harness import CAPDUMP, TIMEOUT, equal, need, read_dump

IMAGE = "good-6.12-vmemmap"


def no_vmcore(box):
    """Inputs that are no file or no vmcore: one line at once, exit 1."""
    os.mkfifo(box.path("pipe"))
    os.mkdir(box.path("folder"))
    box.text("empty", "")
    box.text("text", "once upon a time\n" * 1000)
    for name, why in (("pipe", "is a pipe"), ("folder", "is a directory"),
                      ("empty", "the file is empty"),
                      ("text", "not a vmcore"), ("/dev/zero", "not a vmcore"),
                      ("/dev/null", "the file is empty"),
                      ("nowhere", "No such file")):
        for words in ((name, "out"), ("-F", name), ("info", name),
                      ("dmesg", name), ("verify", name),
                      ("--dry-run", name)):
            if words == ("verify", "empty"):
                continue        # a dump whose first block is not out yet
            result = box.bad(1, *words)
            lines = result.err.splitlines()
            need(len(lines) == 1 and why in lines[0] and name in lines[0],
                 "%s: %s", words, result.err)
            equal("%s: stdout" % (words,), result.out, b"")
            need(not os.path.exists(box.path("out")), "%s wrote", words)


def control(box):
    """A name with control characters stays within its line, escaped."""
    image = box.image(IMAGE)
    name = "a\n\x1b[31mb"
    shown = "a\\x0a\\x1b[31mb"
    for code, words in ((1, (name, "out")), (1, ("info", name)),
                        (1, ("dmesg", image.path, "no/" + name)),
                        (1, (image.path, "no/" + name)),
                        (2, ("-d", name, image.path, "out")),
                        (2, ("--" + name, image.path, "out")),
                        (2, (image.path, "out", name)),
                        (0, (image.path, name))):
        err = box.bad(code, *words).err
        need(shown in err and "\x1b" not in err, "%s: %r", words, err)
        if code:
            equal("lines", len(err.splitlines()), 1)
    read_dump(box.path(name))


def closed(box):
    """What goes to stdout and finds none, or a full one, has failed."""
    image = box.image(IMAGE)
    box.good(image.path, "dump")
    for words in ("-F", "info", "dmesg", "--dump-dmesg", "-v", "--help"):
        for closing in (">&-", "> /dev/full"):
            result = box.bad(1, "-c", '%s %s "$1" %s' % (
                CAPDUMP, words, closing), "sh", image.path, program="/bin/sh")
            need(result.err.strip(), "%s %s said nothing", words, closing)
    result = box.bad(1, "-c", '%s verify dump >&-' % CAPDUMP,
                     program="/bin/sh")
    box.bad(1, "-c", '%s -R out <&-' % CAPDUMP, program="/bin/sh")
    need(not os.path.exists(box.path("out")), "-R wrote")


def sleeper(box):
    """A reader of --progress-fd that never reads holds up nothing."""
    image = box.image(IMAGE)
    read_end, write_end = os.pipe()
    try:
        # all but a few bytes of the pipe are taken
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(write_end, True)
        subprocess.run([CAPDUMP, "--progress-fd", str(write_end), image.path,
                        "out"], cwd=box.folder, pass_fds=(write_end,),
                       check=True, timeout=TIMEOUT,
                       stderr=subprocess.DEVNULL)
    finally:
        os.close(read_end)
        os.close(write_end)
    read_dump(box.path("out"))


def tests():
    for function in (no_vmcore, control, closed, sleeper):
        yield function.__name__, function
