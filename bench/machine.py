# SPDX-License-Identifier: GPL-2.0-or-later
"""What the figures were measured on, and what else that machine did."""

import json
import os
import platform
import re
import subprocess
import time


LICENCE = "SPDX-License-Identifier: GPL-2.0-or-later"


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def cpu_model():
    found = re.search(r"^model name\s*:\s*(.*)$", read("/proc/cpuinfo"), re.M)
    return found.group(1).strip() if found else platform.machine()


def memory_gib():
    found = re.search(r"^MemTotal:\s*(\d+)", read("/proc/meminfo"), re.M)
    return round(int(found.group(1)) / 2**20, 1) if found else 0


def disk(folder):
    """The file system of FOLDER and the kind of device under it."""
    out = subprocess.run(
        ["findmnt", "-n", "-o", "SOURCE,FSTYPE", "-T", folder], check=False,
        capture_output=True, text=True).stdout.split()
    if len(out) < 2:
        return "unknown"
    name = os.path.basename(os.path.realpath(out[0]))
    driver = os.path.realpath("/sys/class/block/%s/device/driver" % name)
    kind = os.path.basename(driver) if os.path.isdir(driver) else "?"
    return "%s on %s (%s)" % (out[1], out[0], kind)


def describe(folder):
    return dict(cpu=cpu_model(), cpus=os.cpu_count(), memory_gib=memory_gib(),
                kernel=platform.release(), disk=disk(folder),
                virtual="hypervisor" in read("/proc/cpuinfo"))


def save(path, results, sort_keys=False):
    """Whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1, sort_keys=sort_keys)
        file.write("\n")
    os.rename(path + ".tmp", path)


def slug(machine):
    """A file name for that machine."""
    text = "%s-%dcpu" % (machine["cpu"], machine["cpus"])
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def busy_share(seconds=1.0):
    """How much of all CPUs others use while this process sleeps, 0 to 1."""
    before = Others.ticks()
    time.sleep(seconds)
    total, busy = Others.ticks()
    return (busy - before[1]) / max(1, total - before[0])


def load():
    return dict(average=round(os.getloadavg()[0], 2),
                busy=round(busy_share(), 3))


class Others:
    """What other work took of all CPUs while this process and the programs it
    ran did theirs. Kernel threads that write for them count as others."""

    def __init__(self):
        self.average = round(os.getloadavg()[0], 2)
        self.before = self.ticks()

    @staticmethod
    def ticks():
        words = [int(w) for w in read("/proc/stat").split("\n", 1)[0]
                 .split()[1:9]]
        busy = sum(words) - words[3] - words[4]
        own = sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK")
        return sum(words), busy - own

    def load(self):
        total, others = self.ticks()
        share = (others - self.before[1]) / max(1, total - self.before[0])
        return dict(average=self.average, busy=round(max(0, share), 3))


def is_idle(loads):
    return all(one["busy"] < 0.15 for one in loads)


def state(loads, idle=None):
    """What the tables say of it; IDLE: as it was judged then."""
    if is_idle(loads) if idle is None else idle:
        return "idle"
    return "**loaded**: others used %.0f %% of the CPUs" % (
        100 * max(one["busy"] for one in loads))
