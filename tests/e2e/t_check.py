# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump check: a machine that would capture its crash, as a copy of its /proc,
/sys and settings; then the same with one thing changed, for each check one
change that it tells and one that it does not mind."""

import gzip
import json
import os
import re
import subprocess

from harness import CAPDUMP, Skip, equal, need
from archive import cpio, zstd
from machine_tree import (RELEASE, INITRD, DRACUT, IOMEM, HIGH, FLAGS, RULE,
                          EARLY, PLAIN, build, machine)


def check(box, root, *words, code=None):
    """{check: result}, {id: finding}, exit status."""
    done = box.run("check", "--json", "--machine-root", root, *words)
    need(not done.err, "%s", done.err)
    answer = json.loads(done.out)
    equal("status", answer["status"], done.code)
    if code is not None:
        equal("exit status of %s" % answer, done.code, code)
    found = {f["id"]: f for c in answer["checks"] for f in c["findings"]}
    for finding in found.values():
        need(finding["text"] and finding["severity"], "%s", finding)
    return ({c["check"]: c["result"] for c in answer["checks"]}, found, answer)


def good(box):
    """All is well: status 0, nothing above a notice, and where it is."""
    root = build(box, machine())
    results, _, answer = check(box, root, code=0)
    equal("results", results, {
        "crash-kernel": "ok", "reservation": "ok", "fadump": "not applicable",
        "initramfs": "ok", "target": "ok", "encryption": "not applicable",
        "hotplug": "not applicable", "device-memmap": "not applicable",
        "acpi": "ok"})
    equal("loaded", answer["loaded"], True)
    equal("reserved", [r["range"] for r in answer["reserved"]],
          [[0xa0000000, 0xb0000000]])
    text = box.good("check", "--machine-root", root).out.decode()
    lines = text.splitlines()
    need(len(lines) <= 24 and "will be captured" in lines[-1], "%s", text)
    for name, result in results.items():
        equal(name, " %s " % name in text, result != "not applicable")
    need("256.0 MiB at a0000000-afffffff" in text, "%s", text)


OFF = {"sys/kernel/kexec_crash_loaded": "0\n"}
NOTHING = {**OFF, "proc/iomem": re.sub(".*Crash.*\n", "", IOMEM),
           "sys/kernel/kexec_crash_size": "0\n"}
FADUMP = {**NOTHING, "proc/sys/kernel/arch": "ppc64le\n",
          "proc/cmdline": "fadump=on crashkernel=1G\n",
          "sys/kernel/fadump/enabled": "1\n",
          "sys/kernel/fadump/registered": "1\n",
          INITRD: None, "boot/initrd.img-" + RELEASE: PLAIN}
PFN = "sys/bus/nd/devices/pfn0.1/"
PMEM = {PFN + "mode": "pmem\n", PFN + "resource": "0x200a00000\n",
        PFN + "size": "534773760\n", PFN + "namespace": "namespace0.0\n",
        "proc/iomem": IOMEM + "200000000-21fffffff : Persistent Memory\n"
                              "  200000000-21fffffff : namespace0.0\n"}
TOLD = {**PMEM, "proc/iomem": PMEM["proc/iomem"] +
        "    200002000-2009fffff : Device Backed Vmemmap\n"}
SLOT = {"sys/bus/acpi/devices/PNP0C80:00/status": "15\n"}
CPUS = {"sys/devices/system/cpu/possible": "0-7\n"}
GUEST = {"proc/cpuinfo": FLAGS % "sev hypervisor"}
HOST = {"proc/cpuinfo": FLAGS % "sme sev"}
FSTAB = {"etc/fstab": "# none\n/dev/vda1 / ext4 defaults 0 1\n"
                      "UUID=1 /var/crash ext4 defaults 0 2\n"}
FEDORA = {"etc/default/kdump-tools": None, "usr/sbin/kdump-config": None,
          "usr/bin/kdumpctl": "", INITRD: None}
SUSE = {"etc/default/kdump-tools": None, "usr/sbin/kdump-config": None,
        INITRD: None,
        "usr/sbin/mkdumprd": "", "etc/sysconfig/kdump": "KDUMP_CPUS=1\n"}
ROOT = "/dev/vda1 / ext4 rw 0 0\n"

# name: (what is changed, check, the finding's id, or its result if there is
# none, exit status)
CASES = {
    # what captures
    "loaded-new": ({"sys/kernel/kexec_crash_loaded": None,
                    "sys/kernel/kexec/crash_loaded": "1\n"},
                   "crash-kernel", "ok", 0),
    "not-loaded": (OFF, "crash-kernel", "not-loaded", 2),
    "not-loaded-new": ({**OFF, "sys/kernel/kexec_crash_loaded": None,
                        "sys/kernel/kexec/crash_loaded": "0\n"},
                       "crash-kernel", "not-loaded", 2),
    "no-kexec": ({"sys/kernel/kexec_crash_loaded": None}, "crash-kernel",
                 "no-kexec", 2),
    "crash-kernel-itself": ({**OFF, "proc/vmcore": ""}, "crash-kernel",
                            "crash-kernel-itself", 2),
    "disabled": ({**OFF, "proc/sys/kernel/kexec_load_disabled": "1\n"},
                 "crash-kernel", "loading-disabled", 2),
    "disabled-after": ({"proc/sys/kernel/kexec_load_disabled": "1\n"},
                       "crash-kernel", "ok", 0),
    "limit": ({**OFF, "proc/sys/kernel/kexec_load_limit_panic": "0\n"},
              "crash-kernel", "loading-disabled", 2),
    # what is reserved
    "nothing-reserved": (NOTHING, "reservation", "nothing-reserved", 2),
    "hidden": ({"proc/iomem": re.sub("[0-9a-f]{8,}", "00000000", IOMEM)},
               "reservation", "unreadable", 0),
    "high-alone": ({"proc/iomem": HIGH}, "reservation", "no-low-memory", 1),
    "high-arm64": ({"proc/iomem": HIGH, "proc/sys/kernel/arch": "aarch64\n"},
                   "reservation", "ok", 0),
    "small": ({"proc/iomem": IOMEM.replace("afffffff", "a5ffffff")},
              "reservation", "reservation-small", 1),
    "tight": ({"proc/iomem": IOMEM.replace("afffffff", "a7ffffff")},
              "reservation", "reservation-tight", 0),
    "small-cma": ({"proc/iomem": IOMEM.replace("afffffff", "a5ffffff"),
                   "sys/kernel/kexec/crash_cma_ranges":
                   "120000000-127ffffff\n"}, "reservation", "ok", 0),
    "small-high": ({"proc/iomem": HIGH.replace("12fffffff", "125ffffff")
                    .replace("  01000000",
                             "  20000000-2fffffff : Crash kernel\n"
                             "  01000000")}, "reservation",
                   "reservation-small", 1),
    "high-and-low": ({"proc/iomem": HIGH.replace(
        "  01000000", "  20000000-2fffffff : Crash kernel\n  01000000")},
        "reservation", "ok", 0),
    # firmware's dumps
    "fadump": (FADUMP, "fadump", "ok", 0),
    "fadump-old": ({**FADUMP, "sys/kernel/fadump/enabled": None,
                    "sys/kernel/fadump/registered": None,
                    "sys/kernel/fadump_enabled": "1\n",
                    "sys/kernel/fadump_registered": "1\n"},
                   "fadump", "ok", 0),
    "fadump-not-registered": (
        {**FADUMP, "sys/kernel/fadump/registered": "0\n"},
        "fadump", "not-registered", 2),
    "fadump-off": ({**FADUMP, **{k: machine()[k] for k in (*NOTHING, INITRD)},
                    "sys/kernel/fadump/enabled": "0\n"},
                   "fadump", "fadump-off", 1),
    # devices' struct pages
    "pmem-missing": (PMEM, "device-memmap", "memmap-missing", 1),
    "pmem-told": (TOLD, "device-memmap", "ok", 0),
    "pmem-disabled": ({**PMEM, PFN + "resource": None}, "device-memmap",
                      "not applicable", 0),
    "pmem-in-memory": ({**PMEM, PFN + "mode": "ram\n"}, "device-memmap",
                       "ok", 0),
    "pmem-large": ({**PMEM, PFN + "mode": "ram\n", PFN + "size": "17179869184\n"},
                   "device-memmap", "memmap-large", 1),
    # what comes and goes
    "memory-slot": (SLOT, "hotplug", "hotplug-memory", 1),
    "memory-kernel": (
        {**SLOT, "sys/devices/system/memory/crash_hotplug": "1\n"},
        "hotplug", "ok", 0),
    "memory-kernel-not": (
        {**SLOT, "sys/devices/system/memory/crash_hotplug": "0\n"},
        "hotplug", "hotplug-memory", 1),
    "memory-rule": (
        {**SLOT, "lib/udev/rules.d/50-kdump-tools.rules": RULE % "memory"},
        "hotplug", "ok", 0),
    # what cannot be read among the rules hides none
    "memory-rule-behind": (
        {**SLOT, "lib/udev/rules.d/10-folder/x": "",
         "lib/udev/rules.d/50-kdump-tools.rules": RULE % "memory"},
        "hotplug", "ok", 0),
    "memory-other-rule": (
        {**SLOT, "usr/lib/udev/rules.d/50-x.rules": "#" + RULE % "memory" +
         RULE % "cpu"}, "hotplug", "hotplug-memory", 1),
    "memory-offline": ({"sys/devices/system/memory/memory3/state":
                        "offline\n"}, "hotplug", "hotplug-memory", 1),
    "memory-online": ({"sys/devices/system/memory/memory3/state":
                       "online\n"}, "hotplug", "not applicable", 0),
    "cpus": (CPUS, "hotplug", "hotplug-cpu", 0),
    "cpus-ppc64": ({**CPUS, "proc/sys/kernel/arch": "ppc64le\n"}, "hotplug",
                   "hotplug-cpu", 1),
    "cpus-kernel": ({**CPUS, "sys/devices/system/cpu/crash_hotplug": "1\n"},
                    "hotplug", "ok", 0),
    "fadump-hotplug": ({**FADUMP, **SLOT,
                        "sys/kernel/fadump/hotplug_ready": "1\n"},
                       "hotplug", "ok", 0),
    "fadump-hotplug-not": ({**FADUMP, **SLOT}, "hotplug", "hotplug-memory",
                           1),
    # encrypted memory
    "guest": (GUEST, "encryption", "ok", 0),
    "guest-snp": ({"sys/devices/platform/sev-guest/uevent": ""},
                  "encryption", "ok", 0),
    "guest-high": ({**GUEST, "proc/iomem": HIGH}, "encryption", "no-swiotlb",
                   2),
    "guest-little-low": (
        {**GUEST, "proc/iomem": HIGH.replace(
            "  01000000", "  04000000-05ffffff : Crash kernel\n  01000000")},
        "encryption", "swiotlb-low", 1),
    "guest-option": ({**GUEST, "proc/cmdline": "crashkernel=256M "
                      "swiotlb=81920\n"}, "encryption", "swiotlb-large", 1),
    "guest-append": ({**GUEST, "etc/default/kdump-tools":
                      'KDUMP_CMDLINE_APPEND="nr_cpus=1 swiotlb=81920"\n'},
                     "encryption", "swiotlb-large", 1),
    "host": (HOST, "encryption", "not applicable", 0),
    "host-on": ({**HOST, "proc/cmdline": "mem_encrypt=on crashkernel=1M\n"},
                "encryption", "ok", 0),
    "host-high": ({**HOST, "proc/iomem": HIGH,
                   "proc/cmdline": "mem_encrypt=on\n"},
                  "encryption", "swiotlb-low", 1),
    "s390x-guest": ({"sys/firmware/uv/prot_virt_guest": "1\n",
                     "proc/sys/kernel/arch": "s390x\n"}, "encryption", "ok",
                    0),
    "s390x-guest-high": ({"sys/firmware/uv/prot_virt_guest": "1\n",
                          "proc/iomem": HIGH,
                          "proc/sys/kernel/arch": "s390x\n"}, "encryption",
                         "ok", 0),
    # firmware's memory
    "acpi-inside": ({"proc/iomem": IOMEM.replace(
        "Crash kernel\n", "Crash kernel\n    a8000000-a80fffff : ACPI Tables\n")},
        "acpi", "firmware-memory", 1),
    "reserved-inside": ({"proc/iomem": IOMEM.replace(
        "Crash kernel\n", "Crash kernel\n    a8000000-a80fffff : reserved\n")},
        "acpi", "firmware-memory", 1),
    # by nodes, and around it
    "reserved-itself": ({"proc/iomem": IOMEM.replace(
        "Crash kernel\n", "Crash kernel\n    a0000000-a7ffffff : reserved\n"
        "    a8000000-afffffff : reserved\n")}, "acpi", "ok", 0),
    "reserved-around": ({"proc/iomem": IOMEM.replace(
        "  a0000000", "  9f000000-afffffff : reserved\n    a0000000")},
        "acpi", "ok", 0),
    "no-acpi": ({"proc/iomem": re.sub(".*ACPI.*\n", "", IOMEM)}, "acpi",
                "not applicable", 0),
    # where the dump goes
    "target-missing": ({"etc/default/kdump-tools": "KDUMP_COREDIR=/var/none"},
                       "target", "target-missing", 1),
    "target-file": ({"etc/default/kdump-tools":
                     "KDUMP_COREDIR=/var/crash/kexec_cmd"}, "target",
                    "target-no-folder", 1),
    "target-read-only": ({"proc/mounts": ROOT.replace("rw", "ro")}, "target",
                         "target-read-only", 1),
    "target-remounted": ({"proc/mounts": ROOT.replace("rw", "ro") + ROOT},
                         "target", "ok", 0),
    "target-in-memory": ({"proc/mounts": ROOT + "tmpfs /var/crash tmpfs rw 0 0\n"},
                         "target", "target-volatile", 1),
    "target-beside": ({"proc/mounts": ROOT + "tmpfs /var/cra tmpfs ro 0 0\n"},
                      "target", "ok", 0),
    "target-not-mounted": (FSTAB, "target", "target-not-mounted", 1),
    "target-noauto": ({"etc/fstab": FSTAB["etc/fstab"].replace(
        "crash ext4 defaults", "crash ext4 noauto,user")}, "target", "ok", 0),
    # what is mounted below it counts
    "target-mounted-below": (
        {"etc/fstab": "/dev/vdb /var ext4 defaults 0 2\n" + FSTAB["etc/fstab"],
         "proc/mounts": ROOT + "/dev/vdb /var/crash ext4 rw 0 0\n"},
        "target", "ok", 0),
    "target-mounted": ({**FSTAB, "proc/mounts":
                        ROOT + "/dev/vdb /var/crash ext4 rw 0 0\n"},
                       "target", "ok", 0),
    "target-below-ram": ({"proc/iomem": IOMEM +
                          "1000000000000-1ffffffffffff : System RAM\n"},
                         "target", "target-below-ram", 0),
    "target-server": ({"etc/default/kdump-tools": 'SSH="kdump@server"\n'},
                      "target", "target-elsewhere", 0),
    "target-unknown": ({"etc/default/kdump-tools": None}, "target",
                       "target-unknown", 0),
    "target-conf": ({"etc/kdump.conf": "#path /none\npath /var/crash\n"},
                    "target", "ok", 0),
    "target-conf-missing": ({"etc/kdump.conf": "path /var/none\n"}, "target",
                            "target-missing", 1),
    "target-conf-device": ({"etc/kdump.conf": "ext4 /dev/vdb\npath /dumps\n",
                            "proc/mounts": ROOT +
                            "/dev/vdb /mnt/a\\040disk ext4 rw 0 0\n",
                            "mnt/a disk/dumps/old": ""}, "target", "ok", 0),
    "target-conf-not-here": ({"etc/kdump.conf": "xfs UUID=17\n"}, "target",
                             "target-elsewhere", 0),
    "target-suse": (SUSE, "target", "ok", 0),
    "target-suse-file": ({**SUSE, "etc/sysconfig/kdump":
                          'KDUMP_SAVEDIR="file:///var/none file:///var"\n'},
                         "target", "target-missing", 1),
    "target-suse-path": ({**SUSE, "etc/sysconfig/kdump":
                          "KDUMP_SAVEDIR=/var/crash/kexec_cmd\n"}, "target",
                         "target-no-folder", 1),
    "target-suse-server": ({**SUSE, "etc/sysconfig/kdump":
                            "KDUMP_SAVEDIR=sftp://me:p@ss@host/dir@ys\n"},
                           "target", "target-elsewhere", 0),
    "not-loaded-suse": ({**SUSE, **OFF}, "crash-kernel", "not-loaded", 2),
    # the initramfs
    "initramfs-unknown": ({INITRD: None}, "initramfs", "initramfs-unknown",
                          0),
    "initramfs-xz": ({INITRD: EARLY + b"\xfd7zXZ\0" + b"x" * 100},
                     "initramfs", "initramfs-packed", 0),
    "initramfs-cut": ({INITRD: PLAIN[:-9]}, "initramfs", "initramfs-damaged",
                      1),
    "initramfs-squash": (
        {**FEDORA, DRACUT: zstd(cpio(("squash-root.img", 0o100644, b"hsqs")))},
        "initramfs", "initramfs-packed", 0),
    "disk-other": ({"usr/bin/makedumpfile": "not capdump"}, "initramfs",
                   "capdump-not-used", 0),
    "capdump-missing": (
        {**FEDORA, DRACUT: cpio(("usr/sbin/makedumpfile", 0o100755, b"x"))},
        "initramfs", "capdump-missing", 1),
}


def case(box, change, name, want, code):
    root = build(box, {**machine(), **change})
    results, found, answer = check(box, root, code=code)
    if want in ("ok", "not applicable"):
        equal(name + " of %s" % answer, results[name], want)
        return
    need(want in found, "no %s: %s", want, answer)
    of = [c["check"] for c in answer["checks"]
          if want in [f["id"] for f in c["findings"]]]
    equal("the check", of, [name])


def libraries():
    """{name: path} of what capdump is linked to, as the loader finds it."""
    out = subprocess.run(["ldd", CAPDUMP], check=False, capture_output=True,
                         text=True).stdout
    found = dict(re.findall(r"(\S+) => (/\S+)", out))
    found.update((os.path.basename(p), p)
                 for p in re.findall(r"^\s+(/\S+ld\S*)", out, re.M))
    if "libc.so.6" not in found:
        raise Skip("capdump is not linked to glibc here: %s" % out)
    return found


def started(box):
    """In each kind of archive: the program and all libraries; without one, be
    it of the program's or of a library's."""
    def image(without="", link=True):
        files = [("usr", 0o40755, b""),
                 ("usr/sbin/makedumpfile", 0o120777, b"capdump")
                 if link else ("usr/bin/x", 0o100644, b"")]
        with open(CAPDUMP, "rb") as file:
            files.append(("usr/sbin/capdump", 0o100755, file.read()))
        for name, path in libraries().items():
            if name == without:
                continue
            with open(path, "rb") as file:
                content = file.read()
            # a link to the file with the whole version, as distributions do
            files += [("usr/lib/%s" % name, 0o120777,
                       b"../lib64/%s.9.9" % name.encode()),
                      ("usr/lib64/%s.9.9" % name, 0o100644, content)]
        return cpio(*files)

    whole = image()
    root = build(box, {**machine(), **FEDORA, DRACUT: whole})
    for content in (whole, gzip.compress(whole, 1), zstd(whole),
                    EARLY + gzip.compress(whole, 1), EARLY + zstd(whole),
                    EARLY + whole + b"\0" * 512):
        build(box, {DRACUT: content})
        results, found, _ = check(box, root, code=0)
        equal("initramfs", results["initramfs"], "ok")
        need("the %d libraries" % len(libraries()) in
             found["initramfs"]["text"], "%s", found)
    direct = "libelf.so.1"
    last = [n for n in libraries() if n.startswith("ld-")][0]
    for name in (direct, last):
        build(box, {DRACUT: EARLY + zstd(image(without=name))})
        _, found, _ = check(box, root, code=2)
        need(found["library-missing"]["text"].endswith("lacks " + name),
             "%s", found)
    # another program can still make the dump
    build(box, {DRACUT: image(without=direct, link=False) + cpio(
        ("bin/makedumpfile", 0o100755, b"the other one"))})
    check(box, root, code=1)


def named(box):
    """The target of the command line; words that make no sense, and a machine
    that is not there, are status 3."""
    root = build(box, {**machine(), "srv/x": ""})
    check(box, root, "/srv", code=0)
    check(box, root, "srv", code=0)
    _, found, _ = check(box, root, "/none", code=1)
    equal("fix", found["target-missing"]["fix"], "mkdir -p /none")
    for words in (("--machine-root", root, "--files", "x"), ("--frob",),
                  ("--machine-root", "/nonexistent"), ("-d", "31")):
        result = box.bad(3, "check", *words)
        equal("lines", len(result.err.splitlines()), 1)
        equal("stdout", result.out, b"")


def masked(box):
    """What stands before a server's name in an URL may be a password."""
    root = build(box, {**machine(), **SUSE, "etc/sysconfig/kdump":
                       "KDUMP_SAVEDIR=cifs://me:p@ss@host/dir@ys\n"})
    _, found, _ = check(box, root)
    need("goes to cifs://host/dir@ys," in found["target-elsewhere"]["text"],
         "%s", found)


