# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains of conversions: a vmcore made a dump, flattened, rearranged, made an
ELF core and a compressed dump again, split, put together, by capdump and by
makedumpfile, with codecs, threads and levels left to chance. At the end are the
pages that the machine's description asks for at all those levels together, and
those of a dump made at once.

CHAIN_SEED=N: other chains (default 1); a test's name has its seed, and a failure
tells the chain. FULL=1: many."""

import os
import random
import shlex
import subprocess

import selftest
from harness import (CODECS, FULL, TIMEOUT, Fail, check_contents, check_sets,
                     check_stream, equal, need, read_dump)
from memory import pack

WEIGHT = 4
SEED = int(os.environ.get("CHAIN_SEED", "1"))
CHAINS = 60 if FULL else 4
# each word, byte order, page size; makedumpfile may know the first ones
IMAGES = ("good-6.1-vmemmap", "good-5.10-sparse", "good-6.12-vmemmap",
          "good-7.2-hvo", "good-i386-pae", "good-arm-lpae",
          "good-arm64-64k-48", "good-ppc64le-radix-4k", "good-s390x-4level")
LEVELS = (0, 0, 0, 1, 2, 8, 16, 31)
PEER = selftest.Peer()


class Chain:
    """A file and what it is: vmcore, kdump or elf, plain or flat."""

    def __init__(self, box, seed):
        self.box, self.rng = box, random.Random("chain %d" % seed)
        # those that makedumpfile knows more often: a third of the chains
        self.name = self.rng.choice(IMAGES[:2] * 2 + IMAGES)
        self.image = box.image(self.name)
        self.file, self.kind, self.flat = self.image.path, "vmcore", False
        self.level, self.was_elf, self.nr, self.said = 0, False, 0, []
        self.peer = PEER.knows(self.image.fx["kernel"]) and \
            self.image.fx["arch"] == os.uname().machine and not any(
                selftest.peer_word(self.image.fx, word)
                for word in ("fails", "differs", "slow"))
        self.lost = set()       # frames that makedumpfile may have lost

    def next(self):
        self.nr += 1
        return "file%d" % self.nr

    def run(self, *words, program=None, **kwargs):
        self.said.append(" ".join([program or "", *(
            shlex.quote(str(w)) for w in words)]).strip())
        return self.box.good(*words, program=program, **kwargs)

    def came(self, file, kind, flat=False):
        if self.file != self.image.path:
            os.unlink(self.box.path(self.file))
        self.file, self.kind, self.flat = file, kind, flat
        self.was_elf = self.was_elf or kind == "elf"

    def drop(self):
        """-d: a level more of what may be left out."""
        level = self.rng.choice(LEVELS)
        self.level |= level
        return ["-d", level]

    def codec(self):
        """-c ..., or makedumpfile's way to say none; the program's name."""
        codec = self.rng.choice((*CODECS, "none"))
        if codec == "none":
            return [], self.box.makedumpfile()
        return ["-" + CODECS[codec].strip("-")], None

    def threads(self):
        words = ["--num-threads", self.rng.choice((0, 1, 2, 5))]
        return words + self.rng.choice(([], [], ["--non-mmap"]))

    def kdump(self):
        codec, program = self.codec()
        out, order = self.next(), self.rng.choice(("value", "address"))
        self.run(*codec, "--order", order, *self.threads(), *self.drop(),
                 self.file, out, program=program)
        self.came(out, "kdump")

    def elf(self):
        out = self.next()
        self.run("-E", *self.threads(), *self.drop(), self.file, out)
        self.came(out, "elf")

    def flatten(self):
        words, program = (["-E"], None) if self.rng.randrange(3) == 0 \
            else self.codec()
        elf, out = words == ["-E"], self.next()
        with open(self.box.path(out), "wb") as file:
            self.run("-F", *words, *self.threads(), *self.drop(), self.file,
                     program=program, stdout=file)
        check_stream(self.box.path(out))
        self.came(out, "elf" if elf else "kdump", True)

    def rearrange(self):
        out = self.next()
        if self.rng.randrange(2):
            self.run("rearrange", self.file, out)
        else:
            with open(self.box.path(self.file), "rb") as file:
                self.run("-R", out, stdin=file)
        self.came(out, self.kind)

    def repair(self):
        out = self.next()
        self.run("repair", self.file, out)
        self.came(out, "kdump")

    def split(self):
        """Into parts, and those together again."""
        codec, program = self.codec()
        parts = [self.next() for _ in range(self.rng.randrange(2, 5))]
        out = self.next()
        self.run("--split", *codec, *self.threads(), *self.drop(), self.file,
                 *parts, program=program)
        self.rng.shuffle(parts)
        codec, program = self.rng.choice((([], None), self.codec()))
        if not self.peer or self.rng.randrange(2) or not self.theirs(
                "--reassemble", *parts, out):
            # without a level and a codec nothing is left out or packed anew
            self.run("--reassemble", *codec, *parts, out, program=program)
        for part in parts:
            os.unlink(self.box.path(part))
        self.came(out, "kdump")

    def theirs(self, *words, stdin=None, stdout=None):
        """Whether it can."""
        self.said.append("makedumpfile " + " ".join(map(str, words)))
        done = subprocess.run(
            [PEER.path, *map(str, words)], cwd=self.box.folder,
            stdin=stdin or subprocess.DEVNULL, timeout=TIMEOUT, check=False,
            stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE)
        if b"when building" in done.stderr + (done.stdout or b""):
            self.said[-1] += " (built without that codec)"
            return False
        need(done.returncode == 0, "makedumpfile: %s",
             done.stderr.decode(errors="replace")[-300:])
        return True

    def by_peer(self):
        """It reads ours and we read its: nothing is left out here, for which
        pages it does leave out is tests/peer's."""
        out = self.next()
        self.lost |= selftest.peer_rules(self.image.fx, 0)[1] | \
            self.image.partial()
        if self.kind == "elf" and self.level & 1:
            # what an ELF file has no bytes for is nothing to it
            self.lost |= self.image.expect(0)["zero"]
        if self.flat:
            with open(self.box.path(self.file), "rb") as file:
                able = self.theirs("-R", out, stdin=file)
            kind, flat = self.kind, False
        elif self.kind == "elf" or self.rng.randrange(3) == 0:
            with open(self.box.path(out), "wb") as file:
                able = self.theirs("-F", "-c", "-d", "0", self.file,
                                   stdout=file)
            kind, flat = "kdump", True
        else:
            able = self.theirs(self.rng.choice(("-c", "-l")), "-d", "0",
                               self.file, out)
            kind, flat = "kdump", False
        if able:
            self.came(out, kind, flat)

    def step(self):
        ways = [self.kdump, self.elf, self.flatten, self.split]
        if self.flat:
            ways += 3 * [self.rearrange]
        if self.kind == "kdump":
            ways += [self.repair]
        if self.peer:
            ways += 2 * [self.by_peer]
        self.rng.choice(ways)()

    def check(self):
        """The end is a plain compressed dump."""
        self.kdump()
        dump, image = read_dump(self.box.path(self.file)), self.image
        want = image.expect(self.level)
        # an ELF file says nothing of what it lacks
        if self.was_elf or self.lost:
            kept = set(dump.kept)
            for what, pfns in (("lost", want["keep"] - kept - self.lost), (
                    "too many", kept - want["keep"] - want["maybe"])):
                need(not pfns, "frames %s: %s", what,
                     pack(sorted(pfns))[:300])
        else:
            check_sets(dump, image, self.level)
        check_contents(dump, image.core())
        self.box.good("-d", self.level, image.path, "at-once")
        if not self.lost:
            self.run("diff", self.file, "at-once")
        equal("verify", self.run("verify", self.file).code, 0)


def chain(box, seed):
    made = Chain(box, seed)
    try:
        for _ in range(made.rng.randrange(3, 8 if FULL else 6)):
            made.step()
        made.check()
    except Fail as err:
        raise Fail("%s: %s\n    %s" % (
            made.name, err, "\n    ".join(made.said))) from None
    return "%s, %d steps, %d of them makedumpfile's, level %d" % (
        made.name, len(made.said), sum(
            s.startswith("makedumpfile ") and s[-1] != ")"
            for s in made.said), made.level)


def tests():
    for seed in range(SEED, SEED + CHAINS):
        yield "seed-%d" % seed, chain, seed
