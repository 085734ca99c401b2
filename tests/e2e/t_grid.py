# SPDX-License-Identifier: GPL-2.0-or-later
"""A small machine as each kernel that changed the layout of struct page would
leave it, in each memory model: every page at every dump level."""

import os

from harness import HERE, LEVELS, Image, read_dump
from t_sets import check_head, check_level

WEIGHT = 2
KERNELS = ("5.10", "6.1", "6.6", "6.9", "6.12", "7.2")
MODELS = {
    "flat": ("model=flat",),
    "sparse": ("model=sparse", "physmem_bits=36"),
    "extreme": ("model=extreme",),
    "vmemmap": ("model=vmemmap",),
}


def cell(box, kernel, settings):
    image = Image(box.path("vmcore"), os.path.join(HERE, "grid.txt"),
                  ("kernel=" + kernel,) + settings)
    for level in LEVELS:
        check_level(box, image, level, level == 0)
    check_head(read_dump(box.path("dump")), image)


def tests():
    for kernel in KERNELS:
        for model, settings in MODELS.items():
            yield "%s-%s" % (kernel, model), cell, kernel, settings
