/* Field C of a line of the target's UID list: what was read is written so that it is read as the
 * same. */
#include "fuzz.h"

#include "maildir/maildir-carried.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    uint32_t uid = fuzz_take_byte(&input);
    MaildirCarried carried, again;
    char text[MAILDIR_CARRIED_MAX];
    if (!maildir_carried_parse(input, uid, &carried))
        return 0;
    FUZZ_CHECK(carried.letters < UINT32_C(1) << 26);
    maildir_carried_format(&carried, uid, text);
    FUZZ_CHECK(maildir_carried_parse(mh_span_from_string(text), uid, &again));
    FUZZ_CHECK(again.flags == carried.flags && again.letters == carried.letters &&
               again.uid == carried.uid && again.size_listed == carried.size_listed);
    return 0;
}
