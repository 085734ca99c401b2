/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel logs: the lockless ring and the older records, sound and broken. */
#include "../../src/base/log.h"
#include "../../src/kernel/printk.h"
#include "machine.h"
#include "open_kernel.h"

/* Where the log lies, physically; each in a page or more of its own */
#define PRB_VARIABLE	(IMAGE_PADDR + 0x1000)
#define PRB		(IMAGE_PADDR + 0x2000)
#define DESCS		0x900000ull
#define INFOS		0x910000ull
#define TEXT		0x920000ull
#define DESC_SIZE	24u
#define COUNT_BITS	4u
#define NR_DESCS	(1u << COUNT_BITS)

#define COMMITTED	(1ull << 62)
#define FINALIZED	(2ull << 62)
#define REUSABLE	(3ull << 62)
#define ID_MASK		((1ull << 62) - 1)

struct ring {
	struct machine m;
	unsigned info_size, text_bits;
	uint64_t head, lpos, sequence;
	bool at_end_stays;	/* a block may end where the ring does (newer
				 * kernels): it does not wrap */
};

/* LATE: as 7.2, whose printk_info is longer; FIRST: the id of the first
 * record; LPOS: where its text goes. */
static void ring_init(struct ring *r, bool late, uint64_t first, uint64_t lpos)
{
	struct machine *m = &r->m;

	*r = (struct ring){ .info_size = late ? 112 : 88, .text_bits = 8,
			    .head = (first - 1) & ID_MASK, .lpos = lpos,
			    .at_end_stays = late };
	machine_init(m, 4, 0);
	machine_say(m, "SYMBOL(prb)=%llx\nSIZE(prb_desc)=%u\n"
		    "SIZE(printk_info)=%u\n", IMAGE_VADDR + 0x1000, DESC_SIZE,
		    r->info_size);
	machine_say(m, "OFFSET(printk_ringbuffer.desc_ring)=0\n"
		    "OFFSET(printk_ringbuffer.text_data_ring)=48\n"
		    "OFFSET(prb_desc_ring.count_bits)=0\n"
		    "OFFSET(prb_desc_ring.descs)=8\n"
		    "OFFSET(prb_desc_ring.infos)=16\n"
		    "OFFSET(prb_desc_ring.head_id)=24\n"
		    "OFFSET(prb_desc_ring.tail_id)=32\n"
		    "OFFSET(prb_desc.state_var)=0\n"
		    "OFFSET(prb_desc.text_blk_lpos)=8\n"
		    "OFFSET(prb_data_blk_lpos.begin)=0\n"
		    "OFFSET(prb_data_blk_lpos.next)=8\n"
		    "OFFSET(printk_info.seq)=0\n"
		    "OFFSET(printk_info.ts_nsec)=8\n"
		    "OFFSET(printk_info.text_len)=16\n"
		    "OFFSET(prb_data_ring.size_bits)=0\n"
		    "OFFSET(prb_data_ring.data)=8\n");
	machine_put(m, PRB_VARIABLE, IMAGE_VADDR + 0x2000);
	machine_put32(m, PRB, COUNT_BITS);
	machine_put(m, PRB + 8, LINEAR + DESCS);
	machine_put(m, PRB + 16, LINEAR + INFOS);
	machine_put(m, PRB + 24, r->head);
	machine_put(m, PRB + 32, first);
	machine_put32(m, PRB + 48, r->text_bits);
	machine_put(m, PRB + 56, LINEAR + TEXT);
}

/* The paddr of the newest record's descriptor and info. */
static uint64_t desc_at(struct ring *r)
{
	return DESCS + r->head % NR_DESCS * DESC_SIZE;
}

static uint64_t info_at(struct ring *r)
{
	return INFOS + r->head % NR_DESCS * r->info_size;
}

