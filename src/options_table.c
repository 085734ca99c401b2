/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every option there is. makedumpfile's are those of its main(): getopt's
 * "b:cDd:eEFfg:hi:lL:pRvXx:z" and longopts (makedumpfile 1.7.9 makedumpfile.c).
 */
#include "options.h"

#include "option_parse.h"

#define ANY (~0u)
#define WRITES (FOR(CAPTURE) | FOR(REARRANGE) | FOR(DMESG) | \
		FOR(VMCOREINFO) | FOR(TRIAGE))
#define READS_VMCORE (FOR(CAPTURE) | FOR(DMESG) | FOR(INFO) | FOR(DIFF) | \
		      FOR(ESTIMATE) | FOR(MEM_USAGE) | FOR(TRIAGE))
#define SCANS (FOR(CAPTURE) | FOR(ESTIMATE) | FOR(MEM_USAGE))

#define FLAG(member) .action = ACTION_FLAG, \
	.flag = offsetof(struct options, member)
#define PARSE(name) .action = ACTION_PARSE, .parse = option_parse_##name
#define BECOMES(id) .action = ACTION_COMMAND, .command = COMMAND_##id, \
	.commands = FOR(id)
#define UNNEEDED .action = ACTION_UNNEEDED, .commands = ANY
#define MISSING .action = ACTION_MISSING, .commands = ANY

