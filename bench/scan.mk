# SPDX-License-Identifier: GPL-2.0-or-later
# Struct pages a second from 1 GiB to 64 TiB, beside the bound and makedumpfile
# on real vmcores: make bench-scan BENCH_SCAN="--document /path/to/vmcore"
bench-scan: $(BUILD)/bench/scan
	BUILD=$(abspath $(BUILD)) /usr/bin/python3 bench/scan.py $(BENCH_SCAN)

.PHONY: bench-scan
