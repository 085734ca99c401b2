# Faults, limits, broken inputs: make fault (part of check), make fault-full
SHIM := $(BUILD)/fault/shim.so
SHIM_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fPIC
PYTHON := /usr/bin/python3

$(SHIM): tests/fault/shim.c tests/fault/shim_alloc.c tests/fault/shim.h
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -shared -o $@ $(filter %.c,$^) -ldl
