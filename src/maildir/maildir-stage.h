/* maildir-stage: writes what is new below mailhaul.build, where no server looks
 * (maildir-delivery.h).
 */
#pragma once

#include "maildir-delivery.h"
#include "source.h"

/* Called for every message written; false: stop. */
typedef bool (*MaildirStaged)(uint64_t bytes, void *user);

/* Writes the new messages of the plan, and of a new folder everything. G_FILE_ERROR_INTR: @told
 * asked to stop. After an error nothing of it is left. */
bool maildir_stage(MaildirDelivery *delivery, const MaildirWork *work, MhSource *source,
                   MaildirStaged told, void *user, GError **error);
