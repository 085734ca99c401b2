/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kernels print when they crash, shortened: of each machine the lines that
 * matter, in the form that its kernel gives them. */
#ifndef CAPDUMP_TESTS_SIGNATURE_LOGS_H
#define CAPDUMP_TESTS_SIGNATURE_LOGS_H

struct signature_log {
	const char *text, *kind, *functions;
};

#define SYSRQ_X86 \
	"WARNING: CPU: 0 PID: 5 at mm/old.c:12 old+0x1/0x2\n" \
	"Call Trace:\n old_caller+0x1/0x2\n---[ end trace ]---\n" \
	"sysrq: Trigger a crash\n" \
	"Kernel panic - not syncing: sysrq triggered crash\n" \
	"CPU: 1 UID: 0 PID: 1 Comm: init Kdump: loaded Not tainted 6.12.107+deb13-amd64 #1  Debian 6.12.107-1\n" \
	"Hardware name: QEMU Standard PC (Q35 + ICH9, 2009)\n" \
	"Call Trace:\n" \
	" <TASK>\n" \
	" dump_stack_lvl+0x5d/0x80\n" \
	" panic+0x118/0x2db\n" \
	" ? _printk+0x6c/0x87\n" \
	" sysrq_handle_crash+0x1a/0x20\n" \
	" __handle_sysrq.cold+0x9f/0xe6\n" \
	" write_sysrq_trigger+0x59/0x90\n" \
	" proc_reg_write+0x5a/0xa0\n" \
	" vfs_write+0xf8/0x440\n" \
	" ksys_write+0x6d/0xf0\n" \
	" </TASK>\n"

#define SYSRQ_RISCV \
	"sysrq: Trigger a crash\n" \
	"Kernel panic - not syncing: sysrq triggered crash\n" \
	"CPU: 1 UID: 0 PID: 1 Comm: init Not tainted 7.2.13 #1\n" \
	"Call Trace:\n" \
	"[<ffffffff8001af18>] dump_backtrace+0x28/0x38\n" \
	"[<ffffffff8000263a>] show_stack+0x3a/0x50\n" \
	"[<ffffffff80011aba>] dump_stack_lvl+0x5a/0x80\n" \
	"[<ffffffff80011af8>] dump_stack+0x18/0x20\n" \
	"[<ffffffff80002de6>] vpanic+0x2a6/0x4f0\n" \
	"[<ffffffff8000306e>] panic+0x3e/0x48\n" \
	"[<ffffffff8094fde8>] sysrq_handle_crash+0x28/0x30\n" \
	"[<ffffffff809506f0>] __handle_sysrq+0xa8/0x248\n" \
	"[<ffffffff8095101a>] write_sysrq_trigger+0xda/0x1e8\n" \
	"[<ffffffff8053f2ba>] proc_reg_write+0x4a/0xa8\n" \
	"[<ffffffff80482e74>] vfs_write+0xb4/0x500\n"

/* x86_64, no unwinder: all that is on the stack */
#define SYSRQ_GUESS \
	"Kernel panic - not syncing: sysrq triggered crash\n" \
	"Call Trace:\n <TASK>\n" \
	" ? vpanic+0x1ea/0x3bf\n ? panic+0x59/0x59\n" \
	" ? sysrq_handle_crash+0x1e/0x1e\n ? __handle_sysrq+0x8f/0x112\n" \
	" ? write_sysrq_trigger+0x3f/0x57\n ? proc_reg_write+0x65/0x77\n" \
	" ? vfs_write+0x91/0x166\n </TASK>\n"

#define NULL_X86(address, cpu, comm, count) \
	"BUG: kernel NULL pointer dereference, address: " address "\n" \
	"#PF: supervisor write access in kernel mode\n" \
	"#PF: error_code(0x0002) - not-present page\n" \
	"PGD 0 P4D 0 \n" \
	"Oops: Oops: 0002 [#" count "] SMP PTI\n" \
	"CPU: " cpu " UID: 0 PID: 4711 Comm: " comm " Tainted: G        W  OE      6.12.0 #1\n" \
	"RIP: 0010:xfs_broken.isra.0+0x16/0x20 [xfs]\n" \
	"Code: 00 00 00 <c6> 04 25\n" \
	"RSP: 0018:ffffb785e1d73570 EFLAGS: 00010246\n" \
	"Call Trace:\n" \
	" <TASK>\n" \
	" ? __die+0x23/0x70\n" \
	" ? page_fault_oops+0x17d/0x4e0\n" \
	" xfs_caller.part.3+0x9e/0x120 [xfs]\n" \
	" vfs_write+0xf8/0x440\n" \
	" </TASK>\n" \
	"Modules linked in: xfs(OE) loop\n" \
	"CR2: 0000000000000000\n" \
	"---[ end trace 0000000000000000 ]---\n"

