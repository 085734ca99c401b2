// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kernel/crash_dump_dm_crypt.c as it is: keys that are saved for the crash kernel,
 * and reused by the next load.
 */
#include "stub.h"
#define LINUX_KEXEC_INTERNAL_H
#include "kernel/crash_dump_dm_crypt.c"

/* the crash region, made of one image's keys */
static char region[1 << 16] __attribute__((aligned(4096)));
static bool is_locked, is_protected, is_full, is_loading, has_no_memory;
static int protections, bad;
static struct kimage images[2];
struct kimage *kexec_crash_image;

static void check(bool holds, const char *what)
{
	if (!holds) {
		printf("%s\n", what);
		bad++;
	}
}

bool kexec_trylock(void)
{
	if (is_locked)
		return false;
	is_locked = true;
	return true;
}

void kexec_unlock(void)
{
	check(is_locked, "unlocked twice");
	is_locked = false;
}

/* Only the loader, which has taken the old image away, may wait for memory. */
void *allocate(size_t size)
{
	check(!is_locked || is_loading, "memory is allocated with the lock taken");
	return has_no_memory ? NULL : calloc(1, size);
}

static void change_protection(bool to)
{
	check(is_locked, "protection changes without the lock");
	is_protected = to;
	protections++;
}

void arch_kexec_protect_crashkres(void)
{
	change_protection(true);
}

void arch_kexec_unprotect_crashkres(void)
{
	change_protection(false);
}

int kexec_add_buffer(struct kexec_buf *kbuf)
{
	if (is_full)
		return -EADDRNOTAVAIL;
	/* in Linux that is done later, from the same buffer */
	memset(region, 0xaa, sizeof(region));
	memcpy(region, kbuf->buffer, kbuf->bufsz);
	kbuf->mem = (unsigned long)region;
	return 0;
}

/* what kexec_file_load() does */
static int load(void)
{
	struct kimage *image = kexec_crash_image == images ? images + 1 : images;
	int ret;

	if (!kexec_trylock())
		return -EBUSY;
	if (kexec_crash_image)
		arch_kexec_unprotect_crashkres();
	kexec_crash_image = NULL;
	*image = (struct kimage){ 0 };
	is_loading = true;
	ret = crash_load_dm_crypt_keys(image);
	is_loading = false;
	if (!ret) {
		kexec_crash_image = image;
		arch_kexec_protect_crashkres();
	}
	kexec_unlock();
	return ret;
}

static struct list_head *children(void)
{
	return &config_keys_subsys.su_group.cg_children;
}

static void add_key(const char *name)
{
	struct config_item *item = config_keys_make_item(NULL, name);

	config_key_description_store(item, name, strlen(name));
	item->ci_entry = (struct list_head){ children(), children()->prev };
	children()->prev->next = &item->ci_entry;
	children()->prev = &item->ci_entry;
}

static void remove_key(void)
{
	struct list_head *last = children()->prev;
	struct config_item *item = container_of(last, struct config_item, ci_entry);

	last->prev->next = last->next;
	last->next->prev = last->prev;
	kfree(to_config_key(item)->description);
	config_key_release(item);
}

static ssize_t reuse(const char *word)
{
	return config_keys_reuse_store(NULL, word, strlen(word));
}

/* Nothing is reused of keys that look like this. */
static void refuse(unsigned int total, size_t size, const char *what)
{
	struct keys_header *header = (struct keys_header *)region;
	unsigned int old_total = header->total_keys;
	size_t old_size = kexec_crash_image->dm_crypt_keys_sz;

	header->total_keys = total;
	kexec_crash_image->dm_crypt_keys_sz = size;
	check(reuse("1") == -EINVAL && !is_locked && is_protected, what);
	check(!is_dm_key_reused, what);
	header->total_keys = old_total;
	kexec_crash_image->dm_crypt_keys_sz = old_size;
}

