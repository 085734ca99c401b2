#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lint.py BUILD: the house rules that a program can check; a PASS or FAIL line
for each. BUILD holds the objects and capdump.

SKIP stands where a tool (mandoc, shellcheck) is not installed."""

import ast
import os
import re
import shutil
import subprocess
import sys

MAX_LINES, MAX_FUNCTION = 500, 70

# What each folder of src/ may include; itself always (docs/architecture.md).
FOLDERS = {
    "base": "",
    "image": "base",
    "arch": "base image",
    "kernel": "base image arch",
    "vmlinux": "base image arch",
    "filter": "base image arch kernel",
    "codec": "base",
    "machine": "base image",
    "sink": "base",
    "formats": "base image codec sink",
    "check": "base image arch kernel filter codec sink formats machine "
             "capture",
    "capture": "base image arch kernel filter codec sink formats machine",
    "triage": "base image arch kernel formats",
}
# Variables that may change: the jump buffer of guarded copies, and what its
# signals did before; the signal that came.
VARIABLES = {("guard.o", "guard_jump"), ("guard.o", "guard_before"),
             ("stop.o", "stop_received")}
BANNED = {"info", "manager", "util", "utils", "misc", "helper", "helpers",
          "common", "do", "my"}
# the command's own name, and names that ELF and the kernel (struct printk_info)
# and libcurl gave: word, and the files where it may stand
NAMES = {"do": "", "command_info": "src/", "COMMAND_INFO": "src/",
         "INFO": "src/", "sh_info": "src/image/elf",
         "st_info": "src/vmlinux/elf", "info":
         "src/kernel/printk", "info_size": "src/kernel/",
         "curl_multi_info_read": "src/sink/",
         "curl_version_info": "src/sink/", "curl_version_info_data": "src/sink/"}


def tree():
    """Files that git knows, or would; without git all but what is built."""
    if os.path.exists(".git") and shutil.which("git"):
        out = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], check=True, capture_output=True).stdout
        return out.decode().split("\0")
    return [os.path.join(folder, name)[2:] for folder, _, names
            in os.walk(".") for name in names
            if not re.match(r"\./(\.git|build|.*__pycache__)\b", folder)]


def files(*suffixes):
    return sorted(n for n in tree()
                  if os.path.isfile(n) and n.endswith(suffixes or ""))


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def is_script(path):
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def shell_scripts():
    for path in files():
        if path.endswith((".sh", ".bash")):
            yield path
        elif is_script(path) and re.match(r"#!.*\b(ba|da)?sh\b",
                                          read(path).split("\n", 1)[0]):
            yield path


def strip_c(text):
    """Without comments, strings and characters; lines stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                  blank, text, flags=re.S)


def check_lengths():
    for path in files(".c", ".h", ".py", ".sh", ".mk", "Makefile"):
        lines = read(path).count("\n")
        if lines > MAX_LINES:
            yield "%s has %d lines" % (path, lines)


def c_functions(text):
    """(line, number of lines) of each, its declaration counted."""
    lines = text.split("\n")
    start = None
    for i, line in enumerate(lines):
        if line == "{":
            start = i
            while start and re.match(r"[\w\s]", lines[start - 1]) and \
                    lines[start - 1].strip() and \
                    not lines[start - 1].rstrip().endswith((";", "}")):
                start -= 1
        elif line == "}" and start is not None:
            yield start + 1, i - start + 1
            start = None


def check_functions():
    for path in files(".c", ".h"):
        for line, length in c_functions(strip_c(read(path))):
            if length > MAX_FUNCTION:
                yield "%s:%d: a function of %d lines" % (path, line, length)
    for path in files(".py"):
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.FunctionDef) and \
                    node.end_lineno - node.lineno >= MAX_FUNCTION:
                yield "%s:%d: a function of %d lines" % (
                    path, node.lineno, node.end_lineno - node.lineno + 1)


def check_folders():
    for path in files(".c", ".h"):
        match = re.match(r"src/(\w+)/", path)
        if not match:
            continue
        own = match.group(1)
        if own not in FOLDERS:
            yield "%s: no rule for the folder %s" % (path, own)
            continue
        for name in re.findall(r'#include "([^"]+)"', read(path)):
            other = re.match(r"\.\./(\w+)/", name)
            if other and other.group(1) not in FOLDERS[own].split():
                yield "%s includes %s" % (path, name)
            if not other and "/" in name:
                yield "%s includes %s" % (path, name)


def objects(build):
    for folder, _, names in os.walk(os.path.join(build, "src")):
        for name in sorted(names):
            if name.endswith(".o"):
                yield os.path.join(folder, name)


def check_variables(build):
    seen = False
    for path in objects(build):
        seen = True
        out = subprocess.run(["objdump", "-t", path], check=True,
                             capture_output=True, text=True).stdout
        for line in out.splitlines():
            match = re.match(r"[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+\s+(\S+)$",
                             line)
            if not match:
                continue
            flags, section, name = match.groups()
            thread = section.startswith((".tbss", ".tdata"))
            plain = section == "*COM*" or re.match(
                r"\.(data|bss)(?!\.rel\.ro)", section)
            if "d" in flags or not (thread or (plain and "O" in flags)):
                continue
            if (os.path.basename(path), name) not in VARIABLES:
                yield "%s: variable %s" % (path, name)
    if not seen:
        yield "%s holds no objects" % build


