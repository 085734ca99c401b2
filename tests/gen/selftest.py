#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Proves the generator and the second reader, with the product left out:

 image    every fixture can be made, fast; what the .expect file says of
          presence and zero pages is what the ELF file holds
 peer     makedumpfile keeps exactly the expected frames of each good
          fixture at each level, and prints the expected log, or differs as
          the fixture's 'peer' lines say and nowhere else
 reader   listdump accepts dumps of all versions and codecs, and objects
          when any field of header or descriptors is changed
 flat     listdump puts a flattened stream back together, and sees bytes
          sent twice

The peer is $MAKEDUMPFILE, or makedumpfile of the PATH; without one these
tests are skipped, which the last line tells.  A NOTE says what a peer of this
age cannot tell.  Prints PASS, FAIL and SKIP lines; arguments choose fixtures
by name.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import expect           # noqa: E402
import fixture          # noqa: E402
import kdumpfile        # noqa: E402
import mkimage          # noqa: E402
import readertest       # noqa: E402
from listdump import read_expect        # noqa: E402
from memory import pack, unpack         # noqa: E402
from rawcore import RawCore             # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), "fixtures")


class Report:
    def __init__(self):
        self.count = dict(PASS=0, FAIL=0, SKIP=0)
        self.unknown, self.slow, self.foreign = [], [], []

    def say(self, word, name, text=""):
        self.count[word] += 1
        print("%s %s%s" % (word, name, ": " + text if text else ""),
              flush=True)

    def check(self, name, problems):
        self.say("FAIL" if problems else "PASS", name, "; ".join(problems))


class Peer:
    """makedumpfile, and which kernels it is known to understand."""

    def __init__(self):
        self.path = os.environ.get("MAKEDUMPFILE") \
            or shutil.which("makedumpfile")
        self.version, self.text = (0,), "?"
        if self.path:
            text = subprocess.run([self.path, "-v"], capture_output=True,
                                  text=True, check=False).stdout
            found = re.search(r"version (\d+)\.(\d+)\.(\d+)(\+*)", text)
            if found:
                self.text = found.group().partition(" ")[2]
                self.version = (*map(int, found.groups()[:3]),
                                len(found.group(4)))

    def knows(self, kernel):
        """The release that learnt the encodings of a kernel, by its log."""
        need = {"5.10": (1, 7, 0), "6.1": (1, 7, 0), "6.4": (1, 7, 4),
                "6.6": (1, 7, 4), "6.8": (1, 7, 6), "6.9": (1, 7, 6),
                "6.11": (1, 7, 7), "6.12": (1, 7, 7), "7.2": (1, 7, 9, 1)}
        return bool(self.path) and self.version >= need[kernel]

    def run(self, *args, out):
        if os.path.exists(out):
            os.unlink(out)
        return subprocess.run([self.path, *args, out], capture_output=True,
                              check=False, timeout=60)


def check_image(out, fx):
    """.expect against the file, by a reader that knows only ELF."""
    problems = []
    want = read_expect(out + ".expect", 31)
    raw = RawCore(out)
    present = raw.present()
    if present != want["present"]:
        problems.append("present: expect and file differ")
    zero = {p for p in sorted(present) if raw.page(p) == raw.zero}
    if zero != want["zero"]:
        problems.append("zero pages: %s" % pack(sorted(
            zero ^ want["zero"]))[:200])
    if fx.flag("vmcoreinfo") and b"VMCOREINFO\0" not in raw.note_bytes():
        problems.append("no VMCOREINFO note")
    return problems


def peer_rules(fx, level):
    """(kept in addition, left out in addition) by the 'peer' lines."""
    more, less = set(), set()
    for args in fx.peer:
        if args[0] == "all" or str(level) in args[0].split(","):
            (more if args[1] == "+" else less).update(
                unpack(args[2].replace(",", " ")))
    return more, less


def peer_word(fx, word):
    return any(args[0] == word for args in fx.peer)


def check_peer(peer, out, fx, level):
    """Problems; for a fixture with 'peer differs' the differences."""
    want = read_expect(out + ".expect", level)
    rules = peer_rules(fx, level)
    dump = out + ".peer"
    result = peer.run("-l", "-d", str(level), out, out=dump)
    if peer_word(fx, "fails"):
        return [] if result.returncode else ["the peer was to fail"]
    if result.returncode:
        return ["makedumpfile: %s" % result.stderr.decode(
            errors="replace").strip().splitlines()[-2:]]
    read = kdumpfile.Dump(dump)
    problems = list(read.problems)
    have = set(read.kept)
    more, less = have - want["keep"] - want["maybe"], want["keep"] - have
    if peer.version < (1, 7, 3):
        # it left out frames that a segment holds only in part
        less -= {p for p in less if p not in whole_frames(out)}
    if (more, less) != rules:
        problems.append("level %d: peer keeps %s, lacks %s; not as told" % (
            level, pack(sorted(more ^ rules[0]))[:200] or "-",
            pack(sorted(less ^ rules[1]))[:200] or "-"))
    if level == 31:
        raw = RawCore(out)
        bad = [p for p, page in read.pages() if page != raw.page(p)]
        if bad:
            problems.append("contents of %s" % pack(bad)[:200])
    return problems