/* The region has these keys, and the image says how much that is. */
static void has_keys(unsigned int count, const char *what)
{
	static const char *const names[] = { "one", "two", "three" };
	struct keys_header *header = (struct keys_header *)region;

	check(kexec_crash_image->dm_crypt_keys_addr == (unsigned long)region, what);
	check(kexec_crash_image->dm_crypt_keys_sz == get_keys_header_size(count),
	      what);
	check(header->total_keys == count, what);
	for (unsigned int i = 0; i < count && i < header->total_keys; i++) {
		check(!strcmp(header->keys[i].key_desc, names[i]), what);
		check(!strcmp((char *)header->keys[i].data, names[i]), what);
	}
}

static u8 *key_data(void)
{
	return ((struct keys_header *)region)->keys[0].data;
}

static void leave_to_loader(void)
{
	int changes;

	/* another one loads or unloads, and has taken the protection away */
	is_locked = is_loading = true;
	is_protected = false;
	changes = protections;
	check(reuse("1") == -EBUSY, "reuse while a crash kernel is loaded");
	check(!is_protected && protections == changes, "it was protected meanwhile");
	is_locked = is_loading = false;
	is_protected = true;
}

static void refuse_all(void)
{
	check(reuse("x") == -EINVAL && !is_locked, "no truth value");
	has_no_memory = true;
	check(reuse("1") == -ENOMEM && !is_locked, "no memory");
	has_no_memory = false;

	refuse(1, get_keys_header_size(2), "fewer keys than were saved");
	refuse(1000, get_keys_header_size(2), "more keys than were saved");
	refuse(UINT_MAX, get_keys_header_size(2), "no number of keys");
	refuse(150, get_keys_header_size(150), "more keys than there may be");
}

/* with one key */
static void remove_last(void)
{
	check(reuse("1") == 1, "reuse the one key");
	remove_key();
	check(!load(), "load the one");
	has_keys(1, "one key, though there is none");
	kexec_crash_image = NULL;
	check(!load(), "load it after the image was unloaded");
	has_keys(1, "one key after that");

	kexec_crash_image = NULL;
	check(reuse("0") == 1 && !is_locked, "no reuse, without an image");
	check(!load() && !kexec_crash_image->dm_crypt_keys_addr, "load no keys");
	check(reuse("1") == -EINVAL && !is_locked, "no keys are saved");
	check(reuse("0") == 1, "no reuse, with an image without keys");
	add_key("one");
	check(!load(), "load a new key");
	has_keys(1, "the new key");

	*key_data() = 'O';
	check(reuse("1") == 1 && !load(), "reuse what is in the region");
	check(*key_data() == 'O', "not what was in the region");
}

int main(void)
{
	setbuf(stdout, NULL);
	children()->next = children()->prev = children();

	check(reuse("1") == -EINVAL && !is_locked, "nothing is loaded");
	add_key("one");
	add_key("two");
	check(!load(), "load");
	has_keys(2, "two keys");
	is_full = true;
	check(load() == -EADDRNOTAVAIL, "no room");
	is_full = false;
	check(!load(), "load after that");
	has_keys(2, "two keys after that");

	leave_to_loader();
	refuse_all();

	check(reuse("1") == 1 && !is_locked && is_protected, "reuse");
	check(!load(), "load what was saved");
	has_keys(2, "the same two keys");

	add_key("three");
	check(reuse("1") == 1, "reuse after a key was added");
	check(!load(), "load the two");
	has_keys(2, "two keys, though there are three");
	check(reuse("0") == 1 && !load(), "load all");
	has_keys(3, "three keys");

	remove_key();
	remove_key();
	check(reuse("1") == 1 && !load(), "reuse after keys were removed");
	has_keys(3, "three keys, though there is one");

	is_full = true;
	check(load() == -EADDRNOTAVAIL, "no room for what is reused");
	is_full = false;
	check(!load(), "load that after all");
	has_keys(3, "the keys are still there");
	check(reuse("0") == 1 && !load(), "load anew");
	has_keys(1, "the one key");

	remove_last();

	printf("%s\n", bad ? "failed" : "ok");
	return bad != 0;
}
