#include "mbox-error.h"

G_DEFINE_QUARK(mbox - error, mbox_error)
