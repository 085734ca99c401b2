# SPDX-License-Identifier: GPL-2.0-or-later
"""info, dmesg and verify: what they tell of vmcores and dumps, how little
memory they need, and that nothing in a dump drives a terminal."""

import json
import os
import random
import re
import struct
import subprocess

from harness import (CODECS, FIXTURES, MIB, SANITIZED, Fail, equal, fixtures,
                     need, read_dump, same_file)
import fixture
import mkdump

MEMORY = 64 * MIB
IMAGE = "good-6.1-vmemmap"


def escaped(text):
    """As text_escape() has it: printable ASCII, and UTF-8 above U+009F."""
    out = []
    raw = text.encode("latin-1").decode("utf-8", "surrogateescape")
    for char in raw:
        code = ord(char)
        if 0xdc80 <= code <= 0xdcff:
            out.append("\\x%02x" % (code - 0xdc00))
        elif 0x20 <= code < 0x7f or code > 0x9f or char == "\t":
            out.append(char)
        else:
            out.append("".join("\\x%02x" % b for b in char.encode()))
    return "".join(out)


def log_text(path):
    """What dmesg prints of the records that the generator wrote."""
    lines = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            item = json.loads(line)
            sec, nsec = divmod(item["ts_nsec"], 10 ** 9)
            head = "[%5d.%06d] " % (sec, nsec // 1000)
            lines += [head + escaped(part) + "\n"
                      for part in item["text"].split("\n")]
    return "".join(lines)


def small(box, *args, **kwargs):
    """A reader's run within its memory."""
    result = box.good(*args, limit=MEMORY, watch=True, **kwargs)
    if not SANITIZED:
        need(result.peak <= MEMORY, "%s: %d KiB resident", args[0],
             result.peak >> 10)
    return result


def no_controls(what, text):
    bad = {c for c in text if (ord(c) < 0x20 and c not in "\n\t")
           or 0x7f <= ord(c) <= 0x9f}
    need(not bad, "%s prints %r", what, sorted(bad))


def dmesg(box, name):
    """The log of vmcore and dump, to stdout and to a file."""
    image = box.image(name)
    want = log_text(image.path + ".log")
    have = small(box, "dmesg", image.path).out.decode()
    no_controls("dmesg", have)
    equal("the log", have, want)
    box.good("-l", image.path, "dump")
    equal("the dump's log", small(box, "dmesg", "dump").out.decode(), want)
    box.good("--dump-dmesg", "dump", "log")
    with open(box.path("log"), encoding="utf-8") as file:
        equal("the log's file", file.read(), want)


def info(box, name):
    """Kernel, time, panic line, CPUs, memory; of a dump also what it is."""
    image = box.image(name)
    core = small(box, "info", "--json", image.path).out.decode()
    box.good("-l", "-d", "31", image.path, "dump")
    dump = small(box, "info", "--json", "dump").out.decode()
    core, dump = json.loads(core), json.loads(dump)
    have_log = "Kernel panic" in log_text(image.path + ".log")
    for what in (core, dump):
        equal("release", what["release"], image.release())
        equal("cpus", what["cpus"], image.fx.num("cpus"))
        equal("registers", [(r["pid"], int(r["rip"], 16))
                            for r in what["registers"]],
              [(100 + i, image.machine.text + 0x1000 + 16 * i)
               for i in range(image.fx.num("cpus"))])
        need(what["crash_time"].startswith("2023-11-14T22:13:20"),
             "crash time %s", what["crash_time"])
        if have_log:
            equal("panic", what["panic"],
                  "Kernel panic - not syncing: sysrq triggered crash")
            need(any("sysrq_handle_crash" in t for t in what["trace"]),
                 "trace: %s", what["trace"])
    read = read_dump(box.path("dump"))
    want = image.expect(31)
    equal("pages_present", dump["pages_present"], len(want["present"]))
    equal("pages_kept", dump["pages_kept"], len(read.kept))
    equal("sum of pages", sum(dump["pages_" + k] for k in (
        "compressed", "raw", "zero", "unreadable", "not_reached")),
        len(read.kept))
    equal("zero", dump["pages_zero"], len(want["zero"] & set(read.kept)))
    equal("level", dump["dump_level"], 31)
    equal("codec", dump["codec"], "lzo")
    equal("complete", dump["complete"], True)
    need(sum(core["pages"].values()) == len(want["present"]),
         "pages of the vmcore: %s", core["pages"])
    for path in (image.path, "dump"):
        text = box.good("info", path).out.decode()
        no_controls("info", text)
        need(image.release() in text, "no release: %s", text)
        need("PID 100, rip %016x" % (image.machine.text + 0x1000) in text,
             "no registers: %s", text)
        text = box.good("info", "--registers", path).out.decode()
        need("orig_rax" in text, "not all registers: %s", text)


def verify(box):
    """good for a whole dump of each codec; objects to one changed byte."""
    image = box.image(IMAGE)
    for codec, letter in CODECS.items():
        box.good(letter, "-f", image.path, "dump")
        text = small(box, "verify", "dump").out.decode()
        need(text.endswith("good\n"), "%s: %s", codec, text)
        dump = read_dump(box.path("dump"))
        changed = 0
        rng = random.Random(1)
        packed = [d for d in dump.desc if d[2]]
        for offset, size, _, _ in rng.sample(packed, 6):
            at = offset + size // 2
            with open(box.path("dump"), "r+b") as file:
                file.seek(at)
                old = file.read(1)
                file.seek(at)
                file.write(bytes([old[0] ^ 0x55]))
                file.flush()
                result = box.run("verify", "dump")
                changed += result.code == 1
                need(result.code in (0, 1), "exit %d", result.code)
                file.seek(at)
                file.write(old)
        # the other codecs have no checksum: another page may come out
        need(changed >= 5 or codec != "zlib", "%s: %d of 6 changes seen",
             codec, changed)


def verify_incomplete(box):
    """A dump that was cut short: 3, and how many pages it lacks."""
    image = box.image(IMAGE)
    box.good("-l", image.path, "whole")
    size = os.path.getsize(box.path("whole"))
    box.bad(3, "-l", "-L", size - 4096, image.path, "part")
    result = box.bad(3, "verify", "part", limit=MEMORY)
    need("incomplete" in result.out.decode(), "said: %r", result.out)
    text = json.loads(small(box, "info", "--json", "part").out)
    equal("complete", text["complete"], False)
    need(text["pages_not_reached"], "no page lacks")
    # the first rank alone: whatever its bitmap names is in it
    head = min(d[0] for d in read_dump(box.path("whole")).desc)
    box.bad(3, "-l", "-L", head - 1, image.path, "first")
    # a stream that ends early: its bitmap ends where the pages end
    stream, _ = box.pipe("-F", "-l", image.path)
    os.truncate(stream, os.path.getsize(stream) // 2)
    with open(stream, "rb") as file:
        box.bad(3, "-R", "cut", stdin=file)
    for name in ("first", "cut"):
        result = box.bad(3, "verify", name, limit=MEMORY)
        said = result.out.decode() + box.good("info", name).out.decode()
        nr = re.search(r"(\d+) not reached", said).group(1)
        need(("all pages that it names" in said) == (nr == "0") and
             "\ncomplete:    no: 0 " not in said and ": 0 pages" not in said,
             "%s: %s", name, said)
    # before the metadata are out there is nothing to check
    with open(box.path("none"), "wb") as file:
        file.truncate(1 << 20)
    result = box.bad(1, "verify", "none")
    need("no metadata yet" in (result.out.decode() + result.err), "said: %s",
         result.err)


def absurd(box):
    """Claims of a header do not make a reader ask for memory."""
    image = box.image(IMAGE)
    box.good(image.path, "dump")
    with open(box.path("dump"), "rb") as file:
        whole = file.read()
    big32, big64 = struct.pack("<I", 0x7fffffff), struct.pack("<Q", 1 << 40)
    places = [(at, big32) for at in range(424, 464, 4)]
    places += [(4096 + at, big64) for at in range(16, 104, 8)]
    for at, value in places:
        with open(box.path("bad"), "wb") as file:
            file.write(whole[:at] + value + whole[at + len(value):])
        for word in ("info", "dmesg", "verify"):
            result = box.run(word, "bad", limit=MEMORY, watch=True)
            need(result.code in (0, 1, 3), "%s at %d: exit %d", word, at,
                 result.code)
            need("out of memory" not in result.err.lower(), "%s at %d: %s",
                 word, at, result.err)
            if not SANITIZED:
                need(result.peak <= MEMORY, "%s at %d: %d KiB", word, at,
                     result.peak >> 10)


def escapes(box):
    """A hostile utsname and VMCOREINFO are shown, not obeyed."""
    image = box.image(IMAGE)
    box.good(image.path, "dump")
    with open(box.path("dump"), "r+b") as file:
        for at in range(12, 12 + 6 * 65, 65):
            if at == 12 + 4 * 65:
                continue        # the machine's name: readers need it
            file.seek(at)
            file.write(b"\x1b]0;owned\x07\x9b31m\r\n\xff\0")
        file.seek(0)
        whole = file.read()
        release = whole.find(b"OSRELEASE=")
        file.seek(release + 10)
        file.write(b"\x1b[2J")
    for args in (("info", "dump"), ("info", "--json", "dump"),
                 ("dmesg", "dump"), ("verify", "dump"), ("dump", "dump2")):
        result = box.run(*args)
        text = result.out.decode("utf-8", "surrogateescape")
        no_controls(args[0], text)
        no_controls(args[0] + "'s stderr", result.err)
        if "--json" in args:
            json.loads(text)


def flattened(box):
    """A flattened stream is read as the dump that -R makes of it."""
    image = box.image(IMAGE)
    stream, _ = box.pipe("-d", "1", image.path)
    with open(stream, "rb") as file:
        box.good("-R", "dump", stdin=file)
    for word in ("dmesg", "verify"):
        small(box, word, stream)
        equal(word, box.good(word, stream).out, box.good(word, "dump").out)
    told = [json.loads(box.good("info", "--json", path).out)
            for path in (stream, "dump")]
    equal("flattened", told[0].pop("flattened"), True)
    equal("cut off", told[0].pop("cut_off"), False)
    for text in told:
        del text["file"]
    equal("info", told[0], told[1])


def rearrange_cut(box, stream):
    """(length, result) of -R into "dump", of a stream that is cut ever shorter."""
    size = os.path.getsize(stream)
    for at in (size - 16, size - 5000, size * 3 // 4, size // 2):
        os.truncate(stream, at)
        with open(stream, "rb") as file:
            yield at, box.bad(3, "-R", "-f", "dump", stdin=file)


def cut_flattened(box):
    """A stream that ends early, read as it is: what was in it, and a warning."""
    image = box.image(IMAGE)
    stream, _ = box.pipe("-d", "1", image.path)
    reached = []
    for at, _ in rearrange_cut(box, stream):
        told = []
        for path in (stream, "dump"):
            result = box.good("info", "--json", path)
            told.append(json.loads(result.out))
            equal("warnings of " + path, result.err.count("warning: "),
                  int(path == stream))
        for key in ("complete", "pages_kept", "pages_not_reached", "pages_zero",
                    "memory", "release", "cpus"):
            equal(key, told[0].get(key), told[1].get(key))
        equal("cut off", told[0]["cut_off"], True)
        equal("complete", told[0]["complete"], False)
        reached.append(told[0]["pages_kept"] - told[0]["pages_not_reached"])
        result = box.bad(3, "verify", stream)
        need("byte %d:" % at in result.err, "said: %s", result.err)
        for path in (stream, "dump"):
            box.bad(3, "-f", "-d", "31", path, "from-" +
                    os.path.basename(path))
        same_bytes(box, "from-" + os.path.basename(stream), "from-dump")
    need(reached == sorted(reached, reverse=True) and reached[-1] > 0,
         "pages: %s", reached)
    for at in (9000, 4096, 100, 0):
        os.truncate(stream, at)
        result = box.bad(1, "info", stream)
        need(result.err.count("\n") <= 2, "said: %s", result.err)


def cut_table(box):
    """A stream that ends inside a page descriptor, or between the records that
    have its two ends: read as it is and rearranged, it is not reached. And one
    that goes on with zeroes, as a file does whose end was never written."""
    image = box.image(IMAGE)
    plain = mkdump.build(image.path, level=31)
    with open(box.path("plain"), "wb") as file:
        file.write(plain)
    table = read_dump(box.path("plain")).table
    records = [(0, table), (table, 1000), (table + 1000, 1000)]
    for last, extra in ((0, 500), (1, 5), (1, 23), (1, 999), (2, 0), (2, 7)):
        with open(box.path("stream"), "wb") as file:
            file.write(struct.pack(">16sqq", b"makedumpfile", 1, 1)
                       .ljust(4096, b"\0"))
            for at, size in records[:last]:
                file.write(struct.pack(">qq", at, size) + plain[at:at + size])
            at, size = records[last]
            if extra:
                file.write(struct.pack(">qq", at, size) +
                           plain[at:at + extra])
            else:
                file.write(bytes(4096))
        result = box.bad(3, "rearrange", "-f", "stream", "dump")
        need("which" not in result.err, "%s", result.err)
        told = [box.run("verify", path) for path in ("stream", "dump")]
        equal("status", [r.code for r in told], [told[0].code] * 2)
        equal("verify", told[0].out, told[1].out)
        if last:
            equal("verify", told[0].code, 3)
            need(b" 0 bad" in told[1].out, "%s", told[1].out)


def same_bytes(box, one, other):
    same_file("%s and %s" % (one, other), box.path(one), box.path(other))


def flattened_vmcore(box):
    """A vmcore in records, in any order, one twice: captured as it is
    plain."""
    image = box.image(IMAGE)
    rng = random.Random(2)
    with open(image.path, "rb") as file:
        content = file.read()
    pieces = [(at, 65536 - at // 65536 % 3) for at in
              range(0, len(content), 65536)]
    pieces += [(at + size, 65536 - size) for at, size in pieces
               if size < 65536]
    rng.shuffle(pieces)
    with open(box.path("stream"), "wb") as file:
        file.write(struct.pack(">16sqq", b"makedumpfile", 1, 1)
                   .ljust(4096, b"\0"))
        file.write(struct.pack(">qq", 70000, 300) + bytes(300))
        for at, size in pieces:
            part = content[at:at + size]
            if part:
                file.write(struct.pack(">qq", at, len(part)) + part)
        file.write(struct.pack(">qq", -1, -1))
    for args in (("-d", "31"), ("-d", "0", "--num-threads", "2")):
        box.good("-f", *args, image.path, "plain")
        box.good("-f", *args, "stream", "flat")
        same_bytes(box, "plain", "flat")
    os.truncate(box.path("stream"), os.path.getsize(box.path("stream")) - 16)
    result = box.bad(3, "-f", "-d", "31", "stream", "flat")
    need("end record" in result.err, "said: %s", result.err)
    equal("dmesg", box.good("dmesg", "stream").out,
          box.good("dmesg", image.path).out)


def cut_stream(box):
    """-R of a stream that ends early: what was in it, 3 and a warning."""
    image = box.image(IMAGE)
    stream, _ = box.pipe("-d", "1", image.path)
    reached = []
    for _, result in rearrange_cut(box, stream):
        need("warning: " in result.err, "said: %s", result.err)
        text = json.loads(box.good("info", "--json", "dump").out)
        equal("complete", text["complete"], False)
        reached.append(text["pages_kept"] - text["pages_not_reached"])
        need("lacks %d of the %d pages" % (text["pages_not_reached"],
                                           text["pages_kept"]) in result.err,
             "said: %s", result.err)
        box.bad(3, "verify", "dump")
    need(reached == sorted(reached, reverse=True) and reached[-1] > 0,
         "pages: %s", reached)
    for at in (4096, 100, 0):
        os.truncate(stream, at)
        with open(stream, "rb") as file:
            result = box.run("-R", "-f", "dump", stdin=file)
        need(result.code in (1, 3), "at %d: exit %d", at, result.code)


def rearranged(box):
    """A stream from a file, a FIFO and stdin, a dump or an ELF core: the file
    that was to be; an ELF core without its end says so."""
    image = box.image(IMAGE)
    for args in (("-d", "1"), ("-E", "-d", "31")):
        box.good("-f", *args, "--order", "address", image.path, "plain")
        stream, _ = box.pipe(*args, image.path)
        box.good("rearrange", "-f", stream, "dump")
        same_bytes(box, "plain", "dump")
        with open(stream, "rb") as file:
            box.good("rearrange", "-f", "-", "dump", stdin=file)
        same_bytes(box, "plain", "dump")
        box.bad(1, "rearrange", "-f", stream, stream)
        box.bad(1, "rearrange", stream, "dump")
        box.bad(1, "rearrange", "-f", image.path, "dump")
    fifo = box.path("fifo")
    os.mkfifo(fifo)
    with subprocess.Popen(["cp", stream, fifo]):
        box.good("-R", "-f", "fifo", "dump")
    same_bytes(box, "plain", "dump")
    os.truncate(stream, os.path.getsize(stream) - 100000)
    result = box.bad(3, "rearrange", "-f", stream, "dump")
    equal("warnings", result.err.count("warning: "), 2)
    with open(box.path("dump"), "rb") as file:
        file.seek(48)
        equal("e_flags", file.read(4), b"\1\0\0\0")


def cut_dump(box):
    """A dump cut anywhere: verify says so, nothing dies or asks for memory;
    whatever was not complete before stays what it was, or is refused."""
    image = box.image(IMAGE)
    box.good("-l", image.path, "dump")
    size = os.path.getsize(box.path("dump"))
    dump = read_dump(box.path("dump"))
    rng = random.Random(1)
    edges = [0, 1, 8, 423, 424, 464, 4095, 4096, 4097, 4096 + 104, 8192,
             dump.table - 1, dump.table, dump.table + 1, dump.table + 24,
             dump.data - 1, dump.data, size - 1]
    cuts = edges + [rng.randrange(n) for n in (8192, dump.data, size)
                    for _ in range(8)]
    for at in sorted(cuts, reverse=True):
        os.truncate(box.path("dump"), at)
        result = box.bad(1, "verify", "dump", limit=MEMORY)
        need(result.out or result.err, "cut at %d: nothing was said", at)
        for word in ("info", "dmesg"):
            result = box.run(word, "dump", limit=MEMORY)
            need(result.code == 0 or result.err.count("\n") >= 1 and
                 result.code == 1, "cut at %d: %s: exit %d", at, word,
                 result.code)
    return "%d places" % len(cuts)


def hostile_stream(box):
    """-R of records that lie about place and size."""
    head = struct.pack(">16sqq", b"makedumpfile", 1, 1).ljust(4096, b"\0")
    end = struct.pack(">qq", -1, -1)
    for offset, size in ((-2, 16), (0, -5), (1 << 62, 16), (0, 1 << 62),
                         ((1 << 63) - 8, 16)):
        with open(box.path("stream"), "wb") as file:
            file.write(head + struct.pack(">qq", offset, size)
                       + bytes(16) + end)
        with open(box.path("stream"), "rb") as file:
            result = box.run("-R", "-f", "dump", stdin=file, limit=MEMORY)
        if result.code not in (1, 3):
            raise Fail("record %d+%d: exit %d" % (offset, size, result.code))
    for content in (b"", b"x" * 10000, head[:20],
                    struct.pack(">16sqq", b"makedumpfile", 2, 1).ljust(4096)):
        with open(box.path("stream"), "wb") as file:
            file.write(content)
        with open(box.path("stream"), "rb") as file:
            box.bad(1, "-R", "-f", "dump", stdin=file, limit=MEMORY)


def logs():
    """Fixtures whose logs differ in more than where they lie: one of each
    machine, kernel, memory model and kind of log."""
    seen = set()
    for name in fixtures("good-"):
        made = fixture.load(os.path.join(FIXTURES, name + ".txt"))
        key = tuple(made[k] for k in sorted(made.set)
                    if k in ("arch", "kernel", "model", "qemu", "page_size")
                    or k.startswith("log"))
        if name != "good-6.12-devdump" and key not in seen:
            seen.add(key)
            yield name


def tests():
    for name in logs():
        yield "dmesg-" + name, dmesg, name
    for name in ("good-5.10-logrecords", "good-6.1-vmemmap",
                 "good-6.12-kaslr", "good-7.2-vmemmap", "good-6.12-qemu"):
        yield "info-" + name, info, name
    for function in (verify, verify_incomplete, absurd, escapes, flattened,
                     cut_flattened, cut_table, flattened_vmcore,
                     cut_dump, cut_stream, hostile_stream, rearranged):
        yield function.__name__.replace("_", "-"), function
