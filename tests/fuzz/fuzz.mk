# SPDX-License-Identifier: GPL-2.0-or-later
# make fuzz: each parser, FUZZ_SECONDS=40 each or half of that, with clang's libFuzzer and its
# address and undefined behaviour sanitizers, in a build of its own.
FUZZ_TARGETS := elf notes vmcoreinfo classify kdump split flat printk kernel zstd fadump initramfs
FUZZ_SANITIZE := fuzzer-no-link,address,undefined

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/patched.o $(LIB)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

# the targets that read dumps, with all that a dump may be cut off to
CUT_TARGETS := kdump split flat elf

$(BUILD)/cut_%: $(BUILD)/tests/fuzz/every_cut.o $(BUILD)/tests/fuzz/fuzz_%.o $(LIB)
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS)

fuzz-build: $(addprefix $(BUILD)/fuzz_,$(FUZZ_TARGETS)) \
	$(addprefix $(BUILD)/cut_,$(CUT_TARGETS))

fuzz: $(BUILD)/capdump
	$(MAKE) -s BUILD=build/fuzz CC=clang SANITIZE=$(FUZZ_SANITIZE) \
		CFLAGS="-O1 -g -fno-sanitize-recover=all" fuzz-build
	@rm -rf build/fuzz/seeds build/fuzz/bases build/fuzz/cuts
	@CAPDUMP=$(abspath $<) /usr/bin/python3 tests/fuzz/seeds.py build/fuzz
	@/usr/bin/python3 tests/fuzz/run.py build/fuzz $(FUZZ_TARGETS)

.PHONY: fuzz fuzz-build
