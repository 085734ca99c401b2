# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line from outside: every option that --help lists, given to the
program, does something or says in one line that it does not; exit statuses
under both names; nothing but the stream on standard output."""

import os
import re

from harness import CAPDUMP, check_dump, equal, need, read_dump

IMAGE = "good-6.12-vmemmap"

# Arguments for those that take one; words that go with an option.
ARGUMENTS = {"-d": "1,31", "-L": "1G", "--level": "2", "--order": "address",
             "--num-threads": "2", "--memory": "64M",
             "--splitblock-size": "1024",
             "--message-level": "31", "-b": "4", "--cyclic-buffer": "1024", "--work-dir": "/nowhere",
             "--report": "report", "--progress-fd": "2",
             "--also": "also", "--fallback": "/nowhere/x",
             "--machine-root": "/nowhere"}
# Those of a URL: t_remote.py.
REMOTE = {"--cacert", "--insecure", "--credentials", "--netrc-file",
          "--ssh-key", "--known-hosts", "--put-ranges", "--resume",
          "--s3-endpoint", "--s3-region",
          "--limit-rate", "--retry-time", "--stall-time", "--triage"}
# Those of `capdump reservation` alone.
RESERVATION = {"--arch": "arm64", "--cmdline": "crashkernel=1M",
               "--iomem": "map", "--kernel": "7.2", "--encryption": "none"}
WRONG = {"-d": ("32", "x", "", "1,", "-1"), "-L": ("0", "1X", "-5", ""),
         "--level": ("x", "9999", ""), "--order": ("up", ""),
         "--num-threads": ("x", "-1", ""), "--memory": ("0", "x"),
         "--message-level": ("32", "x"), "-b": ("x",),
         "--cyclic-buffer": ("x",), "--report": ("",),
         "--also": ("",), "--fallback": ("",),
         "--splitblock-size": ("0", "x", "-1", ""),
         "--device-tree": ("",), "--machine-root": ("",),
         "--progress-fd": ("x", "999"), "--cacert": ("",),
         "--credentials": ("",), "--netrc-file": ("",),
         "--ssh-key": ("",), "--known-hosts": ("",),
         "--limit-rate": ("0", "x"), "--retry-time": ("x", "-1"),
         "--stall-time": ("0", "x"), "--triage": ("x", "")}


# makedumpfile 1.7.9: getopt's letters, and the long options
PEER = ["-" + c for c in "bcDdeEFfghilLpRvXxz"] + [
    "--" + name for name in """split reassemble xen-syms xen-vmcoreinfo
    xen_phys_start message-level vtop dump-dmesg partial-dmesg config help
    diskset cyclic-buffer eppic non-mmap mem-usage splitblock-size work-dir
    num-threads check-params dry-run show-stats extension""".split()]


def sections(text):
    """(names, argument) of each option under each heading of --help."""
    known, unneeded, missing = {}, {}, {}
    where = None
    for line in text.split("\n"):
        if line.endswith(":") and line[:1] != " ":
            where = {"Options:": known}.get(
                line, unneeded if "not needed" in line else
                missing if "not implemented" in line else None)
        elif where is missing and line.startswith("  "):
            for part in re.split(r", ", line.strip().rstrip(",")):
                name, _, argument = part.partition(" ")
                missing[name] = argument
        elif where is not None:
            match = re.match(r"  (?:(-\w), )?(--?[A-Za-z][\w-]*)"
                             r"(?: ([A-Z]\S*|[a-z0-9.]+(?:\|[a-z]+)+))?(?:  |$)", line)
            if match:
                for name in filter(None, match.groups()[:2]):
                    where[name] = match.group(3) or ""
    return known, unneeded, missing


def one_line(what, result):
    lines = result.err.splitlines()
    need(len(lines) == 1, "%s: %d lines: %s", what, len(lines), result.err)
    return lines[0]


def complete(box):
    """Whatever makedumpfile takes is in the table, in one place."""
    tables = sections(box.good("--help").out.decode())
    for name in PEER:
        need(sum(name in table for table in tables) == 1,
             "%s: in %d tables", name, sum(name in t for t in tables))
    return "%d options" % len(PEER)


def missing(box):
    """One line that names the option; nothing is written."""
    image = box.image(IMAGE)
    _, _, names = sections(box.good("--help").out.decode())
    need("--eppic" in names, "only %s", sorted(names))
    peer = box.makedumpfile()
    for name, argument in names.items():
        words = [name, *(["x"] if argument else []), image.path, "out"]
        for program, code in ((CAPDUMP, 2), (peer, 1)):
            result = box.bad(code, *words, program=program)
            line = one_line(name, result)
            need(re.search(r"%s\b.* is not implemented yet" % name, line),
                 "%s: %s", name, line)
            need(not os.path.exists(box.path("out")), "%s wrote", name)
            equal(name + ": stdout", result.out, b"")
    return "%d options" % len(names)


def each(box):
    """Every other option is taken, and a dump made where that is its work."""
    image = box.image(IMAGE)
    known, unneeded, _ = sections(box.good("--help").out.decode())
    elsewhere = {"-F", "-R", "--dump-dmesg", "--mem-usage", "--check-params", "-v", "-h",
                 "--help", "--json", "--registers", "--dry-run",
                 "--device-tree", "--release", "--vmcore", "--target", "--cpus",
                 "--files", "--time",     # (that of this machine)
                 "--quick", "-g", "-x", "-i", "-E", "--reassemble",
                 "--split", *REMOTE, *RESERVATION}
    for name, argument in (known | unneeded).items():
        if name in elsewhere:
            continue
        words = [name, *([ARGUMENTS[name]] if argument else [])]
        box.good(*words, image.path, "out")
        read_dump(box.path("out"))
        os.unlink(box.path("out"))
    need(os.path.exists(box.path("report")), "no report")
    for name in unneeded:
        result = box.good("-f", "-D", name, ARGUMENTS[name], image.path, "out")
        need(name + " is not needed" in result.err, "%s: %s", name,
             result.err)
    for words in (("--dry-run", image.path, "dry"),
                  ("--check-params", "no-vmcore", "dry")):
        box.good(*words)
        need(not os.path.exists(box.path("dry")), "%s wrote", words[0])
    box.text("map", "1G+1G=ram")
    box.good("reservation", *(x for pair in RESERVATION.items()
                              for x in pair))
    for flag in ("-v", "-h", "--help"):
        result = box.good(flag)
        need(result.out and not result.err, "%s: %r", flag, result)
    need(elsewhere <= set(known), "not in --help: %s", elsewhere - set(known))
    return "%d options" % len(known | unneeded)


def wrong(box):
    """Arguments that are none: one line with option and argument, 2 or 1."""
    image = box.image(IMAGE)
    peer = box.makedumpfile()
    for name, arguments in WRONG.items():
        for argument in arguments:
            for program, code in ((CAPDUMP, 2), (peer, 1)):
                # a level is judged with its codec
                more = ("-z",) if name == "--level" else ()
                result = box.bad(code, name, argument, *more, image.path,
                                 "out", program=program)
                line = one_line(name, result)
                need(name in line and argument in line, "%s", line)
                need(not os.path.exists(box.path("out")), "%s wrote", name)
    for words in ((), ("a", "b", "c"), ("-F", "a", "b", "c"), ("-R",), ("-c", "-z",
                  "a", "b"), ("info",), ("verify",), ("-Q",),
                  ("reservation", "a"), ("reservation", "-c"),
                  ("reservation", "--arch", "vax"),
                  ("reservation", "--kernel", "six"),
                  ("reservation", "--encryption", "rot13"),
                  ("--arch", "arm64", "a", "b"),
                  ("--nonsense", "a", "b"), ("-R", "-d", "1", "a"),
                  ("--dump-dmesg", "--dry-run", "a", "b"), ("a", "b", "-d"),
                  ("info", "-c", "a"), ("--progress-fd", "1", "-F", "a"),
                  ("a", "s3://bucket/key"), ("a", "gopher://host/x")):
        one_line(words, box.bad(2, *words))
        # there the last of several codecs counts
        if words and words[0] not in ("info", "verify", "reservation",
                                          "-c"):
            one_line(words, box.bad(1, *words, program=peer))


def names(box):
    """makedumpfile's defaults and capdump's; the level and codec tell."""
    image = box.image(IMAGE)
    peer = box.makedumpfile()
    box.good(image.path, "own")
    box.good(image.path, "peers", program=peer)
    own, peers = (check_dump(box.path(n), image, level)
                  for n, level in (("own", 31), ("peers", 0)))
    equal("levels", (own.sub["dump_level"], peers.sub["dump_level"]), (31, 0))
    need("zstd" in own.by_codec, "no zstd: %s", own.by_codec)
    equal("codecs as makedumpfile", set(peers.by_codec), {"raw"})
    # cut short: 3 and 1, the dump is the same
    for program, whole, code, out in ((CAPDUMP, "own", 3, "cut"),
                                      (peer, "peers", 1, "cut2")):
        size = os.path.getsize(box.path(whole))
        box.bad(code, "-L", size - 100000, image.path, out, program=program)
    read_cut = [box.run("verify", n).code for n in ("cut", "cut2")]
    equal("verify", read_cut, [3, 3])
    # no dump at all
    box.bad(1, "/nonexistent", "none")
    box.bad(1, "/nonexistent", "none", program=peer)


def stdout(box):
    """With every message on, stdout carries the stream and nothing else."""
    image = box.image(IMAGE)
    quiet, _ = box.pipe("-F", "--message-level", "0", image.path)
    with open(quiet, "rb") as file:
        want = file.read()
    loud, result = box.pipe("-F", "--message-level", "31", "-D",
                            "--show-stats", image.path)
    with open(loud, "rb") as file:
        equal("streams", file.read() == want, True)
    need(result.err, "nothing was said")
    by_itself, _ = box.pipe(image.path)
    with open(by_itself, "rb") as file:
        equal("without -F", file.read() == want, True)
    log = box.good("-F", "--message-level", "31", "--dump-dmesg",
                   image.path).out
    equal("log", log, box.good("dmesg", image.path).out)
    need(log.startswith(b"[    0.000000] "), "log: %r", log[:80])


def closed(box):
    """Closed descriptors: messages do not end up in what is written."""
    image = box.image(IMAGE)
    box.good("-l", image.path, "dump.want")
    box.good("dmesg", image.path, "log.want")
    for closing in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        for args, out in (("-l -f -D", "dump"), ("dmesg -f -D", "log")):
            script = '%s %s "$1" %s %s' % (CAPDUMP, args, out, closing)
            box.good("-c", script, "sh", image.path, program="/bin/sh")
            with open(box.path(out + ".want"), "rb") as a, \
                    open(box.path(out), "rb") as b:
                equal("%s with %s is right" % (out, closing),
                      a.read() == b.read(), True)


def version(box):
    """The version, and each codec with its library's or that it is out."""
    lines = box.good("-v").out.decode().splitlines()
    need(re.match(r"capdump \d+\.\d+", lines[0]), "%s", lines)
    for name in ("libelf", "zlib", "lzo", "snappy", "zstd"):
        need(any(re.match(name + r" (\d|libdeflate \d|not built in|built in)", line)
                 for line in lines), "%s: %s", name, lines)


def tests():
    for function in (complete, missing, each, wrong, names, stdout, closed, version):
        yield function.__name__, function
