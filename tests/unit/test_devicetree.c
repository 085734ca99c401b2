/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties of device trees: flattened ones made here, byte by byte, whole and
 * damaged; and a folder. */
#include "../../src/machine/devicetree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "unit.h"

#define MAX_TREE 1024

struct tree {
	uint8_t bytes[MAX_TREE];
	uint32_t at;
	uint32_t strings, structs, end;
};

static void put(struct tree *t, uint32_t word)
{
	put_u32(t->bytes + t->at, word, true);
	t->at += 4;
}

static void put_text(struct tree *t, const char *text)
{
	memset(t->bytes + t->at, 0, strlen(text) / 4 * 4 + 4);
	memcpy(t->bytes + t->at, text, strlen(text));
	t->at += (uint32_t)strlen(text) / 4 * 4 + 4;
}

/* "reg" is at 0 of the strings, "model" at 4, "eg" at 1. */
static void put_prop(struct tree *t, uint32_t name, const char *value)
{
	put(t, 3);
	put(t, (uint32_t)strlen(value));
	put(t, name);
	memcpy(t->bytes + t->at, value, strlen(value));
	t->at = (uint32_t)align_up(t->at + strlen(value), 4);
}

/* / { model = "root"; a { reg = "of a"; b { reg = "of b"; model; }; };
 *     ab { reg = "of ab"; }; c { b { reg = "of c/b"; }; }; } */
static void build(struct tree *t)
{
	memset(t, 0, sizeof(*t));
	t->at = 40;
	t->strings = t->at;
	memcpy(t->bytes + t->at, "reg\0model", 10);
	t->at += 12;
	t->structs = t->at;
	put(t, 1), put_text(t, "");
	put_prop(t, 4, "root");
	put(t, 4);
	put(t, 1), put_text(t, "a");
	put_prop(t, 0, "of a");
	put(t, 1), put_text(t, "b");
	put_prop(t, 0, "of b");
	put_prop(t, 4, "");
	put(t, 2);
	put(t, 2);
	put(t, 1), put_text(t, "ab");
	put_prop(t, 0, "of ab");
	put(t, 2);
	put(t, 1), put_text(t, "c");
	put(t, 1), put_text(t, "b");
	put_prop(t, 0, "of c/b");
	put(t, 2);
	put(t, 2);
	put(t, 2);
	put(t, 9);
	t->end = t->at;
	t->at = 0;
	put(t, 0xd00dfeed);
	put(t, t->end);
	put(t, t->structs);
	put(t, t->strings);
	put(t, 40);
	put(t, 17);
	put(t, 16);
	put(t, 0);
	put(t, 10);
	put(t, t->end - t->structs);
}

static const char path[] = "/tmp/capdump-test-devicetree";