def whole_frames(out):
    raw = RawCore(out)
    return {p for first, end, _ in raw.whole for p in range(first, end)}


def dmesg_text(path, caller):
    """The log as makedumpfile --dump-dmesg prints it."""
    lines = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            item = json.loads(line)
            if not item["text"]:
                continue
            sec, nsec = divmod(item["ts_nsec"], 10 ** 9)
            head = "[%5d.%06d] " % (sec, nsec // 1000)
            if caller:
                who = "%s%d" % ("C" if item["caller"] >> 31 else "T",
                                item["caller"] & 0x7fffffff)
                head += "[%8s] " % who
            text = "".join(
                "\n" + " " * len(head) if c == "\n"
                else c if " " <= c <= "~" or c in "\t\r\v\f"
                else "\\x%02x" % ord(c) if ord(c) < 128
                else "\\xffffff%02x" % ord(c) for c in item["text"])
            lines.append(head + text + "\n")
    return "".join(lines)


def check_dmesg(peer, out, fx):
    text = out + ".dmesg"
    result = peer.run("--dump-dmesg", out, out=text)
    if result.returncode:
        return ["--dump-dmesg: exit %d" % result.returncode]
    with open(text, encoding="latin-1", newline="") as file:
        have = file.read()
    # caller ids came with 1.7.5
    want = dmesg_text(out + ".log", peer.version >= (1, 7, 5) and (
        fx["log"] != "records" or fx.flag("log_caller")))
    if have != want:
        for a, b in zip(have.splitlines(), want.splitlines()):
            if a != b:
                return ["log: %r, not %r" % (a, b)]
        return ["log: %d bytes, not %d" % (len(have), len(want))]
    return []


def run_fixture(report, peer, path, folder):
    name = os.path.basename(path)[:-4]
    out = os.path.join(folder, name)
    fx = fixture.load(path)
    try:
        machine = mkimage.make(path, out)
    except SystemExit as err:
        report.say("FAIL", "image " + name, str(err))
        return
    problems = []
    if fx["expect"] != "good" and not name.startswith(
            ("bad-", "unsupported-")):
        problems.append("its name does not say %s" % fx["expect"])
    if machine and fx["expect"] == "good":
        problems += check_image(out, fx)
    report.check("image " + name, problems)
    if machine is None or fx["expect"] != "good":
        return
    if not peer.path:
        report.say("SKIP", "peer " + name, "makedumpfile is not installed")
        return
    if fx["arch"] != "x86_64":
        report.foreign.append(name)
        return
    if not peer.knows(fx["kernel"]):
        report.unknown.append(name)
        return
    slow = peer_word(fx, "slow")
    if slow and not os.environ.get("SLOW"):
        report.slow.append(name)
        return
    levels = [31] if slow else expect.LEVELS
    problems = []
    for level in levels:
        problems += check_peer(peer, out, fx, level)
    if peer_word(fx, "differs"):
        problems = [] if problems else ["the peer was to differ"]
    report.check("peer " + name, problems)
    if machine.log.kind != "none" and not fx.flag("log_broken") \
            and not peer_word(fx, "fails") \
            and not peer_word(fx, "differs"):
        report.check("log " + name, check_dmesg(peer, out, fx))


def main():
    report, peer = Report(), Peer()
    names = sys.argv[1:]
    paths = sorted(glob.glob(os.path.join(FIXTURES, "*.txt")))
    paths = [p for p in paths if not names
             or any(n in os.path.basename(p) for n in names)]
    with tempfile.TemporaryDirectory(prefix="gen-") as folder:
        for path in paths:
            run_fixture(report, peer, path, folder)
            for left in glob.glob(os.path.join(folder, "*")):
                os.unlink(left)
        if not names or "reader" in names:
            readertest.run(report, folder, FIXTURES)
    if report.unknown:
        print("NOTE peer: makedumpfile %s does not know the kernels of %d "
              "fixtures" % (peer.text, len(report.unknown)))
    if report.foreign:
        print("NOTE peer: the %d fixtures of other machines than x86_64 are "
              "not for it" % len(report.foreign))
    if report.slow:
        print("NOTE peer: slow, left to SLOW=1: " + " ".join(report.slow))
    print("%(PASS)d passed, %(FAIL)d failed, %(SKIP)d skipped"
          % report.count)
    return 1 if report.count["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
