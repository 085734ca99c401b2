# SPDX-License-Identifier: GPL-2.0-or-later
# A big-endian host: all of capdump on an emulated s390x. Its unit tests; end to
# end what reads and judges images, writes dumps and reads them back; and that
# each dump is what this machine writes, byte for byte.
#
# The fixtures are little-endian machines but for s390x's: with this machine's
# own runs that is every pair of host and image.
#
# Left out, for it would say nothing of byte order and takes its time:
# unit/test_kdump_fault (each write fails in turn) and unit/test_rfc8878 (the
# second decoder's own); e2e/install, e2e/options, e2e/output and e2e/scripts;
# most of e2e/sets and of e2e/readers: same.py has all of those fixtures. And
# e2e/notes/huge and e2e/matrix/memory-for-none, which measure memory: an emulator
# takes its own.
ENDIAN_UNIT = $(filter-out %/test_kdump_fault %/test_rfc8878, \
	$(patsubst tests/unit/%.c,$(ENDIAN_BUILD)/unit/%, \
	$(wildcard tests/unit/test_*.c)))
ENDIAN_E2E := $(addprefix e2e/,sets/good-s390x sets/good-6.12-vmemmap \
	sets/good-5.10-sparse sets/good-7.2-hvo broken kinds names notes/small \
	grid/5.10 grid/7.2 matrix/zstd-31 matrix/non-mmap) \
	$(addprefix e2e/readers/,verify cut flattened escapes)
ENDIAN_BUILD := build/s390x

s390x-host: $(BUILD)/capdump
	tests/endian/build $(ENDIAN_BUILD)
	EMULATOR=$(ENDIAN_BUILD)/emulator SUITE=s390x-unit \
		tests/unit/run $(ENDIAN_UNIT)
	CAPDUMP=$(abspath $<) FOREIGN=$(abspath $(ENDIAN_BUILD)/emulated) \
		E2E_FOLDER=$(abspath $(ENDIAN_BUILD))/same tests/endian/same.py
	CAPDUMP=$(abspath $(ENDIAN_BUILD)/emulated) CAPDUMP_SANITIZED=1 \
		E2E_FOLDER=$(abspath $(ENDIAN_BUILD))/e2e \
		tests/e2e/run.py $(ENDIAN_E2E)

.PHONY: s390x-host
