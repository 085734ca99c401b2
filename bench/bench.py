#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench.py [OPTION...]: capdump beside makedumpfile, and beside the bound.

Every case is a vmcore, a dump level and a codec. Each round runs all that
compete in it, one after the other, every second round backwards; figures are
medians of rounds. A run ends when its dump is on the disk.

  --core NAME|PATH  big (8 GiB, made by crash.sh), small (1 GiB, as check-vm
                    panics it), or a vmcore's path; default: big and small
  --level N         default: 31 and 1
  --codec NAME      zstd lzo snappy zlib none; default: all
  --rounds N        default 5
  --peer-rounds N   rounds of makedumpfile --num-threads 2, which is slow: only
                    at level 31, zstd and lzo; default 2
  --short           at level 1 only the big vmcore and zstd, 3 rounds at most: ten
                    minutes instead of thirty
  --quick SECONDS   end the rounds of a case that took that long (but 1 round)
  --nice N          run everything at that priority (negative: root only), where
                    other work runs on the machine; default 0
  --output FOLDER   where dumps go (on a disk, no tmpfs); default build/bench
  --note TEXT       kept with the figures of this run
  --draw            measure nothing, only write tables and plots anew

Each can be given more than once where that makes sense. Figures of a case
replace those of an earlier run in bench/results/MACHINE.json; the tables of
docs/performance.md and the plots are made of all that stands there.
MAKEDUMPFILE names the peer; without it sid's package, unpacked, is run.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import machine
import plot
import runs
import tables
import targets

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
CAPDUMP = os.environ.get("CAPDUMP", os.path.join(TOP, "build", "capdump"))
BOUND = os.path.join(TOP, "build", "bench", "bound")
LETTERS = {"zstd": "-z", "lzo": "-l", "snappy": "-p", "zlib": "-c",
           "none": None}
CPUS = (1, 2)[:len(os.sched_getaffinity(0))]
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def peer_command():
    """The command's words, and the version it tells."""
    program = os.environ.get("MAKEDUMPFILE")
    words = [program]
    if not program:
        script = os.path.join(TOP, "tests", "vm", "chroot.sh")
        subprocess.run([script, "--make"], check=True)
        root = os.path.join(os.environ.get("CAPDUMP_CACHE") or os.path.join(
            os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(
                "~/.cache"), "capdump"), "sid-chroot")
        words = [root + "/lib64/ld-linux-x86-64.so.2", "--library-path",
                 root + "/usr/lib/x86_64-linux-gnu",
                 root + "/usr/bin/makedumpfile"]
    out = subprocess.run([*words, "-v"], check=False, capture_output=True,
                         text=True)
    lines = (out.stdout + out.stderr).split("\n")
    return words, lines[0].strip() + (
        "" if not program else " (own build)")


def commit():
    out = subprocess.run(
        ["git", "-C", TOP, "describe", "--always", "--dirty"], check=False,
        capture_output=True, text=True)
    return out.stdout.strip() or "unknown"


def has_fast():
    out = subprocess.run([CAPDUMP, "--help"], check=True,
                         capture_output=True, text=True)
    return "\n  --fast" in out.stdout


def variants(codec):
    """Name, capdump's options, and the bound's codec."""
    letter = LETTERS[codec]
    yield "capdump", [letter] if letter else [], codec
    if codec == "zstd":
        yield "capdump --level 1", ["-z", "--level", "1"], "zstd:1"
        if has_fast():
            yield "capdump --fast", ["-z", "--fast"], "zstd:fast"


class Case:
    """One vmcore, level and codec."""

    def __init__(self, core, level, codec, args):
        self.core, self.level, self.codec = core, level, codec
        self.vmcore, self.args = args.cores[core], args
        self.out = os.path.join(args.output, "dump")
        self.figures = {}

    def competitors(self, number):
        """(name, CPUs, command) of one round."""
        letter = LETTERS[self.codec]
        words = [*([letter] if letter else []), "-d", str(self.level),
                 "--message-level", "4"]
        yield "makedumpfile", 1, [*self.args.peer, *words, self.vmcore,
                                  self.out]
        if self.level == 31 and self.codec in ("zstd", "lzo") and \
                number < self.args.peer_rounds:
            yield "makedumpfile --num-threads 2", 2, [
                *self.args.peer, *words, "--num-threads", "2", self.vmcore,
                self.out]
        program = CAPDUMP
        if self.codec == "none":        # by that name its default is none
            program = os.path.join(self.args.output, "makedumpfile")
        for name, options, _ in variants(self.codec):
            for cpus in CPUS:
                yield name, cpus, [program, *options, "-d",
                                   str(self.level), "--message-level", "4",
                                   self.vmcore, self.out]

    def measure(self):
        start, others = time.monotonic(), machine.Others()
        rounds = self.args.rounds
        if self.args.short and self.level == 1:
            rounds = min(rounds, 3)
        for number in range(rounds):
            order = list(self.competitors(number))
            for name, cpus, command in order[::-1 if number % 2 else 1]:
                self.figures.setdefault("%s/%d" % (name, cpus), []).append(
                    runs.measure(command, cpus, self.out))
            if self.args.quick and \
                    time.monotonic() - start > self.args.quick:
                break
        bounds = self.bounds()
        load = others.load()
        return dict(
            core=self.core, level=self.level, codec=self.codec,
            when=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            commit=self.args.commit, note=self.args.note, load=load,
            idle=machine.is_idle([load]), peer=self.args.version,
            took=round(time.monotonic() - start, 1), figures=self.figures,
            bounds=bounds)

    def bounds(self):
        """What the compressor alone needs for the pages of such a dump."""
        kept = self.args.kept(self.core, self.level)
        found = {}
        for name, _, codec in variants(self.codec):
            out = subprocess.run(
                ["taskset", "-c", ",".join(map(str, runs.pick(2))), BOUND,
                 "-n", "3" if self.level == 31 else "1", codec, self.vmcore,
                 kept], check=False, capture_output=True, text=True)
            if out.returncode:
                print("no bound for %s: %s" % (codec, out.stderr.strip()))
                continue
            found[name] = json.loads(out.stdout)
        return found


