/* inspect-json: what a path holds, for scripts: one JSON object a line. */
#pragma once

#include "inspect.h"

/* Prints {"type": "inspect", ...} and a newline on standard output. @messages: each of them, too.
 */
void mh_inspect_json(const MhInspection *inspection, bool messages);
