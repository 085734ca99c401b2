# SPDX-License-Identifier: GPL-2.0-or-later
# The patches for Linux, as far as one architecture shows them (README.md).
check-patches:
	$(MAKE) -s -C kernel-patches check ARCHS=x86_64

.PHONY: check-patches
