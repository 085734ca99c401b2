# SPDX-License-Identifier: GPL-2.0-or-later
# capdump and the servers of docs/collector.md, four tests at a time since they mostly
# wait. check-vm runs `remote` beside its machines.
check-remote:
	tests/collectors/install
	$(MAKE) -s all
	tests/check remote

remote: $(BUILD)/capdump
	CAPDUMP=$(abspath $<) E2E_FOLDER=$(abspath $(BUILD))/remote \
		tests/collectors/run.py -j 4 $(REMOTE)

.PHONY: check-remote remote