static void store(const struct tree *t, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, t->bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* Whether the property is there and has that value, or (NULL) is not. */
static bool is(const struct devicetree *tree, const char *node,
	       const char *name, const char *value)
{
	uint8_t *have;
	size_t len;
	bool ok;

	if (!CHECK_OK(devicetree_get(tree, node, name, &have, &len)))
		return false;
	ok = value ? have && len == strlen(value) && !memcmp(have, value, len) :
	     !have;
	free(have);
	return ok;
}

static void test_blob(void)
{
	struct devicetree tree;
	struct tree t;

	build(&t);
	store(&t, t.end);
	CHECK(devicetree_probe(path));
	if (!CHECK_OK(devicetree_open(path, &tree)))
		return;
	CHECK(is(&tree, "", "model", "root"));
	CHECK(is(&tree, "", "reg", NULL));
	CHECK(is(&tree, "a", "reg", "of a"));
	CHECK(is(&tree, "a", "model", NULL));
	CHECK(is(&tree, "a/b", "reg", "of b"));
	CHECK(is(&tree, "a/b", "model", ""));
	CHECK(is(&tree, "ab", "reg", "of ab"));
	CHECK(is(&tree, "c/b", "reg", "of c/b"));
	CHECK(is(&tree, "b", "reg", NULL));
	CHECK(is(&tree, "c", "reg", NULL));
	CHECK(is(&tree, "a/b/c", "reg", NULL));
	CHECK(is(&tree, "a", "eg", NULL));
	CHECK(is(&tree, "a", "re", NULL));
	devicetree_close(&tree);
}

/* Opens and asks for everything; whatever is said, nothing is touched that is
 * not there (a sanitizer tells). */
static void ask(void)
{
	static const char *const nodes[] = { "", "a", "a/b", "ab", "c/b", "x" };
	struct devicetree tree;
	uint8_t *have;
	size_t len;

	struct error *err = devicetree_open(path, &tree);

	for (size_t i = 0; !err && i < sizeof(nodes) / sizeof(*nodes); i++) {
		error_destroy(devicetree_get(&tree, nodes[i], "model", &have,
					     &len));
		free(have);
	}
	if (!err)
		devicetree_close(&tree);
	error_destroy(err);
}

static void test_damaged(void)
{
	static const uint32_t words[] = { 0, 1, 2, 3, 5, 0x7fffffff, 0xffffffff };
	struct devicetree tree;
	struct tree t;

	build(&t);
	for (uint32_t len = 1; len < t.end; len++) {
		store(&t, len);
		CHECK_ERROR(devicetree_open(path, &tree), len < 40 ?
			    "neither a folder" : "the file ends");
	}
	for (uint32_t at = 0; at < t.end; at += 4)
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
			build(&t);
			put_u32(t.bytes + at, words[i], true);
			store(&t, t.end);
			ask();
		}
	build(&t);
	put_u32(t.bytes + 36, t.end, true);
	store(&t, t.end);
	CHECK_ERROR(devicetree_open(path, &tree), "structure block");
	build(&t);
	put_u32(t.bytes + 20, 15, true);
	store(&t, t.end);
	CHECK_ERROR(devicetree_open(path, &tree), "version 15");
	CHECK_ERROR(devicetree_open("/nonexistent", &tree), "/nonexistent");
	CHECK(!devicetree_probe("/nonexistent") && !devicetree_probe("/dev/zero"));
}

static void test_endless(void)
{
	struct devicetree tree;
	struct tree t;
	uint8_t *have;
	size_t len;

	build(&t);
	put_u32(t.bytes + t.end - 4, 4, true);	/* no end */
	store(&t, t.end);
	CHECK_OK(devicetree_open(path, &tree));
	CHECK(is(&tree, "a", "reg", "of a"));
	devicetree_close(&tree);
	for (uint32_t at = t.structs; at < t.end; at += 4)
		put_u32(t.bytes + at, 4, true);
	store(&t, t.end);
	CHECK_OK(devicetree_open(path, &tree));
	CHECK_ERROR(devicetree_get(&tree, "a", "reg", &have, &len),
		    "no end of the tree");
	devicetree_close(&tree);
}

static void test_folder(void)
{
	static const char dir[] = "/tmp/capdump-test-devicetree.d";
	char name[80];
	struct devicetree tree;
	uint8_t *have;
	size_t len;
	int fd;

	mkdir(dir, 0700);
	snprintf(name, sizeof(name), "%s/a", dir);
	mkdir(name, 0700);
	snprintf(name, sizeof(name), "%s/a/reg", dir);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(write(fd, "of a", 4) == 4);
	CHECK(devicetree_probe(dir));
	if (!CHECK_OK(devicetree_open(dir, &tree)))
		return;
	CHECK(is(&tree, "a", "reg", "of a"));
	CHECK(is(&tree, "a", "model", NULL));
	CHECK(is(&tree, "b", "reg", NULL));
	CHECK(is(&tree, "a/reg", "model", NULL));
	CHECK_ERROR(devicetree_get(&tree, "", "a", &have, &len),
		    "a property is a file");
	CHECK(!ftruncate(fd, DEVICETREE_MAX_PROPERTY + 1));
	CHECK_ERROR(devicetree_get(&tree, "a", "reg", &have, &len),
		    "65537 bytes");
	close(fd);
	devicetree_close(&tree);
	unlink(name);
	snprintf(name, sizeof(name), "%s/a", dir);
	rmdir(name);
	rmdir(dir);
}

int main(void)
{
	test_blob();
	test_damaged();
	test_endless();
	test_folder();
	unlink(path);
	return unit_end();
}
