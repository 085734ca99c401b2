# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump repair: of a dump that was cut off or not finished, one that names the
pages it has and no others; of a whole one the same."""

import os

from harness import MIB, equal, need, read_dump, same_file
from t_diff import diff

IMAGE = "good-6.12-vmemmap"


def check_rest(box, whole, made):
    """The pages that are left are whole's; returns how many."""
    kept = set(read_dump(box.path(whole)).kept)
    dump = read_dump(box.path(made))
    need(dump.head["status"] & 8, "it is not marked incomplete")
    same, listed = diff(box, whole, made, 1 if len(dump.kept) < len(kept)
                        else 0)
    equal("same", same, len(dump.kept))
    equal("only in the whole one", listed.get("only_a", set()),
          kept - set(dump.kept))
    need(set(listed) <= {"only_a"}, "%s", set(listed))
    text = box.bad(3, "verify", made).out.decode()
    need("incomplete, but good" in text, "%s", text)
    return len(dump.kept)


def cut_off(box):
    """At the header's end, in the table, in the first data, in the last byte."""
    image = box.image(IMAGE)
    box.good("-d", "31", image.path, "whole")
    dump = read_dump(box.path("whole"))
    size = os.path.getsize(box.path("whole"))
    with open(box.path("whole"), "rb") as file:
        content = file.read()
    table = dump.table
    first = min(offset for offset, *_ in dump.desc)
    found = []
    for at in (table + 24 * 100, table + 24 * 100 + 5, first + 1,
               first + (size - first) // 2, size - 1):
        with open(box.path("cut"), "wb") as file:
            file.write(content[:at])
        result = box.bad(3, "repair", "-f", "cut", "made", limit=64 * MIB)
        found.append(check_rest(box, "whole", "made"))
        need("lacks %d of the pages" % (len(dump.kept) - found[-1]) in
             result.err, "%s", result.err)
    equal("more and more", found, sorted(found))
    need(found[0] == 0 and 0 < found[-2] < found[-1] < len(dump.kept), "%s",
         found)
    with open(box.path("cut"), "wb") as file:
        file.write(content[:4096])
    os.unlink(box.path("made"))
    result = box.bad(1, "repair", "cut", "made")
    need("cut" in result.err and not os.path.exists(box.path("made")), "%s",
         result.err)


def not_finished(box):
    """By a limit, in each codec; and flattened, cut off."""
    image = box.image(IMAGE)
    for codec in ("-z", "-l", "-c"):
        box.good("-f", "-d", "1", codec, image.path, "whole")
        box.bad(3, "-f", "-d", "1", codec, "-L", "4M", image.path, "cut")
        box.bad(3, "repair", "-f", "cut", "made")
        need(check_rest(box, "whole", "made"), "nothing is left")
        seen = set(read_dump(box.path("made")).by_codec) - {"raw"}
        equal("codec", seen, set(read_dump(box.path("whole")).by_codec)
              - {"raw"})
    stream = box.good("-F", "-d", "1", "-c", image.path).out
    with open(box.path("flat"), "wb") as file:
        file.write(stream[:len(stream) * 2 // 3])
    box.bad(3, "repair", "-f", "flat", "made")
    need(check_rest(box, "whole", "made"), "nothing is left")


def whole(box):
    """Nothing is wrong with it: the same bytes; an output is asked for."""
    image = box.image(IMAGE)
    for options in (("-z",), ("-l",), ("-d", "1", "-c")):
        box.good("-f", *options, image.path, "a")
        box.good("repair", "-f", "a", "b")
        same_file("by %s" % (options,), box.path("b"), box.path("a"))
    box.bad(2, "repair", "a")
    box.bad(2, "repair", "--reassemble", "a", "b", "c")
    box.bad(1, "repair", "-f", "a", "a")


def tests():
    for function in (cut_off, not_finished, whole):
        yield function.__name__, function
