/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all sinks share. */
#include "sink.h"

void sink_destroy(struct sink *sink)
{
	if (sink)
		sink->ops->destroy(sink);
}
