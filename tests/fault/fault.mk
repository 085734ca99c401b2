# SPDX-License-Identifier: GPL-2.0-or-later
# Faults, limits, interruptions, broken inputs: make fault is a part of check;
# fault-full, a part of check-full, tries every n and more of everything, and servers.
SHIM := $(BUILD)/fault/shim.so
SHIM_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fPIC
FAULT_PROGRAMS := interrupt nth elf badmem space hostile same mangle cuts \
	paranoid release split also triage

$(SHIM): tests/fault/shim.c tests/fault/shim_alloc.c tests/fault/shim.h
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -shared -o $@ $(filter %.c,$^) -ldl

fault: $(BUILD)/capdump $(BUILD)/fault/capdump-wrong $(SHIM)
	@BUILD=$(BUILD) tests/fault/run $(FAULT_PROGRAMS)

fault-full: $(BUILD)/capdump $(BUILD)/fault/capdump-wrong $(SHIM)
	@BUILD=$(BUILD) FULL=1 tests/fault/run $(FAULT_PROGRAMS) remote

# For a program with a sanitizer, which brings its own allocator: the shim
# without one, and a program whose allocations ask it.
$(BUILD)/fault/shim-plain.so: tests/fault/shim.c tests/fault/shim.h
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -shared -o $@ $(filter %.c,$^) -ldl

WRAPS := malloc calloc realloc reallocarray aligned_alloc strdup vasprintf
comma := ,
$(BUILD)/fault/capdump: $(call obj,$(MAIN_SRCS) tests/fault/wrap_alloc.c) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(addprefix -Wl$(comma)--wrap=,$(WRAPS)) \
		-o $@ $^ $(LIBS)

# a program whose codecs pack pages wrongly
WRONG_WRAPS := zstd_page_pack ZSTD_compress2 snappy_compress
$(BUILD)/fault/capdump-wrong: $(call obj,$(MAIN_SRCS) tests/fault/wrap_pack.c) \
		$(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) \
		$(addprefix -Wl$(comma)--wrap=,$(WRONG_WRAPS)) -o $@ $^ $(LIBS)

# every failing call, with leaks and worse on the way out seen
fault-sanitized: $(BUILD)/fault/capdump $(BUILD)/fault/shim-plain.so
	@CAPDUMP=$(BUILD)/fault/capdump SHIM=$(BUILD)/fault/shim-plain.so \
		PRELOAD=$$($(CC) -print-file-name=libasan.so) \
		CAPDUMP_SANITIZED=1 SUITE=asan-nth \
		/usr/bin/python3 tests/fault/nth.py

.PHONY: fault fault-full fault-sanitized
