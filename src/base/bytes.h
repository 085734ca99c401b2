/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as they stand in files and in a crashed machine's memory: of either
 * byte order, at any alignment. And arithmetic on numbers from there, which
 * may overflow.
 */
#ifndef CAPDUMP_BASE_BYTES_H
#define CAPDUMP_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BYTES_HOST_BIG true
#else
#define BYTES_HOST_BIG false
#endif

static inline uint16_t get_u16(const void *p, bool big_endian)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return big_endian == BYTES_HOST_BIG ? v : __builtin_bswap16(v);
}

static inline uint32_t get_u32(const void *p, bool big_endian)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return big_endian == BYTES_HOST_BIG ? v : __builtin_bswap32(v);
}

static inline uint64_t get_u64(const void *p, bool big_endian)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return big_endian == BYTES_HOST_BIG ? v : __builtin_bswap64(v);
}

static inline void put_u16(void *p, uint16_t v, bool big_endian)
{
	v = big_endian == BYTES_HOST_BIG ? v : __builtin_bswap16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void put_u32(void *p, uint32_t v, bool big_endian)
{
	v = big_endian == BYTES_HOST_BIG ? v : __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void put_u64(void *p, uint64_t v, bool big_endian)
{
	v = big_endian == BYTES_HOST_BIG ? v : __builtin_bswap64(v);
	memcpy(p, &v, sizeof(v));
}

/* An unsigned number of SIZE bytes (1, 2, 4 or 8). */
static inline uint64_t get_uint(const void *p, unsigned size, bool big_endian)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return get_u16(p, big_endian);
	case 4:
		return get_u32(p, big_endian);
	default:
		return get_u64(p, big_endian);
	}
}

/* How many bits are set. The compiler's own is a call into a table where the
 * instruction set has no such instruction, as x86_64 by default. */
static inline unsigned count_bits(uint64_t v)
{
#ifdef __POPCNT__
	return (unsigned)__builtin_popcountll(v);
#else
	v -= v >> 1 & 0x5555555555555555;
	v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned)(v * 0x0101010101010101 >> 56);
#endif
}

/* ALIGN is a power of two. align_up() of the last few values wraps to 0. */
static inline uint64_t align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

static inline uint64_t align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* True if the sum or product does not fit; then *RET is not to be used. */
static inline bool add_overflows(uint64_t a, uint64_t b, uint64_t *ret)
{
	return __builtin_add_overflow(a, b, ret);
}

static inline bool mul_overflows(uint64_t a, uint64_t b, uint64_t *ret)
{
	return __builtin_mul_overflow(a, b, ret);
}

#endif