/* A descriptor with its info, without text (BEGIN = NEXT = WHY). */
static void put_dataless(struct ring *r, uint64_t state, uint64_t nsec,
			 uint64_t why)
{
	struct machine *m = &r->m;

	r->head = (r->head + 1) & ID_MASK;
	machine_put(m, PRB + 24, r->head);
	if (((r->head - machine_get(m, PRB + 32)) & ID_MASK) == NR_DESCS)
		machine_put(m, PRB + 32, (r->head - NR_DESCS + 1) & ID_MASK);
	machine_put(m, desc_at(r), r->head | state);
	machine_put(m, desc_at(r) + 8, why);
	machine_put(m, desc_at(r) + 16, why);
	machine_put(m, info_at(r), r->sequence++);
	machine_put(m, info_at(r) + 8, nsec);
	m->mem[info_at(r) + 18] = 3;		/* facility */
	m->mem[info_at(r) + 19] = 5 << 5 | 1;	/* level 5, flags 1 */
	machine_put32(m, info_at(r) + 20, 0x80000001);	/* caller_id */
}

static void put_record(struct ring *r, uint64_t state, uint64_t nsec,
		       const char *text)
{
	struct machine *m = &r->m;
	size_t len = strlen(text);
	uint64_t size = 1ull << r->text_bits, block = (8 + len + 7) & ~7ull;
	uint64_t begin = r->lpos, next = begin + block, at = begin % size;

	if (begin / size != (r->at_end_stays ? next - 1 : next) / size) {
		next = (begin / size + 1) * size + block;
		at = 0;
	}
	put_dataless(r, state, nsec, 1);
	machine_put(m, desc_at(r) + 8, begin);
	machine_put(m, desc_at(r) + 16, next);
	put_u16(m->mem + info_at(r) + 16, (uint16_t)len, false);
	machine_put(m, TEXT + at, r->head);
	memcpy(m->mem + TEXT + at + 8, text, len);
	r->lpos = next;
}

/* What printk_print() prints; the caller frees it. */
static char *print(struct machine *m, struct log *log, uint64_t *nr)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	struct kernel *kernel = open_kernel(m, NULL);

	CHECK_OK(printk_print(kernel, m->view, log, file, nr));
	kernel_close(kernel);
	fclose(file);
	machine_close(m);
	return text;
}

#define PRINTS(machine, text, count)					\
	({								\
		uint64_t print_nr;					\
		char *printed = print(machine, NULL, &print_nr);	\
		int print_ok = CHECK(!strcmp(printed, text)) &		\
			       CHECK(print_nr == (count));		\
		if (!print_ok)						\
			fprintf(stderr, "  got: %s\n", printed);	\
		free(printed);						\
		print_ok;						\
	})

static void test_plain(bool late)
{
	struct ring r;

	ring_init(&r, late, 0x1000, 0x4000);
	put_record(&r, FINALIZED, 0, "Linux version 6.12.0");
	put_record(&r, FINALIZED, 1234567890, "two\nlines");
	put_record(&r, FINALIZED, 99999999999000, "a\x1b[31mred\x07\ttab");
	put_dataless(&r, FINALIZED, 100000000000000, 3);	/* empty line */
	put_dataless(&r, FINALIZED, 100000000000000, 1);	/* lost */
	put_record(&r, COMMITTED, 123456789012345, "not yet\n");
	PRINTS(&r.m, "[    0.000000] Linux version 6.12.0\n"
	       "[    1.234567] two\n[    1.234567] lines\n"
	       "[99999.999999] a\\x1b[31mred\\x07\ttab\n"
	       "[100000.000000] \n"
	       "[123456.789012] not yet\n[123456.789012] \n", 5);
}

/* Records being written, freed, or overtaken are passed over. */
static void test_states(void)
{
	struct ring r;

	ring_init(&r, false, 0x1000, 0x4000);
	put_record(&r, FINALIZED, 1000000, "one");
	put_record(&r, 0, 2000000, "reserved");
	put_record(&r, REUSABLE, 3000000, "reusable");
	put_record(&r, FINALIZED, 4000000, "overtaken");
	machine_put(&r.m, desc_at(&r), (r.head + NR_DESCS) | FINALIZED);
	put_record(&r, FINALIZED, 5000000, "text gone");
	machine_put(&r.m, TEXT + machine_get(&r.m, desc_at(&r) + 8) %
		    (1u << r.text_bits), 4711);
	put_record(&r, FINALIZED, 6000000, "last");
	PRINTS(&r.m, "[    0.001000] one\n[    0.006000] last\n", 2);
}

