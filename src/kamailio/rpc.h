/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_RPC_H
#define CALLVET_KAMAILIO_RPC_H

#include "core/rpc.h"

extern rpc_export_t cv_rpcs[];

#endif
