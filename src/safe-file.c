#include "safe-file.h"
