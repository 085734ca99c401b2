# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the objects that a folder of Linux is configured to have.
# usage: make -s -f configured.mk srctree=TREE objtree=FOLDER obj=kernel SRCARCH=x86
BITS := 64
include $(objtree)/include/config/auto.conf
src := $(srctree)/$(obj)
-include $(firstword $(wildcard $(src)/Kbuild $(src)/Makefile))
parts = $($(1:.o=-y)) $($(1:.o=-objs)) $($(1:.o=-m))
whole := $(obj-y) $(obj-m) $(lib-y) $(always-y)
some := $(foreach o,$(whole),$(o) $(call parts,$(o)))
.DEFAULT_GOAL := print_configured
print_configured:
	@echo $(addprefix $(obj)/,$(sort $(filter %.o,$(some))))
.PHONY: print_configured
