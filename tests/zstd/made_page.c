/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages made by a script: see made_page.h. */
#include "made_page.h"

#include <string.h>

struct maker {
	const uint8_t *script;
	size_t script_len, next;
	uint64_t random;
	uint8_t *page;
	size_t at, len;
	size_t distance[2];		/* the last ones copied at */
};

uint64_t made_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* The script's next byte; the second time round something else. */
static unsigned take(struct maker *m)
{
	uint8_t byte = m->script[m->next % m->script_len];
	size_t round = m->next++ / m->script_len;

	return (byte + 37 * round) & 0xff;
}

/* Often short, now and then up to half the page. */
static size_t take_len(struct maker *m)
{
	unsigned a = take(m);

	if (a < 160)
		return a % 40 + 1;
	if (a < 224)
		return 4 * (size_t)take(m) + a % 4 + 1;
	return (take(m) | (size_t)take(m) << 8) % (m->len / 2) + 1;
}

static void put(struct maker *m, uint64_t byte)
{
	if (m->at < m->len)
		m->page[m->at++] = (uint8_t)byte;
}

static void put_random(struct maker *m)
{
	for (size_t n = take_len(m); n; n--)
		put(m, made_random(&m->random) >> 32);
}

static void put_script(struct maker *m)
{
	for (size_t n = take(m) % 64 + 1; n; n--)
		put(m, take(m));
}

static void put_run(struct maker *m)
{
	unsigned byte = take(m);

	for (size_t n = take_len(m); n; n--)
		put(m, byte);
}

static size_t take_distance(struct maker *m)
{
	unsigned kind = take(m);
	size_t distance = kind < 64 ? m->distance[kind % 2] : kind < 128 ?
			  8u * (kind % 64 + 1) :
			  (take(m) | (size_t)take(m) << 8) + 1;

	if (!m->at)
		return 0;
	distance = (distance - 1) % m->at + 1;
	m->distance[1] = m->distance[0];
	m->distance[0] = distance;
	return distance;
}

static void put_copy(struct maker *m)
{
	size_t distance = take_distance(m);

	for (size_t n = take_len(m) + 2; n && distance; n--)
		put(m, m->page[m->at - distance]);
}

/* A byte is another here and there. */
static void put_changed(struct maker *m)
{
	size_t distance = take_distance(m), every = take(m) % 48 + 1;
	unsigned change = take(m);

	for (size_t n = take_len(m) + 2; n && distance; n--)
		put(m, m->page[m->at - distance] +
		    (n % every ? 0 : change));
}

static void put_text(struct maker *m)
{
	static const char words[16][12] = {
		"the ", "kernel ", "page ", "of ", "0x", "ffff8880", "\n",
		"struct ", "int ", "return ", "/usr/lib/", "=", "); ", "if (",
		"memory ", "and ",
	};

	for (size_t n = take(m) % 32 + 1; n; n--) {
		const char *word = words[made_random(&m->random) >> 20 & 15];

		while (*word)
			put(m, (uint8_t)*word++);
	}
}

/* Pointers and small numbers, 8 bytes each. */
static void put_words(struct maker *m)
{
	uint64_t base = 0xffff888000000000 + ((uint64_t)take(m) << 20);
	unsigned step = take(m) % 5, which = take(m);

	for (size_t n = take(m) % 96 + 1; n; n--) {
		uint64_t word = which >> n % 8 & 1 ? base +
				(made_random(&m->random) % 64 << 3 * step) :
				n % 3 ? 0 : n;

		for (unsigned i = 0; i < 8; i++)
			put(m, word >> 8 * i);
	}
}

/* Of few symbols, the first ones more often. */
static void put_few(struct maker *m)
{
	unsigned nr = take(m) % 33 + 1, first = take(m), skew = take(m) % 4;

	for (size_t n = take_len(m); n; n--) {
		uint64_t v = (made_random(&m->random) >> 24) % nr;

		for (unsigned i = 0; i < skew; i++)
			v = (made_random(&m->random) >> 24) % (v + 1);
		put(m, first + v);
	}
}

void made_page(const uint8_t *script, size_t script_len, uint8_t *page,
	       size_t len)
{
	static void (*const makers[])(struct maker *) = {
		put_script, put_copy, put_run, put_random, put_text, put_words,
		put_changed, put_few, put_copy,
	};
	struct maker m = {
		.script = script, .script_len = script_len, .page = page,
		.len = len, .random = 88172645463325252u,
		.distance = { 1, 4 },
	};

	memset(page, 0, len);
	if (!script_len)
		return;
	for (unsigned i = 0; i < 8; i++)
		m.random = m.random * 31 + take(&m);
	m.random |= 1;
	m.next = 0;
	/* what emits nothing (a copy at the start) is followed by more */
	for (size_t i = 0; m.at < len && i < 4 * len; i++)
		makers[take(&m) % (sizeof(makers) / sizeof(makers[0]))](&m);
}