#define NULL_ARM64 \
	"Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008\n" \
	"Mem abort info:\n" \
	"  ESR = 0x0000000096000044\n" \
	"Internal error: Oops: 0000000096000044 [#1]  SMP\n" \
	"Modules linked in: xfs\n" \
	"CPU: 3 UID: 0 PID: 77 Comm: cat Not tainted 7.2.13 #1 PREEMPTLAZY\n" \
	"pstate: 60400005 (nZCv daif +PAN -UAO -TCO -DIT -SSBS BTYPE=--)\n" \
	"pc : ext4_bad+0x10/0x20\n" \
	"lr : ext4_caller+0x20/0x40\n" \
	"sp : ffff800083b73c90\n" \
	"Call trace:\n" \
	" ext4_bad+0x10/0x20 (P)\n" \
	" ext4_caller+0x20/0x40\n" \
	" vfs_read+0x90/0x100\n" \
	"Code: d503201f\n" \
	"---[ end trace 0000000000000000 ]---\n" \
	"Kernel panic - not syncing: Oops: Fatal exception\n" \
	"SMP: stopping secondary CPUs\n"

#define BUG_PPC64 \
	"kernel BUG at /build/linux-6.1.176/mm/slub.c:379!\n" \
	"Oops: Exception in kernel mode, sig: 5 [#1]\n" \
	"LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=2048 NUMA pSeries\n" \
	"CPU: 0 PID: 1 Comm: init Not tainted 6.1.0\n" \
	"NIP:  c000000000db2428 LR: c000000000db2400 CTR: 0000000000000000\n" \
	"NIP [c000000000db2428] .kfree+0x28/0x30\n" \
	"LR [c000000000db2400] .kfree+0x0/0x30\n" \
	"Call Trace:\n" \
	"[c0000000042c7620] [c00000000139a124] .stale+0x88/0xc4 (unreliable)\n" \
	"[c0000000042c7650] [c00000000022c364] .bad_free+0x360/0x614\n" \
	"[c0000000042c7700] [c00000000022c654] .proc_reg_write+0xf0/0x160\n" \
	"---- interrupt: 3000 at 0x100bb2e8\n" \
	"---[ end trace 0000000000000000 ]---\n" \
	"Kernel panic - not syncing: Fatal exception\n"

#define PAGING_RISCV \
	"Unable to handle kernel paging request at virtual address dead000000000122\n" \
	"Oops [#1]\n" \
	"Modules linked in:\n" \
	"CPU: 0 PID: 55 Comm: sh Not tainted 6.12.107 #1\n" \
	"epc : list_bad+0x1c/0x44\n" \
	" ra : list_user+0x18/0x30\n" \
	"epc : ffffffff80482e74 ra : ffffffff8048344a sp : ff2000000062bd50\n" \
	"status: 0000000200000120 badaddr: dead000000000122 cause: 000000000000000f\n" \
	"[<ffffffff80482e74>] list_bad+0x1c/0x44\n" \
	"Call Trace:\n" \
	"[<ffffffff80482e74>] list_bad+0x1c/0x44\n" \
	"[<ffffffff8048344a>] list_user+0x18/0x30\n" \
	"Code: 0793\n"

#define FAULT_S390 \
	"Unable to handle kernel pointer dereference in virtual kernel address space\n" \
	"Failing address: 0000000000000000 TEID: 0000000000000483\n" \
	"Fault in home space mode while using kernel ASCE.\n" \
	"Oops: 0004 ilc:3 [#1]SMP \n" \
	"Modules linked in:\n" \
	"CPU: 0 UID: 0 PID: 1 Comm: init Not tainted 7.2.13 #1\n" \
	"Krnl PSW : 0704c00180000000 000003ffe0c3e2b4 (dasd_bad+0x24/0x30)\n" \
	"           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:0 PM:0 RI:0 EA:3\n" \
	"Krnl Code: 000003ffe0c3e2a8: a7f4ffff\t\tbrc\t15,000003ffe0c3e2a6\n" \
	"Call Trace:\n" \
	" [<000003ffe0c3e2b4>] dasd_bad+0x24/0x30 \n" \
	"([<000003ffe0c3e2a0>] dasd_bad+0x10/0x30)\n" \
	" [<000003ffffce295c>] dasd_ioctl+0xb4/0x160 \n" \
	"Last Breaking-Event-Address:\n" \
	" [<000003ffffce2e90>] wrong+0x90/0xa8\n" \
	"Kernel panic - not syncing: Fatal exception: panic_on_oops\n"

