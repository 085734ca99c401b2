/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enough of KUnit for suites that are a table: the cases are called by main(). */
#ifndef KUNIT_TEST_H
#define KUNIT_TEST_H

#include "../stub.h"

struct kunit { int failed; };
struct kunit_case { void (*run)(struct kunit *test); };
struct kunit_suite { const char *name; struct kunit_case *test_cases; };

#define __initconst
#define __refdata
#define KUNIT_CASE(function)	{ function }
#define KUNIT_EXPECT_EQ_MSG(test, is, wanted, ...) do { \
	unsigned long long is_ = (is), wanted_ = (wanted); \
	if (is_ != wanted_) { \
		(test)->failed++; \
		printf(__VA_ARGS__); \
		printf(": %s is %llx, not %llx\n", #is, is_, wanted_); \
	} \
} while (0)
#define KUNIT_ASSERT_EQ_MSG(test, is, wanted, ...) do { \
	KUNIT_EXPECT_EQ_MSG(test, is, wanted, __VA_ARGS__); \
	if ((is) != (wanted)) \
		return; \
} while (0)
#define kunit_test_init_section_suites(suite) \
	static struct kunit_suite *const kunit_suite = suite
#define MODULE_DESCRIPTION(text) extern int module_description
#define MODULE_LICENSE(text) extern int module_license

#endif