/* Text blocks over the ring's end, at each place they can meet it; ids and
 * positions that pass the top of their words, as they do early. */
static void test_wrap(bool late, uint64_t first, uint64_t lpos)
{
	for (unsigned shift = 0; shift <= 256; shift += 8) {
		struct ring r;
		char text[64], want[1024] = "";
		unsigned nr = 0;

		ring_init(&r, late, first & ID_MASK, lpos + shift);
		for (unsigned i = 0; i < 40; i++) {
			snprintf(text, sizeof(text), "record %u %.*s", i,
				 (int)(i * 7 % 20), "aaaaaaaaaaaaaaaaaaaaaa");
			put_record(&r, FINALIZED, i * 1000000ull, text);
		}
		/* what the last 256 bytes of positions hold */
		for (unsigned i = 24; i < 40; i++) {
			uint64_t desc = DESCS + (first + i) % NR_DESCS *
					DESC_SIZE;
			uint64_t begin = machine_get(&r.m, desc + 8);
			uint64_t at = machine_get(&r.m, desc + 16) - begin;

			/* moved to the ring's start? */
			at = begin / 256 == (begin + at - 1) / 256 ?
			     begin % 256 : 0;
			if (machine_get(&r.m, TEXT + at) !=
			    ((first + i) & ID_MASK))
				continue;
			snprintf(want + strlen(want), sizeof(want) -
				 strlen(want), "[    0.%03u000] record %u "
				 "%.*s\n", i, i, (int)(i * 7 % 20),
				 "aaaaaaaaaaaaaaaaaaaaaa");
			nr++;
		}
		CHECK(nr >= 4);
		PRINTS(&r.m, want, nr);
	}
}

static struct error *print_error(struct machine *m)
{
	struct kernel *kernel = open_kernel(m, NULL);
	struct error *err;
	uint64_t nr;
	FILE *file = fopen("/dev/null", "w");

	err = printk_print(kernel, m->view, NULL, file, &nr);
	kernel_close(kernel);
	fclose(file);
	machine_close(m);
	return err;
}

static void test_broken(void)
{
	static const struct {
		uint64_t paddr, value;
		const char *says;
	} cases[] = {
		{ PRB, 27, "2^27 records" },
		{ PRB, 200, "2^200 records" },
		{ PRB + 48, 32, "2^32 bytes" },
		{ PRB + 48, 0, "2^0 bytes" },
		{ PRB + 32, 0, "ids 0 to 0x1001" },
		{ PRB_VARIABLE, 0x1000, "virtual address 0x1008" },
		{ PRB_VARIABLE, 0, "descriptor ring" },
	};
	static const struct {
		const char *line, *says;
	} lines[] = {
		{ "SIZE(prb_desc)=20\n", "outside" },
		{ "SIZE(printk_info)=12\n", "outside" },
		{ "SIZE(printk_info)=1000000\n", "outside" },
		{ "OFFSET(prb_desc.state_var)=4097\n", "4097" },
		{ "OFFSET(prb_desc.state_var)=18446744073709551615\n",
		  "prb_desc.state_var" },
		{ "OFFSET(prb_desc_ring.infos)=x\n", "it lacks" },
		{ "SYMBOL(prb)=x\n", "it lacks SYMBOL(prb)" },
	};
	struct ring r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ring_init(&r, false, 0x1000, 0x4000);
		put_record(&r, FINALIZED, 0, "one");
		put_record(&r, FINALIZED, 0, "two");
		if (cases[i].paddr == PRB || cases[i].paddr == PRB + 48)
			machine_put32(&r.m, cases[i].paddr,
				      (uint32_t)cases[i].value);
		else
			machine_put(&r.m, cases[i].paddr, cases[i].value);
		CHECK_ERROR(print_error(&r.m), cases[i].says);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		ring_init(&r, false, 0x1000, 0x4000);
		put_record(&r, FINALIZED, 0, "one");
		machine_say(&r.m, "%s", lines[i].line);
		CHECK_ERROR(print_error(&r.m), lines[i].says);
	}
	ring_init(&r, false, 0x1000, 0x4000);
	memset(r.m.mem + ROOT_PADDR, 0, 4096);
	CHECK_ERROR(print_error(&r.m), "the kernel log can't be found");
}

