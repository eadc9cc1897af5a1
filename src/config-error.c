#include "config-error.h"

G_DEFINE_QUARK(mh - config - error - quark, mh_config_error)
