# SPDX-License-Identifier: GPL-2.0-or-later
"""A small machine as each kernel that changed the layout of struct page would
leave it, in each memory model: every page at the dump levels of t_sets.py."""

import os

from harness import HERE
from images import Image
from t_sets import check_head, check_level, levels_of

WEIGHT = 2
KERNELS = ("5.10", "6.1", "6.6", "6.9", "6.12", "7.2")
MODELS = {
    "flat": ("model=flat",),
    "sparse": ("model=sparse", "physmem_bits=36"),
    "extreme": ("model=extreme",),
    "vmemmap": ("model=vmemmap",),
}


def cell(box, kernel, model):
    image = Image(box.path("vmcore"), os.path.join(HERE, "grid.txt"),
                  ("kernel=" + kernel,) + MODELS[model])
    for level in levels_of(kernel + "-" + model):
        dump = check_level(box, image, level, level == 0)
    check_head(dump, image)


def tests():
    for kernel in KERNELS:
        for model in MODELS:
            yield "%s-%s" % (kernel, model), cell, kernel, model