#define FAULT_LOONGARCH \
	"CPU 1 Unable to handle kernel paging request at virtual address 0000000000000000, era == 9000000000dbb344, ra == 9000000000dbbd70\n" \
	"Oops[#1]:\n" \
	"CPU: 1 UID: 0 PID: 1 Comm: sh Not tainted 7.2.13 #1\n" \
	"pc 9000000000dbb344 ra 9000000000dbbd70 tp 90000000062b0000 sp 90000000062b3c80\n" \
	"   ra: 9000000000dbbd70 loong_caller+0xb0/0x2e0\n" \
	"  ERA: 9000000000dbb344 loong_bad+0x4/0x20\n" \
	"Call Trace:\n" \
	"[<9000000000dbb344>] loong_bad+0x4/0x20\n" \
	"[<9000000000dbbd70>] loong_caller+0xb0/0x2e0\n" \
	"\nCode: 00150084\n"

#define FAULT_ARM \
	"8<--- cut here ---\n" \
	"Unable to handle kernel NULL pointer dereference at virtual address 00000000 when write\n" \
	"[00000000] *pgd=00000000\n" \
	"Internal error: Oops: 805 [#1] SMP ARM\n" \
	"Modules linked in: loop\n" \
	"CPU: 1 PID: 1 Comm: init Not tainted 6.1.0-50-armmp #1  Debian 6.1.176-1\n" \
	"PC is at gic_bad+0x18/0x1c\n" \
	"LR is at gic_caller+0x40/0x4c\n" \
	"Stack: (0xf0825e88 to 0xf0826000)\n" \
	"5e80:                   c0a01234 00000000\n" \
	"5ea0: 012eb1b9 c031fc80 c140f5c0\n" \
	" gic_bad from gic_caller+0x40/0x4c\n" \
	" gic_caller from gic_handle_irq+0x70/0x9c\n" \
	"Code: bad PC value\n" \
	"Kernel panic - not syncing: Fatal exception in interrupt\n"

#define SOFT_LOCKUP(cpu, seconds, comm) \
	"watchdog: BUG: soft lockup - CPU#" cpu " stuck for " seconds "s! [" comm "]\n" \
	"Modules linked in: spin\n" \
	"CPU: " cpu " PID: 123 Comm: x Tainted: G             L     6.1.0 #1\n" \
	"RIP: 0010:spin_forever+0x5/0x10 [spin]\n" \
	"Call Trace:\n" \
	" <TASK>\n" \
	" spin_thread+0x22/0x30 [spin]\n" \
	" kthread+0xe9/0x110\n" \
	" </TASK>\n" \
	"Kernel panic - not syncing: softlockup: hung tasks\n" \
	"CPU: " cpu " PID: 123 Comm: x Tainted: G             L     6.1.0 #1\n" \
	"Call Trace:\n" \
	" <IRQ>\n" \
	" dump_stack_lvl+0x44/0x5c\n" \
	" panic+0x118/0x2f4\n" \
	" watchdog_timer_fn.cold+0xc/0x16\n" \
	" __hrtimer_run_queues+0x112/0x2b0\n" \
	" </IRQ>\n" \
	" <TASK>\n" \
	" asm_sysvec_apic_timer_interrupt+0x16/0x20\n" \
	"RIP: 0010:spin_forever+0x5/0x10 [spin]\n" \
	" </TASK>\n"

#define HUNG_TASK(task) \
	"INFO: task " task " blocked for more than 120 seconds.\n" \
	"      Not tainted 6.1.0 #1\n" \
	"\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.\n" \
	"task:x state:D stack:0 pid:1234 ppid:2 flags:0x00004000\n" \
	"Call Trace:\n" \
	" <TASK>\n" \
	" __schedule+0x34d/0x9e0\n" \
	" schedule+0x5a/0xd0\n" \
	" io_schedule+0x42/0x70\n" \
	" </TASK>\n" \
	"Kernel panic - not syncing: hung_task: blocked tasks\n" \
	"CPU: 0 PID: 35 Comm: khungtaskd Not tainted 6.1.0 #1\n" \
	"Call Trace:\n" \
	" <TASK>\n" \
	" dump_stack_lvl+0x44/0x5c\n" \
	" panic+0x118/0x2f4\n" \
	" watchdog.cold+0xc/0xb5\n" \
	" kthread+0xe9/0x110\n" \
	" </TASK>\n"