def anybody(box):
    """Whoever asks, it is root that writes the dump."""
    root = build(box, machine())
    user = {} if os.geteuid() else {"user": 65534}
    try:
        done = subprocess.run(
            [CAPDUMP, "check", "--json", "--machine-root", root], check=False,
            capture_output=True, timeout=240, **user)
    except PermissionError as err:
        raise Skip("another user cannot run capdump here") from err
    equal("exit status of %s" % done.stdout, done.returncode, 0)


def links(box):
    """A link in a copy of a machine leads to a file of the copy."""
    root = build(box, {**machine(), "proc/iomem": None,
                       "somewhere/iomem": IOMEM})
    os.symlink("/somewhere/iomem", os.path.join(root, "proc/iomem"))
    _, _, answer = check(box, root)
    equal("reserved", [r["range"] for r in answer["reserved"]],
          [[0xa0000000, 0xb0000000]])
    os.unlink(os.path.join(root, "proc/iomem"))
    beside = build(box, {"iomem": IOMEM}, name="beside")
    os.symlink("../../beside/iomem", os.path.join(root, "proc/iomem"))
    need(os.path.exists(os.path.join(beside, "iomem")), "no file")
    _, _, answer = check(box, root)
    equal("reserved", answer["reserved"], [])


def no_sys(box):
    """A copy without /sys does not tell whether a crash kernel is loaded."""
    root = build(box, {path: content for path, content in machine().items()
                       if not path.startswith("sys/")})
    results, _, _ = check(box, root, code=0)
    equal("crash-kernel", results["crash-kernel"], "notice")