/* A ring of many records, all of them zeroes or out of reach: ends soon. */
static void test_endless(void)
{
	struct ring r;
	struct log log;
	uint64_t nr;
	char *text;

	for (int mapped = 0; mapped < 2; mapped++) {
		log_init(&log, stderr, 0);
		ring_init(&r, false, 0x1000, 0x4000);
		machine_put32(&r.m, PRB, 26);
		machine_put(&r.m, PRB + 24, 0x1000 + (1u << 26) - 1);
		machine_put(&r.m, PRB + 8, mapped ? LINEAR + 0x1000000 :
			    0xffff800000000000);
		text = print(&r.m, &log, &nr);
		CHECK(!nr && !*text);
		CHECK(log.nr_warnings == 1 &&
		      strstr(log.warnings[0], "can't be read from record 0"));
		free(text);
		log_deinit(&log);
	}
}

/* --- the records of Linux 3.5 to 5.9 --- */

#define LOG_VARIABLES	(IMAGE_PADDR + 0x1000)
#define LOG_SIZE	256u

static void buffer_init(struct machine *m, const char *strukt, uint32_t first,
			uint32_t next)
{
	machine_init(m, 4, 0);
	machine_say(m, "SYMBOL(log_buf)=%llx\nSYMBOL(log_buf_len)=%llx\n"
		    "SYMBOL(log_first_idx)=%llx\nSYMBOL(log_next_idx)=%llx\n",
		    IMAGE_VADDR + 0x1000, IMAGE_VADDR + 0x1008,
		    IMAGE_VADDR + 0x100c, IMAGE_VADDR + 0x1010);
	machine_say(m, "SIZE(%s)=16\nOFFSET(%s.ts_nsec)=0\nOFFSET(%s.len)=8\n"
		    "OFFSET(%s.text_len)=10\nOFFSET(%s.dict_len)=12\n", strukt,
		    strukt, strukt, strukt, strukt);
	machine_put(m, LOG_VARIABLES, LINEAR + TEXT);
	machine_put32(m, LOG_VARIABLES + 8, LOG_SIZE);
	machine_put32(m, LOG_VARIABLES + 12, first);
	machine_put32(m, LOG_VARIABLES + 16, next);
}

/* A record with a dictionary behind its text; returns where the next goes. */
static uint32_t put_old(struct machine *m, uint32_t at, uint64_t nsec,
			const char *text)
{
	uint8_t *p = m->mem + TEXT + at;
	size_t len = strlen(text);
	uint16_t all = (uint16_t)((16 + len + 4 + 3) & ~3u);

	put_u64(p, nsec, false);
	put_u16(p + 8, all, false);
	put_u16(p + 10, (uint16_t)len, false);
	put_u16(p + 12, 4, false);
	p[14] = 1;
	p[15] = 6 << 5;
	memcpy(p + 16, text, len);
	memcpy(p + 16 + len, "DICT", 4);
	return at + all;
}

static struct error *check_old_record(void *arg, const struct printk_record *p)
{
	CHECK(p->level == 6 && p->facility == 1);
	CHECK(p->sequence == (*(uint64_t *)arg)++);
	return NULL;
}

