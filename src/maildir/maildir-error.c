#include "maildir-error.h"

G_DEFINE_QUARK(maildir - error - quark, maildir_error)
