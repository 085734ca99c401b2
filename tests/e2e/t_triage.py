# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump triage: what is in its files, that all forms of one crash have the same
signature and other crashes another, that nothing broken stops it."""

import json
import os
import stat

from harness import FIXTURES, MIB, equal, fixtures, need

IMAGE = "good-6.12-vmemmap"
KEYS = """triage capdump file kind release version machine node build_id
    crash_time uptime signature panic cause task trace frames cpus registers
    modules_source modules taint_source taint taint_flags hardware_errors
    memory nr_ranges
    page_size free_pages crash_kernel log_records log_left_out vmcoreinfo
    missing""".split()
LIMIT = 64 * MIB


def load(raw):
    """One object of strict JSON, its keys those of the manual, in their order."""
    text = raw.decode("utf-8")
    need(not [c for c in text if c < " " and c != "\n"], "control characters")
    have = json.loads(text)
    equal("keys", list(have), KEYS)
    for missing in have["missing"]:
        equal("missing", list(missing), ["part", "why"])
        need(missing["why"], "%s: no reason", missing)
    return have


def triage(box, path, *options):
    return load(box.good("triage", "--json", *options, path, limit=LIMIT).out)


def fnv(signature):
    """By signature.h alone."""
    text = "\n".join(["capdump crash signature 1", signature["kind"],
                      *signature["functions"], ""])
    value = 0x6c62272e07bb014262b821756295c58d
    for byte in text.encode():
        value = (value ^ byte) * ((1 << 88) + 0x13b) % (1 << 128)
    return "%032x" % value


def with_log(box, name, lines):
    """The machine of IMAGE with another log."""
    with open("%s/%s.txt" % (FIXTURES, IMAGE), encoding="utf-8") as file:
        text = file.read()
    for include in ("population.inc", "population-small.inc",
                    "population-poison.inc"):
        with open("%s/%s" % (FIXTURES, include), encoding="utf-8") as file:
            box.text(include, file.read())
    box.text("log.inc", "".join("log ts=%d %s\n" % (i, line.replace(
        " ", "\\x20", 1) if line.startswith(" ") else line)
                                for i, line in enumerate(lines)))
    return box.image(box.text(name + ".txt", text)).path


def contents(box):
    image = box.image(IMAGE)
    have = triage(box, image.path)
    equal("release", have["release"], image.release())
    equal("panic", have["panic"],
          "Kernel panic - not syncing: sysrq triggered crash")
    equal("kind", have["signature"]["kind"], "sysrq triggered crash")
    equal("functions", have["signature"]["functions"], ["sysrq_handle_crash"])
    equal("hash", have["signature"]["hash"], fnv(have["signature"]))
    equal("task", have["task"], {"cpu": 0, "pid": 100, "comm": "sh"})
    equal("taint", (have["taint"], have["taint_source"]), (0, "log"))
    equal("functions", [f["function"] for f in have["frames"]],
          ["panic", "sysrq_handle_crash"])
    equal("CPUs", (have["cpus"], len(have["registers"])), (2, 2))
    equal("free", have["free_pages"], int(next(
        line.split()[1] for line in open(image.path + ".expect",
                                         encoding="ascii")
        if line.startswith("free ")), 16))
    need("OSRELEASE=%s\n" % have["release"] in have["vmcoreinfo"], "%s",
         have["vmcoreinfo"])
    equal("missing", [m["part"] for m in have["missing"]], ["modules"])
    text = box.good("triage", image.path, limit=LIMIT).out.decode()
    for word in ("release", "panic"):
        need(have[word] in text, "%s", text)
    need(have["signature"]["hash"] in text, "%s", text)


def files(box):
    """Two files, as a dump's: nobody else's, never over another or through a
    link."""
    path = box.image(IMAGE).path
    names = box.path("out.triage.json"), box.path("out.dmesg")
    box.good("triage", path, "out", umask=0, limit=LIMIT)
    for name in names:
        equal(name, stat.S_IMODE(os.stat(name).st_mode), 0o600)
    with open(names[0], "rb") as file:
        equal("JSON", load(file.read())["file"], path)
    with open(names[1], "rb") as file:
        equal("log", file.read(), box.good("dmesg", path).out)
    for name in names:
        before = os.stat(name).st_ino
        os.unlink(names[0] if name == names[1] else names[1])
        box.bad(1, "triage", path, "out")
        equal("files", [os.path.exists(n) for n in names],
              [n == name for n in names])
        equal("the same", os.stat(name).st_ino, before)
        box.good("triage", "-f", path, "out")
    os.unlink(names[1])
    os.symlink("elsewhere", names[1])
    box.bad(1, "triage", "-f", path, "out")
    need(not os.path.exists(box.path("elsewhere")), "through a link")
    # the input is never an output
    os.unlink(names[1])
    os.link(path, box.path("in.dmesg"))
    need("input" in box.bad(1, "triage", "-f", box.path("in.dmesg"),
                            "in").err, "no word of the input")
    for words in ([], [path, "a", "b"], ["--json", path, "a"], [path, "a/"],
                  ["-F", path, "a"],
                  ["-d", "31", path], ["--reassemble", path]):
        box.bad(2, "triage", *words)


def forms(box):
    """A vmcore and what was made of it, at any level and in any format."""
    image = box.image(IMAGE)
    want = triage(box, image.path)
    box.good("-d", 31, image.path, "d31")
    box.good("-d", 1, "-c", image.path, "d1")
    box.good("-E", "-d", 31, image.path, "elf")
    flat, _ = box.pipe("-F", "-d", 31, image.path)
    for name in ("d31", "d1", "elf", flat):
        have = triage(box, name)
        for key in KEYS:
            if key not in ("file", "kind", "crash_time", "memory",
                           "nr_ranges", "node", "version"):
                equal("%s: %s" % (name, key), have[key], want[key])
    box.good("--split", "-d", 31, image.path, "part0", "part1")
    box.good("triage", "--reassemble", "part1", "part0", "parts")
    with open(box.path("parts.triage.json"), "rb") as file:
        equal("parts", load(file.read())["signature"], want["signature"])
    order = ("part1", "part0")
    equal("parts, printed", load(box.good(
        "triage", "--json", "--reassemble", *order).out)["signature"],
        want["signature"])
    equal("parts, as text", box.good(
        "triage", "-F", "--reassemble", *order).out.replace(
            b"part1", b"d31"), box.good("triage", "-F", "d31").out)
    for name in ("good-6.12-kaslr", "good-7.2-5level", "good-arm64-4k-48",
                 "good-s390x-3level", "good-ppc64-radix-64k",
                 "good-riscv64-sv48", "good-arm-2level",
                 "good-5.10-logrecords"):
        have = triage(box, box.image(name).path)
        equal(name, have["signature"], want["signature"])


def crashes(box):
    """What else there is to die of."""
    trace = ["CPU: 1 PID: 7 Comm: a b Tainted: G        W  OE", "Call Trace:",
             " f.cold+0x1/0x2 [xfs]", " g+0x1/0x2"]
    head = "Kernel panic - not syncing: "
    seen = {}
    for kind, lines in {
            "Fatal machine check": [head + "Fatal machine check", *trace],
            "Out of memory: system-wide panic_on_oom is enabled": [
                head + "Out of memory: system-wide panic_on_oom is enabled",
                *trace],
            "BUG: kernel NULL pointer dereference, address": [
                "BUG: kernel NULL pointer dereference, address: 0000000000000008",
                "Oops: 0002 [#1] SMP", *trace,
                "Modules linked in: xfs(OE) loop", head + "Fatal exception"],
            "watchdog: BUG: soft lockup - CPU# stuck for #s": [
                "watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [a b:7]",
                *trace, head + "softlockup: hung tasks"]}.items():
        have = triage(box, with_log(box, "other", lines))
        equal("kind", have["signature"]["kind"], kind)
        equal("functions", have["signature"]["functions"], ["f", "g"])
        equal("module", have["frames"][0]["module"], "xfs")
        equal("task", have["task"], {"cpu": 1, "pid": 7, "comm": "a b"})
        equal("taint", (have["taint"], have["taint_flags"]),
              (1 << 9 | 1 << 12 | 1 << 13, "WOE"))
        if "Modules" in str(lines):
            equal("modules", (have["modules_source"], have["modules"]), (
                "log", [{"name": "xfs", "flags": "OE"},
                        {"name": "loop", "flags": ""}]))
        seen[have["signature"]["hash"]] = kind
    equal("signatures", len(seen), 4)
    quiet = triage(box, with_log(box, "quiet", ["all is well"]))
    equal("no crash", (quiet["signature"], quiet["panic"]), (None, None))
    need("signature" in [m["part"] for m in quiet["missing"]], "%s", quiet)


def hardware(box):
    """Errors that the kernel survived, where it says where it counts them."""
    def told(*lines):
        with open("%s/good-7.2-told.txt" % FIXTURES, encoding="utf-8") as file:
            text = file.read()
        for name in ("population.inc", "population-small.inc",
                     "population-poison.inc", "log.inc"):
            with open("%s/%s" % (FIXTURES, name), encoding="utf-8") as file:
                box.text(name, file.read())
        return box.image(box.text("changed.txt", text + "\n".join(lines) +
                                  "\n")).path

    path = box.image("good-7.2-told").path
    equal("errors", triage(box, path)["hardware_errors"], [
        {"kind": "CPU", "count": 0, "last": None},
        {"kind": "memory", "count": 3, "last": 1699999990},
        {"kind": "PCI", "count": 1, "last": 1699990000},
        {"kind": "CXL", "count": 0, "last": None},
        {"kind": "other", "count": 0, "last": None}])
    text = box.good("triage", path).out.decode()
    need("hardware:    3 memory errors, the last at 2023-11-14T22:13:10Z\n"
         "             1 PCI error, the last at 2023-11-14T19:26:40Z\n" in
         text, "%s", text)
    equal("not told", triage(box, box.image(IMAGE).path)["hardware_errors"],
          None)
    text = box.good("triage", told("hwerr 0@0")).out.decode()
    need("hardware:    no error that" in text, "%s", text)
    have = triage(box, told("info LENGTH(hwerr_data)=7"))
    equal("kinds", [e["kind"] for e in have["hardware_errors"]][4:],
          ["other", None, None])
    for line, why in (("info SIZE(hwerr_info)=4", "hwerr_info"),
                      ("info OFFSET(hwerr_info.timestamp)=12", "hwerr_info"),
                      ("info SYMBOL(hwerr_data)=ffffc90000000000", "hwerr_data")):
        have = triage(box, told(line))
        equal(line, have["hardware_errors"], None)
        need(why in str(have["missing"]), "%s: %s", line, have["missing"])


def broken(box):
    """A machine whose log, symbols or page tables are nonsense still gives what
    else there is; what is no vmcore is refused."""
    told = 0
    for name in fixtures("bad-log", "bad-kallsyms", "bad-no-", "bad-pgtable",
                         "bad-note-", "good-6.12-nosyms", "bad-toptable",
                         "bad-node", "bad-s390x-cycle", "unsupported-"):
        path = box.image(name).path
        result = box.run("triage", "--json", path, limit=LIMIT)
        if result.code == 1:
            need(not result.out and result.err, "%s: %s", name, result.err)
            continue
        equal(name, result.code, 0)
        have = load(result.out)
        told += 1
        need(have["missing"], "%s: nothing is missing", name)
        parts = [m["part"] for m in have["missing"]]
        if name in ("bad-log-ids", "bad-log-prb"):
            need("log" in parts and "signature" in parts and
                 have["registers"], "%s: %s", name, parts)
        if name in ("good-6.12-nosyms", "bad-kallsyms-count"):
            need("symbols" in parts and have["release"], "%s: %s", name, parts)
        if name == "bad-log-records":
            need("what follows is lost" in str(have["missing"]), "%s", have)
        if name == "bad-no-vmcoreinfo":
            need("vmcoreinfo" in parts and have["registers"], "%s", parts)
    need(told >= 8, "only %d", told)


def tests():
    for function in (contents, files, forms, crashes, hardware, broken):
        yield function.__name__, function
