#include "message-date.h"
