// SPDX-License-Identifier: GPL-2.0
/* The code of the tracepoints, made by the kernel's macros from trace.h. */
#define CREATE_TRACE_POINTS
#include "trace.h"
