# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
load_crash
make_namespace fsdax dev
