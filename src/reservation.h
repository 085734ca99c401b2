/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What capdump reservation has found out, and how it is printed. */
#ifndef CAPDUMP_RESERVATION_H
#define CAPDUMP_RESERVATION_H

#include <stdio.h>

#include "machine/reservations.h"
#include "machine/reserve.h"

struct reservation_answer {
	struct reserve_machine machine;
	unsigned asked_kernel;		/* the version that was asked about;
					 * machine.kernel's rules are known */
	struct reserve_plan plan;
	struct reservations now;	/* if live: what is reserved */
	bool live;			/* the machine's own command line and
					 * memory were asked about */
};

void reservation_print(const struct reservation_answer *answer, FILE *file);
void reservation_print_json(const struct reservation_answer *answer,
			    FILE *file);

#endif
