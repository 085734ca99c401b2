# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens around the dump: files that are there already, modes, links,
limits, reports and progress."""

import fcntl
import json
import os
import stat
import struct
import subprocess
import threading

from harness import (MIB, Skip, check_contents, check_dump,
                     check_sets, equal, need, read_dump, same_file)
import kdumpfile

IMAGE = "good-6.12-vmemmap"
# Linux include/uapi/asm-generic/ioctls.h
TIOCSPTLCK, TIOCGPTPEER = 0x40045431, 0x5441


def content(path):
    with open(path, "rb") as file:
        return file.read()


def mode(box):
    """0600, whatever the umask, also where a file is replaced."""
    image = box.image(IMAGE)
    for umask in (0, 0o022, 0o277):
        box.good("-f", image.path, "dump", umask=umask)
        equal("mode", stat.S_IMODE(os.stat(box.path("dump")).st_mode), 0o600)
    os.chmod(box.path("dump"), 0o644)
    box.good("-f", "--report", "report", image.path, "dump", umask=0)
    equal("mode of the replaced file",
          stat.S_IMODE(os.stat(box.path("dump")).st_mode), 0o600)
    equal("mode of the report",
          stat.S_IMODE(os.stat(box.path("report")).st_mode), 0o600)
    box.good("dmesg", image.path, "log", umask=0)
    equal("mode of the log",
          stat.S_IMODE(os.stat(box.path("log")).st_mode), 0o600)
    stream, _ = box.pipe(image.path)
    box.rearrange(stream, box.path("again"))
    equal("mode after -R",
          stat.S_IMODE(os.stat(box.path("again")).st_mode), 0o600)


def flat_file(box):
    """-F to a named file: the stream, by the rules of any other output."""
    image = box.image(IMAGE)
    for form in ((), ("-E",)):
        stream, _ = box.pipe("-F", *form, image.path)
        box.good("-f", "-F", *form, image.path, "stream.flat", umask=0)
        same_file("-F " + " ".join(form), box.path("stream.flat"), stream)
        equal("mode", stat.S_IMODE(os.stat(
            box.path("stream.flat")).st_mode), 0o600)
    result = box.bad(1, "-F", image.path, "stream.flat")
    need("stream.flat exists; use -f" in result.err, "said: %s", result.err)
    os.symlink("stream.flat", box.path("link"))
    box.bad(1, "-F", "-f", image.path, "link")
    same_file("nothing changed", box.path("stream.flat"), stream)
    box.bad(3, "-f", "-F", "-d", "0", "-L", "600K", image.path, "stream.flat")
    need(os.path.getsize(box.path("stream.flat")) <= 600 * 1024 + 8192,
         "%d bytes", os.path.getsize(box.path("stream.flat")))
    with open(box.path("stream.flat"), "rb") as file:
        file.seek(-16, os.SEEK_END)
        equal("end record", file.read(), b"\xff" * 16)
    box.bad(2, "-F", "--dump-dmesg", image.path, "log")


def overwrite(box):
    """Never over a file without -f; with it, a shorter dump is shorter."""
    image = box.image(IMAGE)
    box.text("dump", "precious\n")
    result = box.bad(1, image.path, "dump")
    need("dump" in result.err and "-f" in result.err, "said: %s", result.err)
    equal("the old file", content(box.path("dump")), b"precious\n")
    stream, _ = box.pipe(image.path)
    with open(stream, "rb") as file:
        box.bad(1, "-R", "dump", stdin=file)
    box.bad(1, "dmesg", image.path, "dump")
    equal("the old file", content(box.path("dump")), b"precious\n")
    box.text("big", "x" * (64 * MIB))
    box.good(image.path, "fresh")
    for name in ("dump", "big"):
        box.good("-f", image.path, name)
        same_file("-f over " + name, box.path(name), box.path("fresh"))
    # an input that is refused leaves what is there alone
    box.text("input", "no core\n")
    box.bad(1, "-f", "input", "fresh")
    same_file("after a refused input", box.path("fresh"), box.path("big"))


def links(box):
    """A symbolic link is not followed, with -f or without; its target and
    what it points to stay."""
    image = box.image(IMAGE)
    box.text("target", "precious\n")
    os.symlink("target", box.path("link"))
    os.symlink("nowhere", box.path("dangling"))
    for name in ("link", "dangling"):
        for flags in ((), ("-f",)):
            result = box.bad(1, *flags, image.path, name)
            need(name in result.err, "said: %s", result.err)
            need(os.path.islink(box.path(name)), "%s is gone", name)
    equal("the target", content(box.path("target")), b"precious\n")
    need(not os.path.exists(box.path("nowhere")), "a file was made")
    result = box.good("--report", "link", image.path, "dump")
    need("symbolic link" in result.err, "said: %s", result.err)
    equal("the target", content(box.path("target")), b"precious\n")
    os.unlink(box.path("dump"))
    for args in (("dmesg", image.path, "link"),
                 ("dmesg", "-f", image.path, "link")):
        box.run(*args)
        equal("the target", content(box.path("target")), b"precious\n")
    # nor is a file written that has another name
    os.link(box.path("target"), box.path("second"))
    for args in (("-f",), ("dmesg", "-f")):
        box.bad(1, *args, image.path, "second")
        equal("the target", content(box.path("target")), b"precious\n")
    # a path whose folder is a link is the operator's own choice
    os.mkdir(box.path("folder"))
    os.symlink("folder", box.path("by"))
    box.good(image.path, "by/dump")
    need(os.path.exists(box.path("folder/dump")), "no dump")


def report(box):
    """A report follows the rules of the dump, from before the capture on; it
    is never the dump or the vmcore, and what is wrong with it never costs the
    dump."""
    image = box.image(IMAGE)
    vmcore = content(image.path)
    box.good(image.path, "alone")
    with open(box.path("old"), "wb") as file:
        file.write(b"precious\n")
    os.mkdir(box.path("folder"))
    os.symlink("folder", box.path("by"))
    for args, word in (
            (("--report", "old", image.path, "dump"), "old exists; use -f"),
            (("--report", "folder", image.path, "dump"), "is a directory"),
            (("--report", "none/x", image.path, "dump"), "none/x"),
            (("--report", "dump", image.path, "dump"), "dump and the report"),
            (("-f", "--report", "by/dump", image.path, "folder/dump"),
             "dump and the report"),
            (("-f", "--report", image.path, image.path, "dump"),
             "is the input itself")):
        result = box.good(*args)
        lines = [n for n in result.err.splitlines() if "no report" in n]
        need(len(lines) == 1 and word in lines[0], "said: %s", result.err)
        same_file(" ".join(args), box.path(args[-1]), box.path("alone"))
        os.unlink(box.path(args[-1]))
        need(not os.listdir(box.path("folder")), "a file was made")
    with open(box.path("stream"), "wb") as file:
        result = box.good("-f", "-F", "--report", "stream", image.path,
                          stdout=file)
    need("dump and the report" in result.err, "said: %s", result.err)
    need(content(box.path("stream")).startswith(b"makedumpfile"), "no stream")
    need(content(image.path) == vmcore, "the vmcore was changed")
    equal("the old one", content(box.path("old")), b"precious\n")
    box.good("-f", "--report", "old", image.path, "dump", umask=0)
    equal("mode", stat.S_IMODE(os.stat(box.path("old")).st_mode), 0o600)
    need(json.loads(content(box.path("old"))), "no JSON")
    result = box.good("-f", "--report", "/dev/full", image.path, "dump")
    need("a character device" in result.err, "said: %s", result.err)


def strange_targets(box):
    """No folder, a folder, a fifo, an input that is the output."""
    image = box.image(IMAGE)
    os.mkfifo(box.path("fifo"))
    for name in ("no/such/dump", ".", "fifo"):
        for flags in ((), ("-f",)):
            result = box.bad(1, *flags, image.path, name)
            need(name in result.err, "said: %s", result.err)
    before = os.stat(image.path)
    box.bad(1, image.path, image.path)
    result = box.bad(1, "-f", image.path, image.path)
    equal("the vmcore's size", os.stat(image.path).st_size, before.st_size)
    need(content(image.path)[:4] == b"\x7fELF", "the vmcore was overwritten")
    stream, _ = box.pipe(image.path)
    whole = content(stream)
    with open(stream, "rb") as file:
        result = box.bad(1, "-R", "-f", stream, stdin=file)
    need("stream itself" in result.err, "said: %s", result.err)
    need(content(stream) == whole, "the stream was overwritten")
    os.link(image.path, box.path("other"))
    box.bad(1, "-f", image.path, "other")
    equal("the vmcore's size", os.stat(image.path).st_size, before.st_size)


def check_partial(box, path, image, level):
    """Right as far as it goes; returns pages reached and kept."""
    dump = kdumpfile.Dump(path)
    need(not dump.problems, "%s", dump.problems[:3])
    check_sets(dump, image, level)
    check_contents(dump, image.core())
    return len(dump.kept) - dump.not_reached, len(dump.kept)


def limit(box):
    """-L: a whole dump where it fits, else a valid part, never more bytes."""
    image = box.image(IMAGE)
    out = box.path("dump")
    box.good("-l", image.path, out)
    size = os.path.getsize(out)
    box.good("-f", "-l", "-L", size, image.path, out)
    equal("size at its own limit", os.path.getsize(out), size)
    dump = check_dump(out, image, 31)
    head = min(d[0] for d in dump.desc)
    last = 0
    for at in (head + (size - head) // 4, (head + size) // 2, size - 1):
        result = box.bad(3, "-f", "-l", "-L", at, "--report", "report",
                         image.path, out)
        need(os.path.getsize(out) <= at, "%d bytes with -L %d",
             os.path.getsize(out), at)
        reached, kept = check_partial(box, out, image, 31)
        need(last <= reached < kept, "%d of %d pages at -L %d", reached,
             kept, at)
        last = reached
        report = json.loads(content(box.path("report")))
        equal("status", report["status"], "incomplete")
        equal("pages written", report["pages_written"], reached)
        need(report["cut_short"] and "incomplete" in result.err,
             "said: %s", result.err)
    need(last, "nothing is in the dump")
    # not even the metadata fit
    os.unlink(out)
    result = box.bad(1, "-l", "-L", "4K", image.path, out)
    need("fits" in result.err, "said: %s", result.err)
    need(not os.path.exists(out), "an output was left")
    # as makedumpfile there is no third status
    box.bad(1, "-l", "-d", "31", "-L", size // 2, image.path, out,
            program=box.makedumpfile())


def next_level(box):
    """-d 0,31: the level that fits is taken."""
    image = box.image(IMAGE)
    box.good("-l", "-d", "31", image.path, "small")
    box.good("-l", "-d", "0", image.path, "large")
    small, large = (os.path.getsize(box.path(n)) for n in ("small", "large"))
    need(small < large, "sizes %d, %d", small, large)
    for room, level in ((large, 0), ((small + large) // 2, 31)):
        box.good("-f", "-l", "-d", "0,31", "-L", room, "--report", "report",
                 image.path, "dump")
        report = json.loads(content(box.path("report")))
        equal("level", report["level"], level)
        check_dump(box.path("dump"), image, level)
    same_file("the second level's dump", box.path("dump"), box.path("small"))


def dry_run(box):
    """All numbers, no file."""
    image = box.image(IMAGE)
    before = sorted(os.listdir(box.folder))
    box.good("--dry-run", "-l", "--report", "dry", image.path, "dump")
    equal("files", sorted(os.listdir(box.folder)), sorted(before + ["dry"]))
    box.good("-l", "--report", "wet", image.path, "dump")
    dry, wet = (json.loads(content(box.path(n))) for n in ("dry", "wet"))
    equal("output_bytes", dry["output_bytes"], wet["output_bytes"])
    for key in ("pages", "pages_kept", "pages_zero", "pages_packed",
                "pages_raw", "packed_bytes", "level", "free_pages"):
        equal(key, dry[key], wet[key])
    result = box.good("--dry-run", image.path)
    need("Nothing was written. The dump would have" in result.err and
         "complete" not in result.err, "said: %s", result.err)
    equal("metadata", wet["metadata_bytes"],
          min(d[0] for d in read_dump(box.path("dump")).desc))
    need(not box.good("--dry-run", "-F", image.path).out,
         "--dry-run wrote to stdout")


def progress(box):
    """JSON lines: phases in order, numbers that grow and fit."""
    image = box.image(IMAGE)
    reader, writer = os.pipe()
    lines = []

    def read():
        with os.fdopen(reader, encoding="utf-8") as file:
            lines.extend(file)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        box.good("--progress-fd", writer, image.path, "dump",
                 pass_fds=[writer])
    finally:
        os.close(writer)
        thread.join()
    phases = []
    pages = -1
    for line in lines:
        item = json.loads(line)
        equal("keys", {"phase", "pages", "bytes", "seconds", "eta",
                       "rss"} - set(item), set())
        if item["phase"] not in phases:
            phases.append(item["phase"])
            pages = -1
        equal("phase", item["phase"], phases[-1])
        need(pages <= item["pages"] <= item["total"], "pages: %s", item)
        pages = item["pages"]
        need(item["rss"] > 0, "rss: %s", item)
    equal("phases", phases, ["scan", "write"])
    dump = read_dump(box.path("dump"))
    last = json.loads(lines[-1])
    equal("pages", last["pages"], len(dump.kept))
    box.bad(2, "--progress-fd", "99", image.path, "dump2")


def quiet(box):
    """Without a terminal there is next to nothing on stderr, and nothing
    with --message-level 0."""
    image = box.image(IMAGE)
    result = box.good(image.path, "dump")
    need(len(result.err.splitlines()) <= 4, "stderr: %s", result.err)
    need("The dump is complete." in result.err, "stderr: %s", result.err)
    need(not result.out, "stdout: %r", result.out[:100])
    result = box.good("-f", "--message-level", "0", image.path, "dump")
    equal("stderr", result.err, "")
    result = box.good("-f", "--show-stats", image.path, "dump")
    need("page cache" in result.err or "cache" in result.err,
         "stderr: %s", result.err)
    result = box.bad(1, "--message-level", "0", "missing", "dump2")
    equal("stderr", result.err, "")


def open_terminal(box):
    """Two ends of a pseudo terminal; in a chroot without /dev/pts, of one in
    an instance of devpts that is there for a moment only."""
    try:
        return os.openpty()
    except OSError as err:
        why = str(err)
    where = box.path("pts")
    os.mkdir(where)
    if subprocess.run(["mount", "-t", "devpts", "-o", "ptmxmode=0600",
                       "none", where], capture_output=True,
                      check=False).returncode:
        raise Skip("no pseudo terminal: " + why)
    try:
        leader = os.open(where + "/ptmx", os.O_RDWR | os.O_NOCTTY)
    finally:
        subprocess.run(["umount", "-l", where], check=True)
    fcntl.ioctl(leader, TIOCSPTLCK, struct.pack("i", 0))
    return leader, fcntl.ioctl(leader, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY)


def terminal(box):
    """A dump does not go to a terminal unless -F asks for that."""
    image = box.image(IMAGE)
    leader, follower = open_terminal(box)
    need(os.isatty(follower), "no terminal to try it on")
    with os.fdopen(follower, "wb") as file:
        result = box.bad(2, image.path, stdout=file)
    os.close(leader)
    need("terminal" in result.err, "said: %s", result.err)


def full(box):
    """A full device: exit 1 for a stream, one message."""
    image = box.image(IMAGE)
    with open("/dev/full", "wb") as file:
        result = box.bad(1, "-F", image.path, stdout=file)
    need("No space left" in result.err, "said: %s", result.err)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as file:
        result = box.bad(1, "-F", image.path, stdout=file)
    need("Broken pipe" in result.err, "said: %s", result.err)


def tests():
    for function in (report, mode, flat_file, overwrite, links, strange_targets, limit,
                     next_level, dry_run, progress, quiet, terminal, full):
        yield function.__name__, function