static void test_old(void)
{
	struct kernel *kernel;
	struct machine m;
	uint64_t nr = 0;
	uint32_t at;

	buffer_init(&m, "printk_log", 0, 0);
	at = put_old(&m, 0, 0, "first");
	at = put_old(&m, at, 1000000, "second\nline");
	machine_put32(&m, LOG_VARIABLES + 16, at);
	PRINTS(&m, "[    0.000000] first\n[    0.001000] second\n"
	       "[    0.001000] line\n", 2);

	/* around the end; a struct of the older name */
	buffer_init(&m, "log", 180, 0);
	at = put_old(&m, 180, 1000000, "before the end");
	put_u16(m.mem + TEXT + at + 8, 0, false);
	at = put_old(&m, 0, 2000000, "behind it");
	machine_put32(&m, LOG_VARIABLES + 16, at);
	PRINTS(&m, "[    0.001000] before the end\n[    0.002000] behind it\n",
	       2);

	/* a record cannot begin in the last bytes: the turn is unsaid */
	buffer_init(&m, "printk_log", 200, 0);
	at = put_old(&m, 200, 1000000, "abcdefghijklmnopqrst");
	CHECK(at == 240);
	put_old(&m, 240, 5000000, "");	/* runs over the end: len is read */
	put_u16(m.mem + TEXT + at + 8, 0, false);
	at = put_old(&m, 0, 2000000, "behind it");
	machine_put32(&m, LOG_VARIABLES + 16, at);
	PRINTS(&m, "[    0.001000] abcdefghijklmnopqrst\n"
	       "[    0.002000] behind it\n", 2);

	/* fields */
	buffer_init(&m, "printk_log", 0, 0);
	at = put_old(&m, 0, 0, "first");
	at = put_old(&m, at, 1000000, "second");
	machine_put32(&m, LOG_VARIABLES + 16, at);
	machine_open(&m);
	CHECK_OK(kernel_open(&m.image, m.view, NULL, &kernel));
	CHECK_OK(printk_each(kernel, m.view, NULL, check_old_record, &nr));
	CHECK(nr == 2);
	kernel_close(kernel);
	machine_close(&m);
}

static void test_old_broken(void)
{
	static const struct {
		uint16_t len, text_len;
	} records[] = { { 8, 0 }, { 20, 5 }, { 65535, 10 }, { 16, 65535 } };
	struct machine m;
	struct log log;
	uint64_t nr;
	uint32_t at;

	for (size_t i = 0; i < 4; i++) {
		char *text;

		log_init(&log, stderr, 0);
		buffer_init(&m, "printk_log", 0, 0);
		at = put_old(&m, 0, 0, "sound");
		put_u16(m.mem + TEXT + at + 8, records[i].len, false);
		put_u16(m.mem + TEXT + at + 10, records[i].text_len, false);
		machine_put32(&m, LOG_VARIABLES + 16, 200);
		text = print(&m, &log, &nr);
		CHECK(nr == 1 && !strcmp(text, "[    0.000000] sound\n"));
		CHECK(log.nr_warnings == 1 &&
		      strstr(log.warnings[0], "what follows is lost"));
		free(text);
		log_deinit(&log);
	}
	/* zeroes: nothing, at once; first = next after a turn: once around */
	buffer_init(&m, "printk_log", 8, 4);
	PRINTS(&m, "", 0);
	buffer_init(&m, "printk_log", 0, 0);
	for (at = 0; at < 220;)
		at = put_old(&m, at, 0, "x");
	PRINTS(&m, "[    0.000000] x\n[    0.000000] x\n[    0.000000] x\n"
	       "[    0.000000] x\n[    0.000000] x\n[    0.000000] x\n"
	       "[    0.000000] x\n[    0.000000] x\n[    0.000000] x\n"
	       "[    0.000000] x\n", 10);
	buffer_init(&m, "printk_log", 4711, 4);
	CHECK_ERROR(print_error(&m), "first record at 4711");
	buffer_init(&m, "printk_log", 0, 4);
	machine_put32(&m, LOG_VARIABLES + 8, 0);
	CHECK_ERROR(print_error(&m), "claims 0 bytes");
	buffer_init(&m, "printk_logs", 0, 4);
	CHECK_ERROR(print_error(&m), "it lacks struct printk_log");
}

int main(void)
{
	test_plain(false);
	test_plain(true);
	test_states();
	for (int late = 0; late < 2; late++) {
		test_wrap(late, 0x1000, 0x4000);
		test_wrap(late, -(uint64_t)NR_DESCS - 1, -256ull);
		test_wrap(late, -(uint64_t)NR_DESCS - 1, -512ull);
		test_wrap(late, -(uint64_t)NR_DESCS - 1, -1280ull);
	}
	test_broken();
	test_endless();
	test_old();
	test_old_broken();
	return unit_end();
}
