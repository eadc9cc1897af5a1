#include "courier-error.h"

G_DEFINE_QUARK(courier - error - quark, courier_error)
