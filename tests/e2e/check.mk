# SPDX-License-Identifier: GPL-2.0-or-later
# make check: all that needs no virtual machine and little time.

# the long ones first: three run at a time on two CPUs, since some wait often
CHECK_STEPS := e2e-peer $(if $(wildcard tests/fault/fault.mk),fault) unit lint \
	check-bench

check:
	tests/install
	$(MAKE) -j2 -s all unit-build bench-build $(SHIM)
	AT_ONCE=3 tests/check $(CHECK_STEPS)

e2e: $(BUILD)/capdump
	CAPDUMP=$(abspath $<) E2E_FOLDER=$(abspath $(BUILD))/e2e \
		tests/e2e/run.py $(E2E)

gen-selftest:
	/usr/bin/python3 tests/gen/selftest.py

peer: $(BUILD)/capdump
	CAPDUMP=$(abspath $<) E2E_FOLDER=$(abspath $(BUILD))/peer \
		tests/peer/run.py

# both, of images that are made once
e2e-peer: $(BUILD)/capdump
	WITH_E2E=1 CAPDUMP=$(abspath $<) E2E_FOLDER=$(abspath $(BUILD))/e2e \
		tests/peer/run.py

.PHONY: check e2e gen-selftest peer e2e-peer
