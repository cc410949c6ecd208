/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_PV_H
#define CALLVET_KAMAILIO_PV_H

#include "core/pvar.h"

/* $callvet(name); see README. Null if the call was not checked, or there is no such thing. */
extern pv_export_t cv_pvs[];

#endif
