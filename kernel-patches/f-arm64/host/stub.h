/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel/crash_dump_dm_crypt.c uses of the kernel, for the host: the headers
 * in linux/ and keys/ are this one.
 */
#ifndef STUB_H
#define STUB_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef uint8_t u8;
typedef uint64_t u64;

#define PAGE_SHIFT	12
#define __init
#define __weak		__attribute__((weak))
#define __unused	__attribute__((unused))
#define __counted_by(count)
#define EXPORT_SYMBOL_GPL(name)
#define THIS_MODULE	NULL
#define early_param(name, function) \
	static int (*const param_##function)(char *) __unused = function
#define module_init(function) \
	static int (*const init_##function)(void) __unused = function
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define struct_size(p, member, count) \
	(sizeof(*(p)) + sizeof((p)->member[0]) * (count))

#define pr_err(...)	((void)0)
#define pr_warn(...)	((void)0)
#define kexec_dprintk(...) ((void)0)

#define ERR_PTR(error)	((void *)(intptr_t)(error))
#define PTR_ERR(ptr)	((intptr_t)(ptr))
#define IS_ERR(ptr)	((uintptr_t)(ptr) >= (uintptr_t)-4095)

/* memory */
#define GFP_KERNEL	0
void *allocate(size_t size);	/* the test's */
#define kmalloc(size, flags) allocate(size)
#define kvmalloc(size, flags) allocate(size)
#define kvzalloc(size, flags) allocate(size)
#define kzalloc(size, flags) allocate(size)
#define kzalloc_obj(type) calloc(1, sizeof(type))
#define kfree(ptr)	free((void *)(ptr))
#define kvfree(ptr)	free(ptr)
#define kmemdup_nul(ptr, len, flags) strndup(ptr, len)
#define strscpy(to, from, size) snprintf(to, size, "%s", from)
#define sysfs_emit(to, ...) sprintf(to, __VA_ARGS__)

#define swap(a, b)						\
	do { typeof(a) old = (a); (a) = (b); (b) = old; } while (0)

struct page;
#define pfn_to_page(pfn) ((struct page *)((pfn) << PAGE_SHIFT))
#define kmap_local_page(page) ((void *)(page))
#define kunmap_local(ptr) ((void)(ptr))

static inline unsigned long long memparse(const char *from, char **end)
{
	return strtoull(from, end, 0);
}

static inline int kstrtobool(const char *from, bool *to)
{
	if (*from != '0' && *from != '1')
		return -EINVAL;
	*to = *from == '1';
	return 0;
}

/* what the crash kernel reads */
struct kvec {
	void *iov_base;
	size_t iov_len;
};
struct iov_iter {
	int unused;
};
#define READ		0
#define CC_ATTR_MEM_ENCRYPT 0
#define cc_platform_has(attribute) false
#define is_kdump_kernel() false
#define iov_iter_kvec(iter, way, kvec, count, size) ((void)(iter), (void)(kvec))
#define read_from_oldmem(iter, count, pos, encrypted) ((ssize_t)-EIO)

/* keys: each has its description for data */
struct user_key_payload {
	unsigned short datalen;
	char data[128];
};
struct key {
	int sem, serial;
	struct user_key_payload payload;
};
typedef struct key *key_ref_t;
#define key_type_logon	*(int *)NULL
#define KEY_USR_ALL	0
#define KEY_ALLOC_IN_QUOTA 0
#define KEY_SPEC_USER_KEYRING 0
#define KEY_NEED_WRITE	0
#define key_create_or_update(...) ((key_ref_t)ERR_PTR(-EIO))
#define lookup_user_key(...) ((key_ref_t)ERR_PTR(-EIO))
#define key_ref_to_ptr(key) (key)
#define key_ref_put(key) ((void)0)
#define key_put(key)	free(key)
#define down_read(sem)	((void)(sem))
#define up_read(sem)	((void)(sem))
#define user_key_payload_locked(key) (&(key)->payload)

static inline struct key *request_key(int *type, const char *name, void *callout)
{
	struct key *key = calloc(1, sizeof(*key));

	(void)type, (void)callout;
	key->payload.datalen = strlen(name) + 1;
	memcpy(key->payload.data, name, key->payload.datalen);
	return key;
}

/* configfs */
struct list_head {
	struct list_head *next, *prev;
};
struct config_item {
	const char *ci_name, *ci_namebuf;
	struct list_head ci_entry;
	const struct config_item_type *ci_type;
};
struct config_group {
	struct config_item cg_item;
	struct list_head cg_children;
};
struct configfs_attribute {
	ssize_t (*show)(struct config_item *, char *);
	ssize_t (*store)(struct config_item *, const char *, size_t);
};
struct configfs_item_operations {
	void (*release)(struct config_item *);
};
struct configfs_group_operations {
	struct config_item *(*make_item)(struct config_group *, const char *);
};
struct config_item_type {
	const struct configfs_item_operations *ct_item_ops;
	const struct configfs_group_operations *ct_group_ops;
	struct configfs_attribute **ct_attrs;
	void *ct_owner;
};
struct configfs_subsystem {
	struct config_group su_group;
	int su_mutex;
};
#define CONFIGFS_ATTR(prefix, name) \
	static struct configfs_attribute prefix##attr_##name __unused = \
		{ prefix##name##_show, prefix##name##_store }
#define CONFIGFS_ATTR_RO(prefix, name) \
	static struct configfs_attribute prefix##attr_##name __unused = \
		{ prefix##name##_show, NULL }
#define config_item_init_type_name(item, name, type) ((item)->ci_type = (type))
#define config_group_init(group) ((void)(group))
#define mutex_init(mutex) ((void)(mutex))
#define configfs_register_subsystem(subsystem) 0
#define configfs_unregister_subsystem(subsystem) ((void)0)
#define list_for_each_entry(pos, head, member)				\
	for (pos = container_of((head)->next, typeof(*pos), member);	\
	     &pos->member != (head);					\
	     pos = container_of(pos->member.next, typeof(*pos), member))

/* kexec */
#define ELF_CORE_HEADER_ALIGN 4096
#define KEXEC_BUF_MEM_UNKNOWN 0
struct kimage {
	unsigned long dm_crypt_keys_addr, dm_crypt_keys_sz;
};
struct kexec_buf {
	struct kimage *image;
	void *buffer;
	unsigned long bufsz, mem, memsz, buf_align, buf_min, buf_max;
	bool top_down, random;
};
extern struct kimage *kexec_crash_image;
int kexec_add_buffer(struct kexec_buf *kbuf);
bool kexec_trylock(void);
void kexec_unlock(void);
void arch_kexec_protect_crashkres(void);
void arch_kexec_unprotect_crashkres(void);

#endif
