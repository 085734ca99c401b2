# SPDX-License-Identifier: GPL-2.0-or-later
# The house rules (CONTRIBUTING.md), as far as a program can check them.
lint: $(BUILD)/capdump
	tests/lint/lint.py $(BUILD)

.PHONY: lint