#define OOM \
	"cat invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0\n" \
	"CPU: 0 PID: 200 Comm: cat Not tainted 6.1.0 #1\n" \
	"Call Trace:\n <TASK>\n dump_stack_lvl+0x44/0x5c\n dump_header+0x4a/0x211\n </TASK>\n" \
	"Mem-Info:\n" \
	"Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled\n" \
	"CPU: 0 PID: 200 Comm: cat Not tainted 6.1.0 #1\n" \
	"Call Trace:\n <TASK>\n dump_stack_lvl+0x44/0x5c\n panic+0x118/0x2f4\n" \
	" out_of_memory.cold+0x2f/0x7e\n __alloc_pages_slowpath.constprop.0+0xbb9/0xe00\n </TASK>\n"

#define MCE \
	"mce: [Hardware Error]: CPU 3: Machine Check Exception: 5 Bank 4: be00000000800400\n" \
	"mce: [Hardware Error]: RIP !INEXACT! 10:<ffffffff9cf0356f> {intel_idle+0x6a/0xe0}\n" \
	"mce: [Hardware Error]: TSC 8bcd1234 MISC 86\n" \
	"Kernel panic - not syncing: Fatal machine check\n" \
	"Kernel Offset: 0x1b200000 from 0xffffffff81000000\n"

#define WARNED(line) \
	"BUG: scheduling while atomic: old/1/0x00000002\n" \
	"Call Trace:\n older+0x1/0x2\n---[ end trace ]---\n" \
	"------------[ cut here ]------------\n" \
	"WARNING: CPU: 2 PID: 999 at fs/ext4/inode.c:" line " ext4_warns+0x12/0x34\n" \
	"Modules linked in: ext4\n" \
	"CPU: 2 PID: 999 Comm: cp Not tainted 6.1.0 #1\n" \
	"RIP: 0010:ext4_warns+0x12/0x34\n" \
	"Call Trace:\n <TASK>\n ? __warn+0x81/0x130\n ext4_write+0x1/0x2\n </TASK>\n" \
	"---[ end trace 0000000000000000 ]---\n" \
	"Kernel panic - not syncing: kernel: panic_on_warn set ...\n" \
	"CPU: 2 PID: 999 Comm: cp Not tainted 6.1.0 #1\n" \
	"Call Trace:\n <TASK>\n panic+0x118/0x2f4\n check_panic_on_warn+0x1/0x2\n </TASK>\n"

#define KASAN \
	"BUG: KASAN: slab-use-after-free in uaf_read+0x1f/0x40 [uaf]\n" \
	"Read of size 8 at addr ffff888104f1c000 by task cat/4711\n" \
	"CPU: 0 PID: 4711 Comm: cat Not tainted 6.6.0 #1\n" \
	"Call Trace:\n <TASK>\n dump_stack_lvl+0x4b/0x80\n print_report+0xcf/0x660\n" \
	" kasan_report+0xda/0x110\n uaf_read+0x1f/0x40 [uaf]\n vfs_read+0x1/0x2\n </TASK>\n" \
	"Kernel panic - not syncing: KASAN: panic_on_warn set ...\n"

#define NO_ROOT \
	"Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n" \
	"CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0 #1\n" \
	"Call Trace:\n <TASK>\n dump_stack_lvl+0x44/0x5c\n panic+0x118/0x2f4\n" \
	" mount_block_root+0x1d6/0x1e7\n prepare_namespace+0x136/0x165\n </TASK>\n"

