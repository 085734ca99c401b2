#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check.py ARCH[-VARIANT]...: applies each series on top of what it needs, then
all of them stacked; judges the patches by checkpatch.pl; compiles what they touch:
for the first architecture named after each patch, for the others after the last
one; runs the tests on the host. PASS and FAIL lines; exit 1 if one failed."""

import fcntl
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATCHES = os.path.dirname(HERE)
FOLDERS = {"x86_64": "x86", "ppc64le": "powerpc"}   # where arch/ differs
NOT_BUILT = ("tools/", "samples/", "scripts/", "Documentation/")
WARNING = re.compile(r"(?:.*/)?linux-[^/]+/(\S+?):\d+(?::\d+)?: (?:\[.*?\] )?"
                     r"(.*)|(?i:warning): (\S+?):\d+ (.*)")


class Check:
    def __init__(self, tree, names):
        self.tree, self.names = tree, names
        self.failed = self.passed = 0
        top = os.path.dirname(PATCHES)
        self.logs = os.path.join(top, "build/kernel-patches/check")
        os.makedirs(self.logs, exist_ok=True)
        self.warned = []        # (claim, name, warnings) to hold against base

    def tell(self, good, claim, seen=""):
        self.passed += good
        self.failed += not good
        print("%s %s%s" % ("PASS" if good else "FAIL", claim,
                           ": " + seen if seen else ""), flush=True)
        return good

    def log(self, claim, text):
        path = os.path.join(self.logs, claim.replace("/", "_") + ".log")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def folder(self, name):
        return os.path.join(os.path.dirname(self.tree), "objects-%s-%s" % (
            os.path.basename(self.tree)[len("linux-"):], name))


def run(command, **more):
    out = subprocess.run(command, check=False, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                         text=True, errors="replace", **more)
    return out.returncode, out.stdout


def words(call):
    """What a function of env.sh prints."""
    return subprocess.run(
        ["bash", "-c", '. "$0/env.sh"; ' + call, HERE], check=True,
        stdout=subprocess.PIPE, text=True).stdout.split()


def git(check, *arguments):
    return run(["bash", "-c", '. "$0/env.sh"; exec git -C "$@"', HERE,
                check.tree, *arguments])


def reset(check):
    """The tree as Debian has it."""
    git(check, "am", "--abort")
    for arguments in (("checkout", "-q", "-f", "--detach", "debian"),
                      ("clean", "-q", "-f", "-d")):
        code, out = git(check, *arguments)
        if code:
            sys.exit("check.py: git %s: %s" % (" ".join(arguments), out))


def touched(patches):
    """Files of Linux that patches change or make, in order."""
    names = {}
    for path in patches:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                match = re.match(r"\+\+\+ b/(\S+)", line)
                if match:
                    names[match.group(1)] = True
    return list(names)


def sources(patches, name):
    """Those of them that are compiled for an architecture."""
    arch = name.split("-")[0]
    for path in touched(patches):
        if not path.endswith((".c", ".S")) or path.startswith(NOT_BUILT):
            continue
        if path.startswith("arch/") and not path.startswith(
                "arch/%s/" % FOLDERS.get(arch, arch)):
            continue
        yield path


def configure(check, name):
    code, out = run([os.path.join(HERE, "configure.sh"), name, check.tree,
                     check.folder(name)])
    if code:
        log = check.log("configure/" + name, out)
        check.tell(False, "configure/" + name, "see %s" % log)
    return not code


def kbuild(check, name, *targets):
    return run([os.path.join(HERE, "kbuild.sh"), name.split("-")[0],
                check.tree, "O=" + check.folder(name), *targets])


def prepare(check, claim, name):
    """What configured() reads, and what all objects take."""
    code, out = kbuild(check, name, "prepare")
    if code:
        check.tell(False, claim, "prepare: see " + check.log(claim, out))
    return not code


def configured(check, name, paths):
    """The objects of sources that the configuration has, and the others."""
    arch = name.split("-")[0]
    have = set()
    for folder in sorted({os.path.dirname(p) for p in paths}):
        code, out = run(["make", "-s", "-f",
                         os.path.join(HERE, "configured.mk"),
                         "srctree=" + check.tree,
                         "objtree=" + check.folder(name), "obj=" + folder,
                         "SRCARCH=" + FOLDERS.get(arch, arch)])
        if code:
            sys.exit("check.py: %s: %s" % (folder, out))
        have.update(out.split())
    objects = [os.path.splitext(p)[0] + ".o" for p in paths]
    return ([o for o in objects if o in have],
            [o for o in objects if o not in have])


def warnings(text):
    """(file, message) of each, without the line's number."""
    found = {}
    for line in text.splitlines():
        if "warning" not in line.lower():
            continue
        match = WARNING.match(line)
        if match:
            groups = match.groups()
            found[(groups[0] or groups[2], groups[1] or groups[3])] = line
        else:
            found[("", line)] = line
    return found


def compile_objects(check, claim, name, patches, changed):
    """What PATCHES touch, as far as the tree has it by now."""
    paths = [p for p in sources(patches, name)
             if os.path.exists(os.path.join(check.tree, p))]
    if not paths:
        return
    if any(os.path.basename(p).startswith("Kconfig") for p in changed) and \
            not (configure(check, name) and prepare(check, claim, name)):
        return
    objects, others = configured(check, name, paths)
    # a variant leaves things out, and what is for all an architecture may not have;
    # x86_64 has all of that
    if others and "-" not in name:
        own = [o for o in others if name == "x86_64" or o.startswith("arch/")]
        if own:
            check.tell(False, claim, "config/%s does not have %s" % (
                name, " ".join(own)))
            return
    if not objects:
        return
    code, out = kbuild(check, name, "W=1", "-k", *objects)
    if code:
        errors = [line for line in out.splitlines() if "rror:" in line]
        check.tell(False, claim, "%s; see %s" % (
            (errors or ["exit status %d" % code])[0].strip(),
            check.log(claim, out)))
        return
    found = warnings(out)
    if found:
        check.log(claim, out)
        check.warned.append((claim, name, objects, found))
        return
    check.tell(True, claim, "%d objects" % len(objects))


