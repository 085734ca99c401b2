# SPDX-License-Identifier: GPL-2.0-or-later
"""The configurations of docs/collector.md are those that run here: their places and
ports are put in for the doc's, all else is as it stands there."""

import os
import re

from harness import TOP, Fail


def block(heading, number=0, **replace):
    """The code block NUMBER (none has a blank line) below the heading, without its
    indent. What is to be
    replaced has to be there."""
    with open(os.path.join(TOP, "docs", "collector.md"),
              encoding="utf-8") as file:
        text = file.read()
    found = re.search(r"^## %s$(.*?)(?=^## |\Z)" % re.escape(heading), text,
                      re.M | re.S)
    if not found:
        raise Fail("docs/collector.md has no heading " + heading)
    blocks = re.findall(r"(?:^    .*\n)+", found.group(1), re.M)
    code = re.sub(r"^    ", "", blocks[number].strip("\n") + "\n", flags=re.M)
    for old, new in replace.get("words", {}).items():
        if old not in code:
            raise Fail("docs/collector.md, %s: no %r in block %d"
                       % (heading, old, number))
        code = code.replace(old, new)
    return code
