#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ways.py [--rounds N] [--nice N] [--document] VMCORE...: capdump beside
makedumpfile where input or output is another than with bench.py: an ELF core,
a flattened stream, one made a dump, a split dump, one made of that, a dump made
smaller. As there, all that
compete run one after the other in a round, every second round backwards, until
the output is on the disk; figures are medians."""

import os
import subprocess
import sys

import bench
import machine
import runs
import tables

BEGIN, END = "<!-- bench-ways: begin -->", "<!-- bench-ways: end -->"
MIB = 1 << 20


class Ways:
    """Those of one vmcore; what they read is made at first, by the peer."""

    def __init__(self, vmcore, args):
        self.vmcore, self.args = vmcore, args
        self.old, self.stream, self.out, self.next, *self.parts = (
            os.path.join(args.output, n) for n in (
                "old", "stream", "dump", "next", "part1", "part2"))
        self.close()            # the peer does not replace files
        self.peer("-l", "-d", "1", vmcore, self.old)
        self.peer("--split", "-l", "-d", "31", vmcore, *self.parts)
        with open(self.stream, "wb") as file:
            self.peer("-F", "-l", "-d", "31", vmcore, stdout=file)

    def close(self):
        for path in (self.old, self.stream, *self.parts):
            runs.remove(path)

    def peer(self, *words, stdout=subprocess.DEVNULL):
        subprocess.run([*self.args.peer, "--message-level", "4", *words],
                       check=True, stdout=stdout)

    def all(self):
        """(name, words, what runs.measure() is told besides)"""
        to_stdout = dict(stdout=self.out)
        for letter in ("-z", "-l"):
            yield letter, [letter, "-d", "31", self.vmcore, self.out], {}
        yield "-E", ["-E", "-d", "31", self.vmcore, self.out], {}
        for letter in ("-z", "-l"):
            yield letter + " -F", ["-F", letter, "-d", "31",
                                   self.vmcore], to_stdout
        yield "-R of -l -F", ["-R", self.out], dict(stdin=self.stream)
        for letter in ("-z", "-l"):
            yield letter + " --split", [
                "--split", letter, "-d", "31", self.vmcore, self.out,
                self.next], dict(more=[self.next])
        yield "--reassemble of -l --split", ["--reassemble", *self.parts,
                                             self.out], {}
        for letter in ("-z", "-l"):
            yield letter + " of -d 1 -l", [letter, "-d", "31", self.old,
                                           self.out], {}

    def measure(self):
        found = {}
        for name, words, told in self.all():
            for number in range(self.args.rounds):
                order = [("makedumpfile", self.args.peer, 1)]
                order += [("capdump", [bench.CAPDUMP], n) for n in bench.CPUS]
                for who, program, cpus in order[::-1 if number % 2 else 1]:
                    command = [*program, *words[:1], "--message-level", "4",
                               *words[1:]]
                    found.setdefault(name, {}).setdefault(
                        "%s/%d" % (who, cpus), []).append(runs.measure(
                            command, cpus, self.out, **told))
        self.close()
        return found


def row(name, figures):
    peer = figures["makedumpfile/1"]
    base, cells = runs.median(peer), []
    for key in ("capdump/%d" % n for n in bench.CPUS):
        one = figures[key]
        cells += ["%.2fx" % runs.times_as_fast(peer, one),
                  "%.2fx" % runs.times_as_fast(peer, one, runs.cpu_seconds)]
    ours = [runs.median(figures["capdump/%d" % n]) for n in bench.CPUS]
    form = "%.1f / %.1f"
    return [name, "%.3f" % base["time"], "%.3f" % runs.cpu_seconds(base),
            *cells, *(form % (base[key] / MIB, max(o[key] for o in ours) / MIB)
                      for key in ("anon", "resident", "size"))]


def markdown(results):
    yield "%s; commit %s; peer: %s; %d rounds, machine %s." % (
        results["machine"]["cpu"], results["commit"], results["peer"],
        results["rounds"], machine.state([results["load"]]))
    head = ["", "makedumpfile s", "CPU s"]
    for cpus in bench.CPUS:
        head += ["%d CPU%s" % (cpus, "s" * (cpus > 1)), "CPU x"]
    head += ["RssAnon MiB", "VmHWM MiB", "size MiB"]
    for core, ways in results["cores"].items():
        yield ""
        yield "| " + " | ".join([core, *head[1:]]) + " |"
        yield "|---" * len(head) + "|"
        for name, figures in ways.items():
            yield "| " + " | ".join(row(name, figures)) + " |"


def main():
    args = bench.few_arguments(__doc__, 5)
    args.peer, version = bench.peer_command()
    where, others, cores = machine.describe(args.output), machine.Others(), {}
    os.nice(args.nice)
    for name in args.vmcore:
        vmcore = bench.crash(name)
        warm = runs.Warm(vmcore)
        cores[bench.core_name(name)] = Ways(vmcore, args).measure()
        warm.close()
    results = {"//": machine.LICENCE, "machine": where, "peer": version,
               "commit": bench.commit(), "load": others.load(),
               "rounds": args.rounds, "cores": cores}
    machine.save(os.path.join(bench.HERE, "results", machine.slug(where) +
                              "-ways.json"), results)
    tables.publish(markdown(results), BEGIN, END, args.document)


if __name__ == "__main__":
    sys.exit(main())
