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

# Every page of a vmcore through encoder and decoders: tests/vm runs it.
$(BUILD)/zstd/every_page: $(BUILD)/tests/zstd/every_page.o $(ZSTD_BOTH) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# The same frames from a big-endian machine.
S390X_CC ?= s390x-linux-gnu-gcc
S390X_RUN ?= qemu-s390x
ZSTD_FRAMES := tests/zstd/frames.c tests/zstd/made_page.c src/base/error.c \
	$(wildcard src/codec/zstd_*.c)
ZSTD_FRAMES_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE

$(BUILD)/zstd/frames: $(ZSTD_FRAMES) $(wildcard src/codec/zstd_*.h) FORCE
	@mkdir -p $(@D)
	$(CC) $(ZSTD_FRAMES_CFLAGS) -o $@ $(ZSTD_FRAMES)

$(BUILD)/zstd/frames.s390x: $(ZSTD_FRAMES) $(wildcard src/codec/zstd_*.h) FORCE
	@mkdir -p $(@D)
	$(S390X_CC) $(ZSTD_FRAMES_CFLAGS) -static -o $@ $(ZSTD_FRAMES)

endian: $(BUILD)/zstd/frames $(BUILD)/zstd/frames.s390x
	tests/zstd/endian $^ $(S390X_RUN)

.PHONY: endian
