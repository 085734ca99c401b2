# SPDX-License-Identifier: GPL-2.0-or-later
"""The plot: for each case bars that say how many times as fast as
makedumpfile without threads capdump is, with one CPU and with two."""

from xml.sax.saxutils import escape

import tables

COLOURS = {1: "#4477aa", 2: "#cc6677"}
LEFT, BAR, GAP, SCALE, TOP = 250, 13, 9, 120, 64


def bars(results):
    """(label, {cpus: row}) of everything to draw."""
    for case in tables.ordered(results):
        found = {}
        for row in tables.rows(case):
            if row["name"].startswith("capdump"):
                found.setdefault(row["name"], {})[row["cpus"]] = row
        for name, by_cpus in sorted(found.items()):
            yield "%s -d %d %s%s" % (case["core"], case["level"],
                                     case["codec"],
                                     name[len("capdump"):]), by_cpus


def rectangle(x, y, width, height, colour):
    return '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" ' \
        'fill="%s"/>' % (x, y, width, height, colour)


def label(x, y, text, anchor="start", size=12):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d">%s' \
        '</text>' % (x, y, anchor, size, escape(text))


def body(groups, most):
    """The axis, then the bars."""
    step = 2 * BAR + GAP
    bottom = TOP + step * len(groups)
    for tick in range(int(most) + 2):
        x = LEFT + SCALE * tick
        yield '<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s"/>' % (
            x, TOP - 6, x, bottom, "#000" if tick == 1 else "#ddd")
        yield label(x, TOP - 10, str(tick), "middle", 11)
    for number, (name, by_cpus) in enumerate(groups):
        y = TOP + step * number
        yield label(LEFT - 8, y + BAR + 4, name, "end")
        for place, cpus in enumerate((1, 2)):
            if cpus not in by_cpus:
                continue
            row = by_cpus[cpus]
            yield rectangle(LEFT, y + place * BAR, SCALE * row["faster"],
                            BAR - 1, COLOURS[cpus])
            bound = ", %.0f %% of the bound" % (100 * row["bound"]) \
                if row["bound"] else ""
            yield label(LEFT + SCALE * row["faster"] + 4,
                        y + place * BAR + BAR - 3,
                        "%.2f%s" % (row["faster"], bound), size=10)


def write(path, results):
    groups = list(bars(results))
    if not groups:
        return
    where = results["machine"]
    most = max(row["faster"] for _, by_cpus in groups
               for row in by_cpus.values())
    width = LEFT + SCALE * (int(most) + 2) + 120
    height = TOP + (2 * BAR + GAP) * len(groups) + 12
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!-- SPDX-License-Identifier: GPL-2.0-or-later -->',
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
        'font-family="sans-serif">' % (width, height),
        rectangle(0, 0, width, height, "#fff"),
        label(12, 20, "capdump: times as fast as makedumpfile without "
              "threads, same codec and level", size=14),
        label(12, 38, "%s, %d CPUs, Linux %s; until the dump is on the disk"
              % (where["cpu"], where["cpus"], where["kernel"]), size=11)]
    for place, cpus in enumerate((1, 2)):
        x = width - 190 + 80 * place
        lines.append(rectangle(x, 10, 12, 12, COLOURS[cpus]))
        lines.append(label(x + 16, 20, "%d CPU%s" % (
            cpus, "s" if cpus > 1 else ""), size=11))
    lines += body(groups, most)
    lines.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