static const struct signature_log logs[] = {
	{ SYSRQ_X86, "sysrq triggered crash",
	  "sysrq_handle_crash __handle_sysrq write_sysrq_trigger proc_reg_write vfs_write" },
	{ NULL_X86("0000000000000000", "1", "cat", "1"),
	  "BUG: kernel NULL pointer dereference, address",
	  "xfs_broken xfs_caller vfs_write" },
	{ NULL_ARM64,
	  "Unable to handle kernel NULL pointer dereference at virtual address",
	  "ext4_bad ext4_caller vfs_read" },
	{ BUG_PPC64, "kernel BUG at slub.c",
	  "kfree bad_free proc_reg_write" },
	{ PAGING_RISCV,
	  "Unable to handle kernel paging request at virtual address",
	  "list_bad list_user" },
	{ FAULT_S390, "Unable to handle kernel pointer dereference in virtual kernel address space",
	  "dasd_bad dasd_ioctl" },
	{ FAULT_LOONGARCH,
	  "CPU # Unable to handle kernel paging request at virtual address #, era == #, ra ==",
	  "loong_bad loong_caller" },
	{ FAULT_ARM, "Unable to handle kernel NULL pointer dereference at virtual address # when write",
	  "gic_bad gic_caller gic_handle_irq" },
	{ SOFT_LOCKUP("1", "23", "spin:123"),
	  "watchdog: BUG: soft lockup - CPU# stuck for #s",
	  "spin_forever spin_thread kthread" },
	{ HUNG_TASK("cp:1234"), "INFO: task blocked for more than # seconds",
	  "__schedule schedule io_schedule" },
	{ OOM, "Out of memory: compulsory panic_on_oom is enabled",
	  "out_of_memory __alloc_pages_slowpath" },
	{ MCE, "Fatal machine check", "" },
	{ WARNED("123"), "WARNING: at inode.c:# ext4_warns",
	  "ext4_warns ext4_write" },
	{ KASAN, "BUG: KASAN: slab-use-after-free in uaf_read [uaf]",
	  "uaf_read vfs_read" },
	{ NO_ROOT, "VFS: Unable to mount root fs on unknown-block(#,#)",
	  "mount_block_root prepare_namespace" },
	{ "all is well\n", "", "" },
};

static const char *const pairs[][2] = {
	{ SYSRQ_X86, SYSRQ_RISCV },
	{ SYSRQ_X86, SYSRQ_GUESS },
	/* the oops was captured before it could panic */
	{ NULL_X86("0000000000000000", "1", "cat", "1"),
	  NULL_X86("0000000000000048", "17", "kworker/0:1", "2")
	  "Kernel panic - not syncing: Fatal exception\n"
	  "Kernel Offset: 0x1b200000 from 0xffffffff81000000\n" },
	{ SOFT_LOCKUP("1", "23", "spin:123"),
	  SOFT_LOCKUP("13", "26", "kworker/0:1:4711") },
	{ HUNG_TASK("cp:1234"), HUNG_TASK("jbd2/sda1-8:77") },
	{ WARNED("123"), WARNED("4567") },
};

/* text, its kind */
static const char *const kinds[][2] = {
	{ "Attempted to kill init! exitcode=0x0000000b ",
	  "Attempted to kill init! exitcode=" },
	{ "general protection fault, probably for non-canonical address 0xdead000000000122: 0000 [#1] PREEMPT SMP NOPTI",
	  "general protection fault, probably for non-canonical address" },
	{ "BUG: unable to handle page fault for address: ffffa1b2c3d4e5f6",
	  "BUG: unable to handle page fault for address" },
	{ "BUG: scheduling while atomic: swapper/3/0/0x00000002",
	  "BUG: scheduling while atomic" },
	{ "BUG: Bad page state in process cat  pfn:12345",
	  "BUG: Bad page state" },
	{ "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks: { 1-...D }",
	  "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks" },
	{ "watchdog: CPU3: Watchdog detected hard LOCKUP on cpu 3",
	  "watchdog: CPU#: Watchdog detected hard LOCKUP on cpu" },
	{ "EXT4-fs (device sda1): panic forced after error",
	  "EXT4-fs (device): panic forced after error" },
	{ "VFS: Unable to mount root fs on \"/dev/sda1\" or unknown-block(8,1)",
	  "VFS: Unable to mount root fs on \"\" or unknown-block(#,#)" },
	{ "stack-protector: Kernel stack is corrupted in: f+0x12/0x34",
	  "stack-protector: Kernel stack is corrupted in: f" },
	{ "WARNING: mm/page_alloc.c:4711 at f+0x1/0x2, CPU#3: cat/77",
	  "WARNING: page_alloc.c:# at f" },
	{ "address (____ptrval____) of 00000000abcdef12 at cafe123, face, i915 ext4 added",
	  "address # of # at #, face, i915 ext4 added" },
	{ "tabs\tand   spaces : # ", "tabs and spaces" },
	{ "", "" }, { "[", "[" }, { "]", "]" }, { "\"", "\"" }, { ":1]", ":#]" },
};

#endif
