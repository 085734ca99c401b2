# SPDX-License-Identifier: GPL-2.0-or-later
# make install [DESTDIR=...] [PREFIX=/usr/local]; install-makedumpfile puts a
# symbolic link of that name beside it.
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
INSTALL ?= install

install: $(BUILD)/capdump
	$(INSTALL) -D -m 755 $(BUILD)/capdump $(DESTDIR)$(SBINDIR)/capdump
	$(INSTALL) -D -m 644 man/capdump.8 $(DESTDIR)$(MANDIR)/man8/capdump.8
	$(INSTALL) -D -m 644 completion/capdump.bash \
		$(DESTDIR)$(COMPLETIONDIR)/capdump

# never over a makedumpfile that is there
install-makedumpfile: install
	@test ! -e $(DESTDIR)$(SBINDIR)/makedumpfile || \
		test -L $(DESTDIR)$(SBINDIR)/makedumpfile
	ln -sf capdump $(DESTDIR)$(SBINDIR)/makedumpfile

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/capdump \
		$(DESTDIR)$(MANDIR)/man8/capdump.8 \
		$(DESTDIR)$(COMPLETIONDIR)/capdump
	@if [ "$$(readlink $(DESTDIR)$(SBINDIR)/makedumpfile)" = capdump ]; \
	then rm -v $(DESTDIR)$(SBINDIR)/makedumpfile; fi

.PHONY: install install-makedumpfile uninstall