def check_names():
    for path in files(".c", ".h"):
        if not path.startswith("src/"):
            continue
        text = strip_c(re.sub(r"^\s*#\s*include.*", "", read(path),
                              flags=re.M))
        for word in sorted(set(re.findall(r"\b[A-Za-z_]\w*\b", text))):
            parts = set(word.lower().split("_"))
            if parts & BANNED and not (
                    word in NAMES and path.startswith(NAMES[word])):
                yield "%s: %s" % (path, word)
    for path in files():
        if path.startswith("tests/fixtures/") or path.endswith(".patch") or \
                "/host/linux/" in path:
            continue    # named after what they break, change or stand for
        parts = set(re.split(r"[^a-z]+", os.path.basename(path).lower()))
        if parts & BANNED and os.path.basename(path) != "command_info.c":
            yield "%s: the name" % path


def check_spdx():
    want = "SPDX-License-Identifier: GPL-2.0-or-later"
    for path in files():
        if path.endswith((".txt", ".inc", ".md", ".json", ".config",
                          ".patch")) or \
                os.path.basename(path) in ("LICENSE", "VERSION", "README",
                                           ".gitignore"):
            continue
        if path.startswith("kernel-patches/") and read(path).count("\n") < 2:
            continue            # a list of one word, an empty header
        if want not in "\n".join(read(path).split("\n")[:2]):
            yield "%s: its first lines have no SPDX line" % path


def check_ifdefs():
    for path in files(".c", ".h"):
        if path.startswith(("src/codec/", "src/vmlinux/", "src/sink/curl.",
                            "src/sink/transfer.", "src/sink/request")):
            continue
        for number, line in enumerate(read(path).split("\n"), 1):
            if re.match(r"\s*#\s*(if|el).*\bHAVE_", line):
                yield "%s:%d: %s" % (path, number, line.strip())


def options(build):
    """The names in --help's table, and those it says are missing."""
    out = subprocess.run([os.path.join(build, "capdump"), "--help"],
                         check=True, capture_output=True, text=True).stdout
    names = set()
    for line in out[out.index("\nOptions:"):].split("\n"):
        if re.match(r"  -", line):
            part = line[2:] if "," in line and not re.match(
                r"  -\w, --", line) else line[2:].split("  ")[0]
            names.update(re.findall(r"(?:^|[ ,])(--?[A-Za-z][\w-]*)", part))
    return names


def check_options(build):
    names = options(build)
    man = read("man/capdump.8")
    flags = set()
    for line in man.split("\n"):
        if re.match(r"\.It Fl", line):
            flags.update("--" + n for n in re.findall(r"Fl Fl ([\w-]+)",
                                                      line))
            flags.update("-" + n for n in re.findall(
                r"(?:Fl |, |\| )(\w)(?= |$)", line))
    for name in sorted(names - flags):
        yield "man/capdump.8 does not tell of %s" % name
    for name in sorted(flags - names):
        yield "man/capdump.8 tells of %s, which does not exist" % name
    if len(names) < 45:
        yield "--help has only %d options" % len(names)


def completions(build, *words):
    """What bash would offer for the last of WORDS."""
    script = """
set -e
. completion/capdump.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_capdump; printf '%s\\n' "${COMPREPLY[@]}"
"""
    out = subprocess.run(
        ["bash", "-c", script, "bash", os.path.join(build, "capdump"),
         *words], check=True, capture_output=True, text=True)
    return set(out.stdout.split())


def check_completion(build):
    offered = completions(build, "-")
    table = {n for n in options(build)}
    missing = set()
    text = subprocess.run([os.path.join(build, "capdump"), "--help"],
                          check=True, capture_output=True, text=True).stdout
    tail = text[text.index("not implemented yet"):]
    for name in re.findall(r"(?:^|[ ,])(--?[A-Za-z][\w-]*)", tail):
        missing.add(name)
    for name in sorted((table - missing) ^ offered):
        yield "%s: offered %s, in the table %s" % (
            name, name in offered, name in table - missing)
    if "verify" not in completions(build, "ver"):
        yield "ver<tab> gives no verify"
    if completions(build, "--order", "a") != {"address"}:
        yield "--order a<tab> gives no address"
    if completions(build, "reservation", "--arch", "s") != {"s390x"}:
        yield "--arch s<tab> gives no s390x"


def check_tool(tool, arguments, paths):
    if not shutil.which(tool):
        return None
    out = subprocess.run([tool, *arguments, *paths], check=False,
                         capture_output=True, text=True)
    return (out.stdout + out.stderr).splitlines() if out.returncode else []


def report(name, problems):
    if problems is None:
        print("SKIP lint/%s: the tool is not installed" % name)
        return False
    problems = list(problems)
    print("%s lint/%s%s" % ("FAIL" if problems else "PASS", name,
                            ": %d" % len(problems) if problems else ""))
    for text in problems[:20]:
        print("    " + text)
    return bool(problems)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = sys.argv[1]
    checks = (
        ("lengths", check_lengths()),
        ("functions", check_functions()),
        ("folders", check_folders()),
        ("variables", check_variables(build)),
        ("names", check_names()),
        ("spdx", check_spdx()),
        ("ifdefs", check_ifdefs()),
        ("options", check_options(build)),
        ("completion", check_completion(build)),
        ("mandoc", check_tool("mandoc", ["-Tlint", "-Wwarning"],
                              ["man/capdump.8"])),
        ("shellcheck", check_tool("shellcheck", ["-x", "-P", "SCRIPTDIR"],
                                  list(shell_scripts()))),
    )
    failed = [report(name, problems) for name, problems in checks]
    return any(failed)


if __name__ == "__main__":
    sys.exit(main())
