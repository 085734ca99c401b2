# SPDX-License-Identifier: GPL-2.0-or-later
# The second decoder of zstd frames and what makes pages for the page encoder.
ZSTD_SECOND := $(BUILD)/tests/zstd/rfc8878.o $(BUILD)/tests/zstd/entropy.o
ZSTD_PAGES := $(BUILD)/tests/zstd/made_page.o

$(BUILD)/unit/test_rfc8878: $(ZSTD_SECOND) $(ZSTD_PAGES)
