# SPDX-License-Identifier: GPL-2.0-or-later
# Real kernels under QEMU. Everything fetched lands in the cache (env.sh).

# one kernel, panicked and captured, and what capdump says of it
demo:
	tests/vm/install
	$(MAKE) all
	tests/vm/demo.sh

# the dumps of a real crash of each kernel, judged; beside them, the servers that
# capdump sends to (tests/collectors)
check-vm:
	tests/vm/install --check $(VM_FIRST)
	tests/collectors/install
	$(MAKE) all $(BUILD)/zstd/every_page
	BESIDE="make -s remote" CAPDUMP=$(CURDIR)/$(BUILD)/capdump \
		EVERY_PAGE=$(CURDIR)/$(BUILD)/zstd/every_page \
		tests/vm/check.sh $(VM_FIRST)

VM_FIRST ?= 6.1@remote 6.12 7.2@outputs arm64-7.2 ppc64le64k-7.2

# and machines of other shapes (machine/), other kernels, four levels of page
# tables, no KASLR
check-vm-all: check-vm check-vm-reservation check-vm-recommended
	tests/vm/install --check $(VM_KEYS)
	CAPDUMP=$(CURDIR)/$(BUILD)/capdump VM_OUT=$(CURDIR)/$(BUILD)/vm-all \
		EVERY_PAGE=$(CURDIR)/$(BUILD)/zstd/every_page \
		tests/vm/check.sh $(VM_KEYS)

VM_KEYS ?= 6.1+no5lvl 6.12+no5lvl+nokaslr 7.2+no5lvl \
	6.1@cpus 7.2@cpus 6.1@small 6.12@small 7.2@small \
	6.1@quiet 6.12@quiet 7.2@quiet 6.1@live 6.1@dimm 7.2@dimm \
	6.12@numa 6.12@virtio-mem 7.2@virtio-mem 7.2@cma 7.2@hvo \
	6.1@qemu 6.12@qemu 7.2@qemu 6.1@qemu-raw \
	7.2pmem@fsdax 7.2vmemmap@fsdax 7.2vmemmap@devdax 7.2vmemmap@fsdax-late 7.2vmemmap@fsdax-anew \
	5.10 6.6 6.9 6.16 6.17 6.18 6.19 7.0 7.1 7.3 \
	arm64-7.2@remote arm64-7.2@high arm64-7.2@loader arm64-7.2@uefi ppc64le-7.2 \
	ppc64le64k-7.2+disable_radix ppc64lefadump-7.2@fadump riscv64-7.2 \
	s390x-7.2 loongarch64-7.2

# what kernels reserve, against what capdump says they will; nothing crashes
check-vm-reservation:
	tests/vm/install --check $(VM_RESERVATION)
	$(MAKE) all
	for key in $(VM_RESERVATION); do \
		CAPDUMP=$(CURDIR)/$(BUILD)/capdump \
			VM_OUT=$(CURDIR)/$(BUILD)/vm \
			tests/vm/reservation.py $$key || exit 1; done

VM_RESERVATION ?= arm64-7.2 7.2 riscv64-7.2 6.1 6.12 arm64-6.1 arm64-6.12

# boots with the crashkernel= that capdump recommends, panics, captures
check-vm-recommended:
	tests/vm/install --check $(VM_RECOMMENDED)
	$(MAKE) all
	CAPDUMP=$(CURDIR)/$(BUILD)/capdump VM_OUT=$(CURDIR)/$(BUILD)/vm-recommended \
		tests/vm/recommended.sh $(VM_RECOMMENDED)

VM_RECOMMENDED ?= 7.2 6.1

.PHONY: demo check-vm check-vm-all check-vm-reservation check-vm-recommended
