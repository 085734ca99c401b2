/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer of several targets: what comes goes to the writers of all that are ready.
 * What one of them fails with is its own, and the others go on. It is begun and fed
 * only: the end is each target's own (several.h).
 */
#ifndef CAPDUMP_CAPTURE_FAN_H
#define CAPDUMP_CAPTURE_FAN_H

#include "../formats/writer.h"

struct capture;

/* Of C's targets, whose writers exist. */
struct error *fan_create(struct capture *c, struct writer **ret);

/* Whether c->target's want of room is an error of all from now on, since another level
 * is tried then. */
void fan_set_retry(struct writer *fan, bool retry);

#endif
