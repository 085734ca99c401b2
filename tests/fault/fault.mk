# SPDX-License-Identifier: GPL-2.0-or-later
# Faults, limits, interruptions, broken inputs: a part of check; with FULL=1
# every n and more of everything.
SHIM := $(BUILD)/fault/shim.so
SHIM_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fPIC
FAULT_PROGRAMS := nth badmem space hostile

$(SHIM): tests/fault/shim.c tests/fault/shim_alloc.c tests/fault/shim.h
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -shared -o $@ $(filter %.c,$^) -ldl

fault: $(BUILD)/capdump $(SHIM)
	@rc=0; for p in $(FAULT_PROGRAMS); do \
		BUILD=$(BUILD) /usr/bin/python3 tests/fault/$$p.py || rc=1; \
	done; exit $$rc

.PHONY: fault
