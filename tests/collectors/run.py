#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py [-j N] [-k] [-t] [NAME...]: capdump and the servers that others wrote, over
good and bad networks. As tests/e2e/run.py, whose arguments it takes. Needs what
./install installs, and root for the networks."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
sys.path.append(HERE)

import run as runner            # noqa: E402
import t_hostile                # noqa: E402
import t_networks               # noqa: E402
import t_servers                # noqa: E402
import t_several                # noqa: E402

if __name__ == "__main__":
    sys.exit(runner.main("remote", [
        ("remote/" + module.__name__[2:], module, module.WEIGHT)
        for module in (t_servers, t_several, t_hostile, t_networks)]))
