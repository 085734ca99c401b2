# SPDX-License-Identifier: GPL-2.0-or-later
# A big-endian host: all of capdump on an emulated s390x. Its unit tests; end to
# end what reads and judges images, writes dumps and reads them back; and that
# each dump is what this machine writes, byte for byte.
#
# The fixtures are little-endian machines but for s390x's: with this machine's
# own runs that is every pair of host and image.
#
# Left out of the end-to-end tests: e2e/install, e2e/options and e2e/scripts, as
# no number of another byte order passes there; e2e/notes/huge and
# e2e/matrix/memory-for-none, which measure memory, of which an emulator takes
# its own; most of e2e/matrix, for its time: dumps do not depend on threads and
# sinks in another way than here.
ENDIAN_E2E := e2e/sets e2e/broken e2e/kinds e2e/names e2e/notes/small \
	e2e/readers e2e/grid/5.10 e2e/grid/7.2 e2e/matrix/zstd-31 \
	e2e/matrix/non-mmap
ENDIAN_BUILD := build/s390x

s390x-host: $(BUILD)/capdump
	tests/endian/build $(ENDIAN_BUILD)
	EMULATOR=$(ENDIAN_BUILD)/emulator SUITE=s390x-unit \
		tests/unit/run $(ENDIAN_BUILD)/unit/test_*
	CAPDUMP=$(abspath $<) FOREIGN=$(abspath $(ENDIAN_BUILD)/emulated) \
		E2E_FOLDER=$(abspath $(ENDIAN_BUILD))/same tests/endian/same.py
	CAPDUMP=$(abspath $(ENDIAN_BUILD)/emulated) CAPDUMP_SANITIZED=1 \
		E2E_FOLDER=$(abspath $(ENDIAN_BUILD))/e2e \
		tests/e2e/run.py $(ENDIAN_E2E)

.PHONY: s390x-host
