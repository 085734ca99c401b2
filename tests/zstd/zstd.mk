# SPDX-License-Identifier: GPL-2.0-or-later
# The second decoder of zstd frames, what makes pages for the page encoder, and
# what judges its frames by both decoders.
ZSTD_SECOND := $(addprefix $(BUILD)/tests/zstd/,rfc8878.o entropy.o made_page.o)
ZSTD_BOTH := $(ZSTD_SECOND) $(BUILD)/tests/zstd/both.o
ZSTD_TESTS := $(addprefix $(BUILD)/unit/test_zstd_,page entropy) \
	$(BUILD)/fuzz_zstd

$(BUILD)/unit/test_rfc8878: $(ZSTD_SECOND)
$(ZSTD_TESTS): $(ZSTD_BOTH)
# what these need stands before them in the line
$(ZSTD_TESTS): LIBS := $(LIB) $(LIBS)
