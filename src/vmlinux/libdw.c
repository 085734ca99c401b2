/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading libdw: see libdw.h. */
#include "libdw.h"

#ifdef HAVE_LIBDW
#include <dlfcn.h>

/* its soname since elfutils 0.100; functions are versioned below it */
#define LIBRARY "libdw.so.1"

static struct error *find(const struct libdw *libdw, const char *name,
			  void *ret)
{
	void *found = dlsym(libdw->handle, name);

	if (!found)
		return error_create(ERROR_UNSUPPORTED,
				    LIBRARY " has no %s: elfutils 0.171 or newer is needed",
				    name);
	*(void **)ret = found;
	return NULL;
}

static struct error *find_all(struct libdw *libdw)
{
#define LIBDW_FIND(name) TRY(find(libdw, #name, &libdw->name));
	LIBDW_FUNCTIONS(LIBDW_FIND)
#undef LIBDW_FIND
	return NULL;
}

struct error *libdw_load(struct libdw *libdw)
{
	struct error *err;

	*libdw = (struct libdw){ 0 };
	libdw->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!libdw->handle)
		return error_create(ERROR_UNSUPPORTED,
				    "reading debugging symbols needs libdw (Debian: libdw1, others: elfutils-libs), which can't be loaded: %s",
				    dlerror());
	err = find_all(libdw);
	if (err)
		libdw_unload(libdw);
	return err;
}

void libdw_unload(struct libdw *libdw)
{
	if (libdw->handle)
		dlclose(libdw->handle);
	libdw->handle = NULL;
}
#endif