const struct option_row option_rows[] = {
	/* what a dump holds */
	{ 'd', NULL, "LEVELS", PARSE(levels), .commands = SCANS,
	  .help = "leave out: 1 zero pages, 2 page cache without private data,\n"
		  "4 all page cache, 8 user pages, 16 free pages; the sum of\n"
		  "these, 0-31. A list (1,31): the next level is taken when\n"
		  "the target has no room for the one before" },
	{ 'c', NULL, NULL, .action = ACTION_CODEC, .commands = FOR(CAPTURE),
	  .help = "compress with zlib" },
	{ 'l', NULL, NULL, .action = ACTION_CODEC, .commands = FOR(CAPTURE),
	  .help = "compress with lzo" },
	{ 'p', NULL, NULL, .action = ACTION_CODEC, .commands = FOR(CAPTURE),
	  .help = "compress with snappy" },
	{ 'z', NULL, NULL, .action = ACTION_CODEC, .commands = FOR(CAPTURE),
	  .help = "compress with zstd" },
	{ 'E', NULL, NULL, PARSE(elf), .commands = FOR(CAPTURE),
	  .help = "write an ELF core, not compressed, which gdb reads, too" },
	{ 0, "level", "N", PARSE(codec_level), .commands = FOR(CAPTURE),
	  .help = "how hard zlib tries (default 1), or zstd: 1-19 are\n"
		  "libzstd's, without it an encoder of our own is used" },
	{ 0, "fast", NULL, PARSE(fast), .commands = FOR(CAPTURE),
	  .help = "zstd: faster, and a dump that is larger by up to a tenth" },
	{ 0, "paranoid", NULL, FLAG(capture.paranoid), .commands = FOR(CAPTURE),
	  .help = "unpack every page again before it is written; what is not\n"
		  "the same is stored as it is, and told" },
	{ 0, "dedup", NULL, PARSE(dedup), .commands = FOR(CAPTURE),
	  .help = "store pages of equal contents once, where they are not far\n"
		  "apart (16,384 pages); not in an ELF core" },
	{ 0, "no-dedup", NULL, PARSE(no_dedup), .commands = FOR(CAPTURE),
	  .help = "only filled pages, such as zeroes, share their contents: the\n"
		  "default" },
	{ 0, "no-device-dumps", NULL, FLAG(capture.drop_device_dumps),
	  .commands = FOR(CAPTURE),
	  .help = "leave out the notes in which drivers saved their devices'\n"
		  "memory (NT_VMCOREDD)" },

	/* how it is written */
	{ 'f', NULL, NULL, FLAG(capture.force), .commands = WRITES,
	  .help = "replace an existing file" },
	{ 'F', NULL, NULL, FLAG(flatten_given),
	  .commands = FOR(CAPTURE) | FOR(DMESG) | FOR(TRIAGE),
	  .help = "write the dump as a flattened stream, to be rearranged with\n"
		  "-R: to stdout, or the output that is named. Not needed\n"
		  "where none is named and stdout is no terminal. With\n"
		  "--dump-dmesg, triage: to stdout, as text" },
	{ 'R', NULL, NULL, BECOMES(REARRANGE),
	  .help = "make a dump of the flattened stream on stdin, or in a file" },
	{ 0, "reassemble", NULL, FLAG(capture.reassemble),
	  .commands = FOR(CAPTURE) | FOR(DMESG) | FOR(TRIAGE) | FOR(DIFF),
	  .help = "make one dump of all the parts of a split one, which are named\n"
		  "in any order before it; of the same pages and codec if no\n"
		  "others are asked for. dmesg, triage, diff: take them for one" },
	{ 0, "split", NULL, FLAG(split), .commands = FOR(CAPTURE),
	  .help = "divide the dump among several files, which are all named and\n"
		  "written at a time; crash reads them together" },
	{ 0, "splitblock-size", "KIB", PARSE(split_block),
	  .commands = FOR(CAPTURE),
	  .help = "--split: divide at multiples of KIB KiB of memory. Default: so\n"
		  "that all files have the same number of pages" },
	{ 0, "also", "TARGET", PARSE(also), .commands = FOR(CAPTURE),
	  .help = "write the dump to TARGET, too, a file or a URL, in the same pass;\n"
		  "one that fails does not stop the others. May be given several\n"
		  "times" },
	{ 0, "fallback", "TARGET", PARSE(fallback), .commands = FOR(CAPTURE),
	  .help = "if the dump can't get to its target write it to this one" },
	{ 'L', NULL, "SIZE", PARSE(max_size), .commands = FOR(CAPTURE),
	  .help = "write at most SIZE bytes (K, M, G, T), of each file of a split\n"
		  "dump" },
	{ 0, "order", "value|address", PARSE(order),
	  .commands = FOR(CAPTURE),
	  .help = "which pages come first: those that a debugger needs most\n"
		  "(value, the default), or the lowest addresses" },
	{ 0, "num-threads", "N", PARSE(nr_threads),
	  .commands = SCANS,
	  .help = "work with N threads, 0: serially. Default: one a CPU, as\n"
		  "memory permits. The dump is the same for every N" },
	{ 0, "memory", "SIZE", PARSE(memory), .commands = SCANS,
	  .help = "use about SIZE bytes of memory at most (K, M, G, T); default:\n"
		  "half of what is free. Little memory is fewer threads and\n"
		  "more scans. The dump is the same for every SIZE" },
	{ 0, "non-mmap", NULL, FLAG(capture.no_map), .commands = READS_VMCORE,
	  .help = "read the vmcore with read(), never mmap()" },
	{ 0, "salvage", NULL, FLAG(capture.salvage), .commands = READS_VMCORE,
	  .help = "take a vmcore file that was cut off: what is missing counts\n"
		  "as pages that could not be read" },
	{ 0, "dry-run", NULL, FLAG(capture.dry_run), .commands = FOR(CAPTURE),
	  .help = "do everything but write the dump" },
	{ 0, "device-tree", "PATH", PARSE(device_tree),
	  .commands = FOR(CAPTURE) | FOR(INFO),
	  .help = "the device tree of the machine that the vmcore is of: a copy\n"
		  "of /proc/device-tree, or a flattened one. Default: that of\n"
		  "this machine, if it is its /proc/vmcore" },
	{ 0, "machine-root", "DIR", PARSE(machine_root),
	  .commands = FOR(CAPTURE) | FOR(INFO) | FOR(RESERVATION) |
		      FOR(CHECK) | FOR(ESTIMATE) | FOR(MEM_USAGE),
	  .help = "look for /proc and /sys below DIR, where copies of them are" },
	{ 0, "release", NULL, FLAG(release), .commands = FOR(CAPTURE),
	  .help = "fadump: once the dump is complete and safe on its disk, give\n"
		  "the crashed kernel's memory back to this machine, which then\n"
		  "goes on without another boot" },
	{ 0, "strict", NULL, FLAG(strict),
	  .commands = FOR(CAPTURE) | FOR(VERIFY),
	  .help = "exit status 4 if pages could not be read, or memory not\n"
		  "released" },

	/* how it gets to a server */
	{ 0, "cacert", "FILE", PARSE(ca_file),
	  .commands = FOR(CAPTURE) | FOR(CHECK),
	  .help = "URL: trust servers that those in FILE (PEM) vouch for, and no\n"
		  "others" },
	{ 0, "insecure", NULL, FLAG(capture.way.insecure),
	  .commands = FOR(CAPTURE) | FOR(CHECK),
	  .help = "URL: send to any server, whoever it is" },
	{ 0, "credentials", "FILE", PARSE(credentials),
	  .commands = FOR(CAPTURE),
	  .help = "URL: FILE, which nobody else may read, holds user:password; for\n"
		  "s3:// key:secret" },
	{ 0, "netrc-file", "FILE", PARSE(netrc), .commands = FOR(CAPTURE),
	  .help = "URL: take name and password from FILE, as in ~/.netrc; it may\n"
		  "be read by nobody else. Not for s3://" },
	{ 0, "s3-endpoint", "URL", PARSE(s3_endpoint),
	  .commands = FOR(CAPTURE) | FOR(CHECK),
	  .help = "s3://bucket/key: the store is at URL, not at Amazon's" },
	{ 0, "s3-region", "NAME", PARSE(s3_region), .commands = FOR(CAPTURE),
	  .help = "s3://bucket/key: the bucket's region. Default: what AWS's\n"
		  "variables or ~/.aws/config say; with --s3-endpoint us-east-1" },
	{ 0, "ssh-key", "FILE", PARSE(ssh_key), .commands = FOR(CAPTURE),
	  .help = "sftp://: FILE, which nobody else may read, is the user's\n"
		  "private key, without a passphrase" },
	{ 0, "known-hosts", "FILE", PARSE(known_hosts),
	  .commands = FOR(CAPTURE) | FOR(CHECK),
	  .help = "sftp://: servers' host keys, as in ~/.ssh/known_hosts, the\n"
		  "default" },
	{ 0, "put-ranges", NULL, FLAG(capture.way.put_ranges),
	  .commands = FOR(CAPTURE),
	  .help = "https://: go on after a break where it broke, by PUT of a range;\n"
		  "it is tried first whether the server does that (Apache does)" },
	{ 0, "resume", NULL, FLAG(capture.way.resume),
	  .commands = FOR(CAPTURE),
	  .help = "s3, sftp, ftp, tus, --put-ranges: go on with what a run which\n"
		  "died has left there; of tus the URL is the upload's" },
	{ 0, "limit-rate", "SIZE", PARSE(limit_rate), .commands = FOR(CAPTURE),
	  .help = "URL: send at most SIZE bytes a second (K, M, G)" },
	{ 0, "retry-time", "SECONDS", PARSE(retry_seconds),
	  .commands = FOR(CAPTURE),
	  .help = "URL: try again for so long without getting further: 300; 0:\n"
		  "never" },
	{ 0, "stall-time", "SECONDS", PARSE(stall_seconds),
	  .commands = FOR(CAPTURE),
	  .help = "URL: take a connection for dead on which nothing has moved for\n"
		  "so long: 60" },

	{ 0, "time", "TIME", PARSE(time), .commands = FOR(CAPTURE),
	  .help = "set this machine's clock before: crash (when it crashed), or\n"
		  "UTC as in 2026-11-20T10:00:00Z, or @seconds since 1970" },
	{ 0, "triage", "yes|no", PARSE(triage), .commands = FOR(CAPTURE),
	  .help = "URL: send URL.triage.json and URL.dmesg before the dump, as\n"
		  "capdump triage writes them (yes, the default)" },

	/* whose kernel it is */
	{ 'x', NULL, "VMLINUX", PARSE(vmlinux),
	  .commands = READS_VMCORE | FOR(VMCOREINFO),
	  .help = "the crashed kernel, uncompressed and with its debugging\n"
		  "symbols: for a vmcore without VMCOREINFO" },
	{ 'i', NULL, "VMCOREINFO", PARSE(given), .commands = READS_VMCORE,
	  .help = "what -g wrote, capdump's or makedumpfile's, instead of -x" },
	{ 'g', NULL, "VMCOREINFO", BECOMES(VMCOREINFO),
	  .parse = option_parse_vmcoreinfo,
	  .help = "write what VMLINUX says of its kernel as the text that -i\n"
		  "reads, makedumpfile's too" },

	/* what it says */
	{ 0, "message-level", "N", PARSE(message_level), .commands = ANY,
	  .help = "what to print, the sum of: 1 progress, 2 messages, 4 errors\n"
		  "and warnings, 8 debugging, 16 pages by kind (default 7)" },
	{ 'D', NULL, NULL, FLAG(debug), .commands = ANY,
	  .help = "print debugging messages too" },
	{ 0, "show-stats", NULL, FLAG(show_stats), .commands = FOR(CAPTURE),
	  .help = "print pages by kind at the end" },
	{ 0, "progress-fd", "N", PARSE(progress_fd),
	  .commands = FOR(CAPTURE),
	  .help = "write progress as JSON lines to file descriptor N" },
	{ 0, "report", "FILE", PARSE(report), .commands = FOR(CAPTURE),
	  .help = "write the summary as JSON to FILE" },
	{ 0, "json", NULL, FLAG(json),
	  .commands = FOR(INFO) | FOR(RESERVATION) | FOR(ESTIMATE) |
		      FOR(CHECK) | FOR(MEM_USAGE) | FOR(DIFF) | FOR(TRIAGE),
	  .help = "info, diff, triage, reservation, estimate, check, --mem-usage:\n"
		  "print JSON" },
	{ 0, "registers", NULL, FLAG(registers), .commands = FOR(INFO),
	  .help = "info: print all registers of all CPUs" },
	{ 0, "vmcore", "FILE", PARSE(vmcore), .commands = FOR(ESTIMATE),
	  .help = "estimate: the crashed kernel's memory; default /proc/kcore,\n"
		  "the running one's" },
	{ 0, "target", "DIR", PARSE(target), .commands = FOR(ESTIMATE),
	  .help = "estimate: where the dump would go: up to 256 MiB are written\n"
		  "there to see how fast that is. Of a split dump, given for\n"
		  "each folder" },
	{ 0, "files", "N", PARSE(files), .commands = FOR(ESTIMATE) | FOR(CHECK),
	  .help = "estimate, check: of a dump that is split into N files, which\n"
		  "go to the targets in turn; default: one to each" },
	{ 0, "quick", NULL, FLAG(quick), .commands = FOR(CHECK),
	  .help = "check: do not estimate the dump, which takes seconds" },
	{ 0, "cpus", "N", PARSE(cpus), .commands = FOR(ESTIMATE),
	  .help = "estimate: CPUs of the capture kernel (default 1)" },

	/* whose reservation it explains */
	{ 0, "arch", "NAME", PARSE(arch), .commands = FOR(RESERVATION),
	  .help = "reservation: of a kernel for x86_64, arm64, riscv64,\n"
		  "loongarch64, s390x or ppc64" },
	{ 0, "cmdline", "LINE|@FILE", PARSE(cmdline),
	  .commands = FOR(RESERVATION),
	  .help = "reservation: with this command line" },
	{ 0, "iomem", "FILE", PARSE(iomem), .commands = FOR(RESERVATION),
	  .help = "reservation: on a machine with this memory: a copy of its\n"
		  "/proc/iomem, or lines such as 1G+7G=ram" },
	{ 0, "kernel", "VERSION|series", PARSE(kernel),
	  .commands = FOR(RESERVATION),
	  .help = "reservation: by the rules of that Linux (5.10 to 7.3), or of\n"
		  "the patches of 2022 for arm64. Default: this machine's, or\n"
		  "7.2 for another" },
	{ 0, "encryption", "none|sme|guest", PARSE(encryption),
	  .commands = FOR(RESERVATION),
	  .help = "reservation: of an x86_64 machine with encrypted memory, or a\n"
		  "SEV or TDX guest" },

	/* what else it does */
	{ 0, "dump-dmesg", NULL, BECOMES(DMESG),
	  .help = "write the crashed kernel's log, as text" },
	{ 0, "mem-usage", NULL, BECOMES(MEM_USAGE),
	  .help = "count the pages of the running machine by kind, and those that\n"
		  "each dump level would keep" },
	{ 0, "check-params", NULL, FLAG(check_params), .commands = ANY,
	  .help = "check the command line and do nothing else" },
	{ 'v', NULL, NULL, .action = ACTION_COMMAND,
	  .command = COMMAND_VERSION, .commands = ANY,
	  .help = "print the version and the libraries that are built in" },
	{ 'h', "help", NULL, .action = ACTION_COMMAND,
	  .command = COMMAND_HELP, .commands = ANY, .help = "print this" },

	{ 'b', NULL, "ORDER", UNNEEDED, .parse = option_check_block_order,
	  .help = "a number of pages to write at once" },
	{ 0, "cyclic-buffer", "KIB", UNNEEDED, .parse = option_check_cyclic_buffer,
	  .help = "the size of a bitmap in memory" },
	{ 0, "work-dir", "DIR", UNNEEDED,
	  .help = "where to keep a bitmap" },

	{ 'e', NULL, NULL, MISSING,
	  .help = "leave it out to keep the struct pages of pages left out" },
	{ 'X', NULL, NULL, MISSING },
	{ 0, "xen-syms", "FILE", MISSING },
	{ 0, "xen-vmcoreinfo", "FILE", MISSING },
	{ 0, "xen_phys_start", "ADDRESS", MISSING },
	{ 0, "vtop", "ADDRESS", MISSING,
	  .help = "crash's vtop command translates addresses" },
	{ 0, "partial-dmesg", NULL, MISSING,
	  .help = "--dump-dmesg alone writes the whole log" },
	{ 0, "config", "FILE", MISSING },
	{ 0, "eppic", "FILE", MISSING },
	{ 0, "extension", "FILE", MISSING },
	{ 0, "diskset", "VMCORE", MISSING },
};

const size_t nr_option_rows = sizeof(option_rows) / sizeof(option_rows[0]);

_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) <= OPTIONS_MAX,
	       "struct options.given has no room");