def hostile(box):
    """Settings and names that would drive a terminal, or break JSON."""
    root = build(box, {**machine(), "etc/default/kdump-tools":
                       'KDUMP_COREDIR="/no\x1b[2J\\"ne"\n',
                       "proc/iomem": IOMEM + "x" * 3000 + "\n-\n"
                       "ffffffffffffffff-0 : x\n"})
    check(box, root, code=1)
    result = box.bad(1, "check", "--machine-root", root)
    need(b"\x1b" not in result.out, "%r", result.out)
    # a command that is pasted into a shell does what it says
    for folder in ("/none; echo x", "/it's $(echo x)", "/no `x`",
                   "/" + "'" * 150, "/" + "n" * 220):
        _, found, _ = check(box, root, folder, code=1)
        fix = found["target-missing"]["fix"]
        if len(folder) > 100:
            equal("fix", fix, "mkdir -p ...")
            continue
        words = subprocess.run(["sh", "-c", "printf '%s\\n' " + fix],
                               check=True, capture_output=True, text=True)
        equal("words", words.stdout.splitlines(), ["mkdir", "-p", folder])
    build(box, {"proc/mounts": ROOT + "d /" + "\\040" * 900000 +
                " ext4 rw 0 0\n"})
    check(box, root, code=1)
    build(box, {"sys/kernel/kexec/crash_cma_ranges": "nonsense\n",
                "proc/mounts": "\\0\n a \\777 \n/ /\n",
                "etc/fstab": "\0\0\n"})
    check(box, root)


def live(box):
    """This machine, whatever it is like: an answer, at once with --quick."""
    for words in (("--quick",), ("--quick", "/tmp"), ("--quick", "none")):
        result = box.run("check", "--json", *words)
        answer = json.loads(result.out)
        equal("status", answer["status"], result.code)
        equal("checks", len(answer["checks"]), 9)


def tests():
    yield "good", good
    for name, row in CASES.items():
        yield "case/" + name, case, *row
    yield "started", started
    yield "named", named
    yield "masked", masked
    yield "anybody", anybody
    yield "links", links
    yield "no-sys", no_sys
    yield "hostile", hostile
    yield "live", live