class Kept:
    """Dumps from which the bound takes which pages there are; one at a time,
    as they can be large."""

    def __init__(self, args):
        self.args, self.key = args, None
        self.path = os.path.join(args.output, "kept")

    def __call__(self, core, level):
        if self.key != (core, level):
            subprocess.run([CAPDUMP, "-f", "-l", "-d", str(level),
                            "--message-level", "4", self.args.cores[core],
                            self.path], check=True)
            self.key = (core, level)
        return self.path


def crash(name):
    """The path of a vmcore."""
    if "/" in name:
        return os.path.abspath(name)
    words = [os.path.join(HERE, "crash.sh")]
    if name == "small":
        words.append("--small")
    out = subprocess.run(words, check=True, stdout=subprocess.PIPE,
                         text=True).stdout
    return os.path.join(out.strip().split("\n")[-1], "vmcore")


def core_name(name):
    """What the tables call it."""
    return os.path.basename(os.path.dirname(os.path.abspath(name))) \
        if "/" in name else name


def few_arguments(usage, rounds):
    """Those of the measurements that have no cases to choose from."""
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--output", default=os.path.join(TOP, "build", "bench"))
    parser.add_argument("--document", action="store_true")
    parser.add_argument("vmcore", nargs="*", default=["small"])
    args = parser.parse_args()
    os.makedirs(args.output, exist_ok=True)
    return args


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--core", action="append")
    parser.add_argument("--level", type=int, action="append")
    parser.add_argument("--codec", choices=LETTERS, action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-rounds", type=int, default=2)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--quick", type=float)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--output",
                        default=os.path.join(TOP, "build", "bench"))
    parser.add_argument("--note", default="")
    parser.add_argument("--draw", action="store_true")
    return parser.parse_args()


def load_results(path, where):
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            results = json.load(file)
    else:
        results = dict(cores={}, cases={})
    results["//"] = machine.LICENCE
    results["machine"] = where
    return results


def save(path, results):
    machine.save(path, results, sort_keys=True)
    plot.write(path[:-len("json")] + "svg", results)
    tables.replace(tables.PAGE, BEGIN, END, [
        *targets.markdown(results),
        *tables.markdown(results, os.path.basename(path))])


def prepare(args):
    args.peer, args.version = peer_command()
    args.commit, args.kept = commit(), Kept(args)
    args.cores = {}
    for name in args.core or ("big", "small"):
        args.cores[core_name(name)] = crash(name)
    os.makedirs(args.output, exist_ok=True)
    link = os.path.join(args.output, "makedumpfile")
    runs.remove(link)
    os.symlink(os.path.abspath(CAPDUMP), link)


def chosen(args, core):
    """(level, codec) of each case."""
    for level in args.level or (31, 1):
        for codec in args.codec or LETTERS:
            if level != 1 or not args.short or (core, codec) == (
                    "big", "zstd"):
                yield level, codec


def main():
    args = arguments()
    os.makedirs(args.output, exist_ok=True)
    where = machine.describe(args.output)
    path = os.path.join(HERE, "results", machine.slug(where) + ".json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    results = load_results(path, where)
    if args.draw:
        save(path, results)
        return
    prepare(args)
    os.nice(args.nice)
    print("%s, %d CPUs; %s" % (where["cpu"], where["cpus"], args.version))
    for core, vmcore in args.cores.items():
        warm = runs.Warm(vmcore)
        results["cores"][core] = dict(
            bytes=os.path.getsize(vmcore),
            on_disk=os.stat(vmcore).st_blocks * 512)
        for level, codec in chosen(args, core):
            case = Case(core, level, codec, args).measure()
            results["cases"]["%s -d %d %s" % (core, level, codec)] = case
            print("\n".join(tables.text(case)), flush=True)
            if not case["idle"]:
                print("  NOTE: other work took %.0f %% of the CPUs" % (
                    100 * case["load"]["busy"]), flush=True)
            save(path, results)
        warm.close()
    runs.remove(args.kept.path)


if __name__ == "__main__":
    sys.exit(main())
