# SPDX-License-Identifier: GPL-2.0-or-later
# Measurements, docs/performance.md. Never a part of check: timings are no
# tests. BENCH passes options on: make bench BENCH="--core small --level 31"
$(BUILD)/bench/%: $(BUILD)/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bench/slow: bench/guest/slow.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $<

bench-build: $(BUILD)/bench/bound $(BUILD)/bench/slow

bench:
	bench/install
	$(MAKE) all bench-build
	bench/bench.py $(BENCH)

# a capture kernel with little memory and a slow disk
bench-vm:
	bench/install
	$(MAKE) all bench-build
	bench/vm.sh

# the compressors on pages of 64 KiB
bench-64k:
	bench/install --ppc64
	$(MAKE) all bench-build
	bench/pages64.py --document

# where the instructions go
bench-split:
	bench/install
	$(MAKE) all
	bench/split.py --document

# other inputs and outputs than a vmcore and a compressed dump
bench-ways:
	bench/install
	$(MAKE) all
	bench/ways.py --document $(BENCH)

# to a store and to a server on loopback, beside a file
bench-remote:
	bench/install
	$(MAKE) all
	bench/remote.py --document $(BENCH)

# what equal pages that share their contents save and cost
bench-dedup:
	bench/install
	$(MAKE) all
	bench/dedup.py --document $(BENCH)

# what can break of them without a measurement
check-bench: $(BUILD)/capdump bench-build
	BUILD=$(abspath $(BUILD)) /usr/bin/python3 -B bench/selftest.py

.PHONY: bench-build bench bench-vm bench-64k bench-split bench-ways bench-remote \
	bench-dedup check-bench