def judge_warnings(check):
    """Warnings that Debian's source has, too, are not the patches'."""
    if not check.warned:
        return
    reset(check)
    known = {}
    for name in sorted({w[1] for w in check.warned}):
        paths = {o for w in check.warned if w[1] == name for o in w[2]
                 if any(os.path.exists(os.path.join(check.tree, o[:-1] + e))
                        for e in "cS")}
        if not configure(check, name):
            continue
        for path in paths:
            drop(os.path.join(check.folder(name), path))
        _, out = kbuild(check, name, "W=1", "-k", *sorted(paths))
        known[name] = warnings(out)
    for claim, name, objects, found in check.warned:
        new = [line for key, line in found.items()
               if key not in known.get(name, {})]
        if new:
            check.tell(False, claim, "%d warnings that Debian's source has not"
                       % len(new))
            for line in new[:10]:
                print("    " + line)
        else:
            check.tell(True, claim, "%d objects" % len(objects))


def drop(path):
    if os.path.exists(path):
        os.unlink(path)


def start_objects(check, patches, names):
    """What was compiled of another state of the tree is compiled anew."""
    for name in names:
        for path in sources(patches, name):
            drop(os.path.join(check.folder(name),
                              os.path.splitext(path)[0] + ".o"))


def judge_style(check, path, claim):
    code, out = run(["perl", "scripts/checkpatch.pl", "--strict",
                     "--no-signoff", path], cwd=check.tree)
    bad = re.findall(r"^(?:ERROR|WARNING|CHECK):.*", out, re.M)
    check.tell(not code and not bad, claim,
               "; ".join(bad[:3]) or ("" if not code else out[-200:]))


def apply_patch(check, path, claim):
    code, out = git(check, "am", path)
    if code:
        git(check, "am", "--abort")
    return check.tell(not code, claim,
                      out.strip().splitlines()[0] if code else "")


def apply_needs(check, series):
    """What a series is applied on top of."""
    for need in words("needs_of " + series):
        for path in words("patches_of " + need):
            code, out = git(check, "am", path)
            if code:
                git(check, "am", "--abort")
                return check.tell(False, "%s: on top of %s" % (series, need),
                                  out.strip())
    return True


def host_tests(check, series):
    for path in sorted(glob.glob(os.path.join(PATCHES, series, "host/*.c"))):
        name = os.path.splitext(os.path.basename(path))[0]
        claim, program = "host/%s/%s" % (series, name), os.path.join(
            check.logs, "host_%s_%s" % (series, name))
        code, out = run(["gcc", "-std=gnu11", "-O1", "-g", "-Wall",
                         "-fsanitize=address,undefined",
                         "-fno-sanitize-recover=all", "-I", check.tree, "-I",
                         os.path.dirname(path), "-o", program, path])
        if not code:
            code, out = run([program])
        check.tell(not code, claim, out.strip().splitlines()[-1]
                   if out.strip() else "exit status %d" % code)


def check_series(check, series):
    patches = words("patches_of " + series)
    reset(check)
    if not patches:
        check.tell(False, series, "it has no patches")
        return
    if not apply_needs(check, series):
        return
    names = check.names
    start_objects(check, patches, names)
    for path in patches:
        number = os.path.basename(path).split("-")[0]
        if not apply_patch(check, path, "am/%s/%s" % (series, number)):
            return
        judge_style(check, path, "checkpatch/%s/%s" % (series, number))
        compile_objects(check, "compile/%s/%s/%s" % (series, number, names[0]),
                        names[0], patches, touched([path]))
    for name in names[1:]:
        compile_objects(check, "compile/%s/%s" % (series, name), name, patches,
                        ["Kconfig"])
    host_tests(check, series)


def check_stack(check, series):
    """All of them on each other; what all touch, together."""
    code, out = run([os.path.join(HERE, "stack.sh"), check.tree])
    print(out, end="", flush=True)
    check.failed += code != 0
    if code:
        return
    patches = [p for name in series for p in words("patches_of " + name)]
    start_objects(check, patches, check.names)
    for name in check.names:
        compile_objects(check, "compile/stack/" + name, name, patches,
                        ["Kconfig"])


def main():
    names = sys.argv[1:]
    if not names:
        sys.exit(__doc__)
    code, out = run([os.path.join(HERE, "source.sh")])
    if code:
        sys.exit(out)
    tree = out.split("\n")[-2]
    print("    " + out.strip().replace("\n", "\n    "), flush=True)
    check = Check(tree, names)
    with open(tree + ".check.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reset(check)
        names[:] = [name for name in names if configure(check, name) and
                    prepare(check, "prepare/" + name, name)]
        if names:
            series = words("series")
            for one in series:
                start = time.monotonic()
                check_series(check, one)
                print("    %s: %.0f s" % (one, time.monotonic() - start))
            check_stack(check, series)
            judge_warnings(check)
        reset(check)
    return check.failed != 0


if __name__ == "__main__":
    sys.exit(main())
