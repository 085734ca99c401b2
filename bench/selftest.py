#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""selftest.py: what of the benchmarks can be wrong without a measurement. A
PASS or FAIL line for each; BUILD is the folder with capdump and bench/bound.

The bound must work on the very pages that capdump writes, and pack them to
the same bytes; results must survive the way through JSON into tables and a
plot; the rounds' ratios must be medians; the server that keeps nothing must
have got all bytes.
"""

import copy
import http.client
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))

import null_store   # noqa: E402
import plot         # noqa: E402
import remote       # noqa: E402
import runs         # noqa: E402
import tables       # noqa: E402
import targets      # noqa: E402


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def run(*words, env=None):
    out = subprocess.run(words, check=False, capture_output=True, text=True,
                         env=env)
    need(not out.returncode, "%s: %s" % (" ".join(words), out.stderr))
    return out.stdout


def same_pages(folder):
    core = os.path.join(folder, "core")
    run(os.path.join(TOP, "tests", "gen", "mkimage.py"),
        os.path.join(TOP, "tests", "fixtures", "good-6.12-vmemmap.txt"), core)
    for codec, letter in (("zstd", "-z"), ("lzo", "-l"), ("zlib", "-c")):
        for level in ("31", "1"):
            dump, report = folder + "/dump", folder + "/report"
            run(BUILD + "/capdump", "-f", letter, "-d", level, "--report",
                report, core, dump)
            with open(report, encoding="utf-8") as file:
                want = json.load(file)
            have = json.loads(run(BUILD + "/bench/bound", "-n", "1", codec,
                                  core, dump))
            need(have["pages"] + have["left_out"] == want["pages_kept"] and
                 have["pages"], "pages: %s, %s" % (have, want))
            # one page lies in the vmcore in part, and is zero there
            need(have["left_out"] == 1, "left out: %s" % have)
            need(have["fill"] + 1 == want["pages_zero"] +
                 want["pages_filled"], "filled: %s, %s" % (have, want))
            need(have["raw"] == want["pages_raw"] and
                 have["bytes"] == want["packed_bytes"],
                 "packed: %s, %s" % (have, want))
            need(set(have) >= {"1", "2"} and have["1"]["seconds"] > 0,
                 "times: %s" % have)


def wrong_use(_):
    for words in ([], ["zstd", "/nowhere", "/nowhere"],
                  ["nocodec", "/dev/null", "/dev/null"]):
        out = subprocess.run([BUILD + "/bench/bound", *words], check=False,
                             capture_output=True, text=True)
        need(out.returncode in (1, 2) and out.stderr,
             "%s: %d" % (words, out.returncode))


def figure(time):
    return dict(time=time, ended=time, user=time / 2, system=0.1,
                anon=1 << 20, resident=3 << 20, size=1000)


def example():
    figures = {"makedumpfile/1": [figure(t) for t in (2.0, 4.0, 9.0)],
               "capdump/1": [figure(t) for t in (1.0, 1.0, 3.0)],
               "capdump/2": [figure(t) for t in (0.5, 0.5, 0.5)]}
    case = dict(core="big", level=31, codec="zstd", when="now", commit="x",
                note="a <note>", load=dict(average=0.1, busy=0.01),
                idle=True, peer="makedumpfile", took=1.0, figures=figures,
                bounds={"capdump": {
                    "pages": 7, "1": {"seconds": 0.8, "cpu": 0.8},
                    "2": {"seconds": 0.5, "cpu": 0.8}}})
    where = dict(cpu="A <CPU> & more", cpus=2, memory_gib=1, kernel="6",
                 disk="ext4", virtual=True)
    return dict(machine=where, cores=dict(big=dict(bytes=8 << 30)),
                cases={"big -d 31 zstd": case})


def figures_of_rounds(_):
    case = example()["cases"]["big -d 31 zstd"]
    found = {(r["name"], r["cpus"]): r for r in tables.rows(case)}
    need(found["makedumpfile", 1]["time"] == 4.0, "no median")
    # 2/1, 4/1, 9/3: of the ratios, not the ratio of the medians
    need(found["capdump", 1]["faster"] == 3.0, "ratio of each round")
    need(abs(found["capdump", 2]["bound"] - 0.8) < 1e-9,
         "the bound is shared among CPUs")
    need(abs(found["capdump", 1]["bound"] - 0.8) < 1e-9, "the bound")


def outputs(folder):
    results = json.loads(json.dumps(example()))
    svg, page = folder + "/plot.svg", folder + "/page.md"
    plot.write(svg, results)
    texts = [e.text for e in xml.etree.ElementTree.parse(svg).iter()
             if e.tag.endswith("text")]
    need(any("A <CPU> & more" in (t or "") for t in texts), "the machine")
    need(any((t or "").startswith("3.00") for t in texts), "the ratio")
    with open(page, "w", encoding="utf-8") as file:
        file.write("before\n%s\nold\n%s\nafter\n" % ("<begin>", "<end>"))
    content = []
    for _ in range(2):
        tables.replace(page, "<begin>", "<end>",
                       [*targets.markdown(results),
                        *tables.markdown(results, "x.json")])
        with open(page, encoding="utf-8") as file:
            content.append(file.read())
    need(content[0] == content[1], "written again it is the same")
    need(content[0].startswith("before\n") and "old" not in content[0] and
         content[0].endswith("<end>\nafter\n"), content[0])
    need("| 3.00 | 2.87 |" in content[0] and "3.00x" in content[0], content[0])
    need("| zstd -d 31, 1 CPU | 1.50x, +8.0 % | 3.00x (CPU time 2.87x), "
         "+0.0 % | met |" in
         content[0], content[0])
    need("| zstd -d 31, 2 CPUs, part of the bound | 75 % | 80 % | met |" in
         content[0], content[0])
    busy = copy.deepcopy(results)
    busy["cases"]["big -d 31 zstd"].update(
        idle=False, load=dict(average=3, busy=0.5))
    need("| (loaded machine) |" in "\n".join(targets.markdown(busy)),
         "a verdict on a loaded machine")
    need("**loaded**" in "\n".join(tables.markdown(busy, "x.json")), "load")


def one_run(folder):
    """What is measured of a program, and that a failure is one."""
    out = folder + "/file"
    got = runs.measure(["sh", "-c", "head -c 5000 /dev/zero > %s" % out], 1,
                       out)
    need(got["size"] == 5000 and not os.path.exists(out), str(got))
    need(got["time"] >= got["ended"] > 0, str(got))
    got = runs.measure(["cat"], 1, out, stdin=__file__, stdout=out)
    need(got["size"] == os.path.getsize(__file__), str(got))
    try:
        runs.measure(["false"], 1, out)
    except SystemExit:
        return
    need(False, "a failure passed for a run")


def length(store, path):
    connection = http.client.HTTPConnection(store.url.split("/")[2])
    connection.request("HEAD", path)
    told = connection.getresponse().getheader("Content-Length")
    connection.close()
    return int(told)


def to_server(folder):
    """A dump of several parts."""
    core, out = folder + "/core", folder + "/dump"
    run(os.path.join(TOP, "tests", "gen", "mkimage.py"),
        os.path.join(TOP, "tests", "e2e", "s3-parts.txt"), core)
    store = null_store.Store()
    try:
        for _, words in remote.ways(store, out):
            run(BUILD + "/capdump", "-f", "--order", "address", core, *words,
                env=remote.ENV)
        size = os.path.getsize(out)
        need(size > 12 << 20, "%d bytes" % size)
        for path in ("/dumps/dump", "/dump"):
            need(length(store, path) == size, "%s: %d of %d bytes" % (
                path, length(store, path), size))
        need(store.cpu_seconds() > 0, "the server's clock")
    finally:
        store.close()


def tables_of_ways(_):
    cases = {"lzo -d 31": {
        "file": [dict(figure(t), store=0.0) for t in (1.0, 2.0, 9.0)],
        "s3": [dict(figure(t), store=0.1) for t in (1.0, 2.5, 18.0)],
        "PUT": [dict(figure(t), store=0.1) for t in (4.0, 4.0, 9.0)]}}
    results = dict(machine=example()["machine"], commit="x", rounds=3,
                   load=dict(average=0.1, busy=0.01), cores=dict(a=cases))
    text = "\n".join(remote.markdown(results))
    # of the ratios 1, 0.8, 0.5 and 0.25, 0.5, 1
    need("s3 0.9 of a file's speed: met by 0 of 1, least 0.80; PUT 0.5 of a "
         "file's speed: met." in text, text)
    results["load"]["busy"] = 0.5
    text = "\n".join(remote.markdown(results))
    need("**loaded**" in text and "met" not in text, text)


def main():
    failed = 0
    for test in (same_pages, wrong_use, figures_of_rounds, outputs, one_run,
                 to_server, tables_of_ways):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            try:
                test(folder)
                print("PASS bench/%s" % test.__name__)
            except AssertionError as error:
                failed += 1
                print("FAIL bench/%s\n    %s" % (test.__name__, error))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
