# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump diff: which pages two files have, and which are not the same, held
against the description of the machine and against bytes that were changed."""

import json

from harness import MIB, equal, need, read_dump

IMAGE = "good-6.12-vmemmap"
PAGE = 4096


def diff(box, a, b, code):
    run = box.good if not code else lambda *args, **kw: box.bad(code, *args, **kw)
    told = json.loads(run("diff", "--json", a, b, limit=64 * MIB).out)
    text = run("diff", a, b).out.decode()
    pages = told["pages"]
    need("%d the same, %d differ, %d unreadable; %d only in a, %d only in b\n"
         % tuple(pages[k] for k in ("same", "differ", "unreadable", "only_a",
                                    "only_b")) in text, "%s", text)
    equal("ranges", len(text.splitlines()) - 1, told["runs"])
    listed = {}
    for run in told["differences"]:
        listed.setdefault(run["kind"], set()).update(
            range(run["start"] // PAGE, run["end"] // PAGE))
    for kind in ("differ", "unreadable", "only_a", "only_b"):
        equal(kind, len(listed.get(kind, ())), pages[kind])
    return pages["same"], listed


def formats(box):
    """The same pages in another format, codec or order are the same."""
    image = box.image(IMAGE)
    box.good("-d", "31", image.path, "a")
    nr = len(read_dump(box.path("a")).kept)
    box.good("-d", "31", "-l", "--order", "address", image.path, "b")
    box.good("-d", "31", "-E", image.path, "c")
    with open(box.path("d"), "wb") as file:
        file.write(box.good("-F", "-d", "31", image.path).out)
    for other in "abcd":
        equal("a " + other, diff(box, "a", other, 0), (nr, {}))
    equal("c d", diff(box, "c", "d", 0), (nr, {}))


def sets(box):
    """What only one of them has."""
    image = box.image(IMAGE)
    kept = {}
    for level in (1, 8, 31):
        box.good("-d", level, image.path, "d%d" % level)
        kept[level] = set(read_dump(box.path("d%d" % level)).kept)
    for a, b in ((31, 8), (8, 31), (1, 8)):
        same, listed = diff(box, "d%d" % a, "d%d" % b, 1)
        equal("same", same, len(kept[a] & kept[b]))
        equal("a", listed.get("only_a", set()), kept[a] - kept[b])
        equal("b", listed.get("only_b", set()), kept[b] - kept[a])
    # and what a dump that was cut short has not come to
    box.bad(3, "-d", "1", "-L", "4M", image.path, "cut")
    same, listed = diff(box, "cut", "d1", 1)
    equal("kinds", list(listed), ["only_b"])
    equal("all", same + len(listed["only_b"]), len(kept[1]))
    need(same, "nothing was in both")


def contents(box):
    """Bytes that were changed in a vmcore, pages that can't be decoded."""
    image = box.image(IMAGE)
    box.good("-d", "0", "-E", image.path, "a")
    with open(box.path("a"), "rb") as file:
        content = bytearray(file.read())
    # where the last bytes of the file are in memory
    pages = diff(box, "a", "a", 0)[0]
    for at in (len(content) - 1, len(content) - 3 * PAGE):
        content[at] ^= 1
    with open(box.path("b"), "wb") as file:
        file.write(content)
    same, listed = diff(box, "a", "b", 1)
    equal("same", same, pages - 2)
    equal("kinds", list(listed), ["differ"])
    equal("both ways", diff(box, "b", "a", 1), (same, listed))
    last, first = max(listed["differ"]), min(listed["differ"])
    equal("apart", last - first, 2)

    box.good("-d", "31", image.path, "c")
    dump = read_dump(box.path("c"))
    with open(box.path("c"), "rb") as file:
        content = bytearray(file.read())
    content[-dump.head["block_size"]:] = b"\xff" * dump.head["block_size"]
    with open(box.path("d"), "wb") as file:
        file.write(content)
    same, listed = diff(box, "c", "d", 1)
    need(set(listed) <= {"unreadable", "differ"} and listed, "%s", listed)
    equal("all", same + sum(map(len, listed.values())), len(dump.kept))


def usage(box):
    """Wrong usage, and files that are none, are 2 as diff(1)'s trouble is."""
    image = box.image(IMAGE)
    other = box.image("good-arm64-16k-36")
    box.text("text", "no dump\n")
    for words, what in (((image.path,), "two files"), ((), "two files"),
                        ((image.path, "text"), "text"),
                        ((image.path, "none"), "none"),
                        ((image.path, other.path), "different kinds"),
                        (("-d", "1", image.path, image.path), "-d")):
        result = box.bad(2, "diff", *words)
        need(what in result.err, "%s: %s", words, result.err)
        equal("stdout", result.out, b"")


def tests():
    for function in (formats, sets, contents, usage):
        yield function.__name__, function
