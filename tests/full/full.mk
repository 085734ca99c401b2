# SPDX-License-Identifier: GPL-2.0-or-later
# make check-full: other compilers, sanitizers, fuzzing, kills. Each variant is
# built in a folder of its own below build/.
FULL_STEPS := fault-full e2e-full s390x-host asan clang tsan gen-selftest zlib endian \
	bare fuzz

check-full:
	tests/full/install
	$(MAKE) -j2 -s all $(SHIM)
	AT_ONCE=3 tests/check $(FULL_STEPS)

asan:
	$(MAKE) -s BUILD=build/asan SANITIZE=address,undefined \
		CFLAGS="-O1 -g -fno-sanitize-recover=all" all unit \
		fault-sanitized
	tests/full/fixtures build/asan/capdump
	CAPDUMP=$(abspath build/asan/capdump) CAPDUMP_SANITIZED=1 tests/full/store.py

# every level of every fixture, which e2e and peer take some of, and a machine
# that takes 20 seconds to describe
e2e-full: $(BUILD)/capdump
	FULL=1 CAPDUMP=$(abspath $<) E2E_FOLDER=$(abspath $(BUILD))/e2e-full \
		WITH_E2E=1 tests/peer/run.py peer/sets $(addprefix e2e/,sets \
		grid devices matrix elf notes chains)

# threads do the same whatever the machine: x86_64's that are not broken
tsan:
	$(MAKE) -s BUILD=build/tsan SANITIZE=thread CFLAGS="-O1 -g" all
	FIXTURES='good-[0-9]*' TSAN_OPTIONS=halt_on_error=1 \
		tests/full/fixtures build/tsan/capdump --num-threads 4

clang:
	FULL=1 $(MAKE) -s BUILD=build/clang CC=clang all unit

# the zlib format by zlib
zlib:
	$(MAKE) -s BUILD=build/zlib LIBDEFLATE=0 all build/zlib/unit/test_codec
	build/zlib/capdump -v | grep -q '^zlib [0-9]'
	tests/unit/run build/zlib/unit/test_codec

# without any codec, and without libcurl
bare: $(BUILD)/capdump
	$(MAKE) -s BUILD=build/bare ZSTD=0 LZO=0 SNAPPY=0 ZLIB=0 CURL=0 all
	build/bare/capdump -v
	tests/full/bare build/bare/capdump $(BUILD)/capdump

.PHONY: check-full e2e-full asan tsan clang zlib bare
