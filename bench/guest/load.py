#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""load.py source|text|numbers|heap: parts of the guest's load (load.sh).

source   prints C++ that keeps a compiler busy for minutes
text     a heap of words, lines and an index of real files, and threads; stays
numbers  a heap of doubles, integers and compressed blocks, full pipes; stays
heap     a heap of real contents that ends: free pages, not zero
"""

import array
import fcntl
import math
import os
import sys
import threading
import time
import zlib

MIB = 1 << 20
HEADERS = """algorithm any array atomic bitset chrono complex deque
filesystem forward_list fstream functional future iomanip iostream list map
memory numeric optional queue random regex set sstream stack string thread
tuple unordered_map variant vector"""


def source():
    for name in HEADERS.split():
        print("#include <%s>" % name)
    for i in range(900):
        print("""
struct record_%(i)d { std::string name; std::map<int, std::string> rows;
	std::vector<double> values; std::unordered_map<std::string, long> seen; };
static std::regex pattern_%(i)d("([a-z]+)_%(i)d=([0-9]*)");
long walk_%(i)d(std::vector<record_%(i)d> &all, const std::string &text)
{
	std::smatch match; long total = %(i)d;
	std::sort(all.begin(), all.end(), [](const record_%(i)d &a,
		const record_%(i)d &b) { return a.name < b.name; });
	for (auto &one : all) {
		if (std::regex_search(one.name, match, pattern_%(i)d))
			one.rows[%(i)d] = match[1].str() + text;
		for (const auto &[key, row] : one.rows)
			total += one.seen[row] + std::accumulate(
				one.values.begin(), one.values.end(), 0.0) + key;
	}
	std::ostringstream out; out << std::setw(8) << total << text;
	return total + out.str().size();
}""" % {"i": i})


def files(*suffixes):
    for folder, _, names in os.walk("/usr"):
        for name in sorted(names):
            if name.endswith(suffixes or ""):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def read(path):
    with open(path, "rb") as file:
        return file.read(4 * MIB)


def ready(name, text):
    with open("/tmp/%s.tmp" % name, "w", encoding="ascii") as file:
        file.write(text + "\n")
    os.rename("/tmp/%s.tmp" % name, "/tmp/%s.ready" % name)
    while True:
        time.sleep(3600)


def text_heap():
    """800 MiB: dicts, lists, strings."""
    index, lines, words, size = {}, {}, [], 0
    for path in files(".py", ".pm", ".pl", ".h", ".hpp", ".txt", ".html"):
        text = read(path).decode(errors="replace")
        size += len(text)
        for number, line in enumerate(text.split("\n")):
            lines.setdefault(line, (path, number))
        found = text.split()
        words.append(found)
        if size < 16 * MIB:
            for word in found:
                index.setdefault(word, []).append(len(words))
        if size > 48 * MIB:
            break
    for _ in range(400):
        threading.Thread(target=time.sleep, args=(86400,),
                         daemon=True).start()
    ready("text", "%d files, %d lines, %d words" % (
        len(words), len(lines), sum(map(len, words))))


def numbers_heap():
    """500 MiB: what a calculation holds, and kernel buffers."""
    wave = [math.sin(i / 1000) * i for i in range(3000000)]
    table = array.array("d", wave)
    for _ in range(5):
        table.extend(table[:4000000])
    count = {i * 7919: i for i in range(1500000)}
    packed, pipes = [], []
    for path in files(".so", ".py", ".1.gz"):
        packed.append(zlib.compress(read(path), 1))
        if len(packed) > 2500:
            break
    content = b"".join(read(p) for p in list(files(".h"))[:300])
    for i in range(24):
        pair = os.pipe()
        fcntl.fcntl(pair[1], 1031, MIB)     # F_SETPIPE_SZ
        os.set_blocking(pair[1], False)
        at = i * 65536 % max(1, len(content) - MIB)
        os.write(pair[1], content[at:at + MIB])
        pipes.append(pair)
    ready("numbers", "%d numbers, %d keys, %d blocks" % (
        len(table) + len(wave), len(count), len(packed)))


def heap():
    kept, size = [], 0
    for path in files():
        kept.append(bytearray(read(path)))
        size += len(kept[-1])
        if size > 400 * MIB:
            break
    words = [line.split() for block in kept[:200]
             for line in bytes(block).splitlines()]
    print("heap of %d MiB, %d lines" % (size >> 20, len(words)))


if __name__ == "__main__":
    {"source": source, "text": text_heap, "numbers": numbers_heap,
     "heap": heap}[sys.argv[1]]()
