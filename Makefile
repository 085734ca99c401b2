# SPDX-License-Identifier: GPL-2.0-or-later
# capdump: see README.md. Everything is built below build/.
# Codecs can be left out: make ZSTD=0 LZO=0 SNAPPY=0 ZLIB=0
# zlib by the slower library of that name: make LIBDEFLATE=0
# without debugging symbols, for -x: make LIBDW=0
# without sending to URLs: make CURL=0
# Another build beside it: make BUILD=build/asan SANITIZE=address,undefined
MAKEFLAGS += --no-builtin-rules
BUILD ?= build
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
SANITIZE ?=
ZSTD ?= 1
LZO ?= 1
SNAPPY ?= 1
ZLIB ?= 1
LIBDEFLATE ?= $(ZLIB)
LIBDW ?= 1
CURL ?= 1

VERSION := $(shell cat VERSION)
ALL_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE \
	-D_FILE_OFFSET_BITS=64 -DCAPDUMP_VERSION='"$(VERSION)"' -pthread $(CFLAGS)
LIBS := -lelf
ifeq ($(ZSTD),1)
ALL_CFLAGS += -DHAVE_ZSTD
LIBS += -lzstd
endif
ifeq ($(LZO),1)
ALL_CFLAGS += -DHAVE_LZO
LIBS += -llzo2
endif
ifeq ($(SNAPPY),1)
ALL_CFLAGS += -DHAVE_SNAPPY
LIBS += -lsnappy
endif
ifeq ($(LIBDEFLATE),1)
ALL_CFLAGS += -DHAVE_LIBDEFLATE
LIBS += -ldeflate
else ifeq ($(ZLIB),1)
ALL_CFLAGS += -DHAVE_ZLIB
LIBS += -lz
endif
# their headers; they are loaded when they are wanted
ifeq ($(LIBDW),1)
ALL_CFLAGS += -DHAVE_LIBDW
endif
ifeq ($(CURL),1)
ALL_CFLAGS += -DHAVE_CURL
endif
ifneq ($(filter 1,$(LIBDW) $(CURL)),)
LIBS += -ldl
endif
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
endif

MAIN_SRCS := $(wildcard src/*.c)
LIB_SRCS := $(wildcard src/*/*.c)
LIB := $(BUILD)/libcapdump.a
TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

all: $(BUILD)/capdump

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# a change of compiler or flags builds everything anew
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' > $@

$(LIB): $(call obj,$(LIB_SRCS))
	rm -f $@ && ar rcs $@ $^

$(BUILD)/capdump: $(call obj,$(MAIN_SRCS)) $(LIB)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# tests need not be fast, but be made quickly
$(BUILD)/tests/unit/%.o: private ALL_CFLAGS += -O1 -g1

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

unit-build: $(TESTS)
unit: $(TESTS)
	tests/unit/run $(TESTS)

clean:
	rm -rf $(BUILD)

FORCE:
.PHONY: all unit unit-build clean FORCE
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
include install.mk
-include $(wildcard tests/*/*.mk bench/*.mk kernel-patches/*.mk)
