/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a request: in words that say what to do next, and whether time
 * may help. */
#ifndef CAPDUMP_SINK_OUTCOME_H
#define CAPDUMP_SINK_OUTCOME_H

#include "transfer.h"

/* NULL if the object stands. URL names it, masked; PRESIGNED: its query was what
 * lets us write; KNOWN: credentials were sent. */
struct error *outcome_error(const struct outcome *outcome, const char *url,
			    bool presigned, bool known);

/* What kept OUTCOME from being an answer. */
struct error *outcome_trouble(const struct outcome *outcome, const char *url);

/* Whether the same may succeed later. */
bool outcome_passes(const struct outcome *outcome);

/* Whether it is to be sent to outcome->redirect. */
bool outcome_redirects(const struct outcome *outcome);

#endif
