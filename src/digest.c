#include "digest.h"

#include <string.h>

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* Without it libsodium does not look for the processor's vectors, and takes half as long again. */
static void
choose_implementation(void)
{
    static gsize chosen;
    if (g_once_init_enter(&chosen)) {
        bool good = sodium_init() >= 0;
        g_assert(good);
        g_once_init_leave(&chosen, 1);
    }
}

void
mh_digester_init(MhDigester *digester)
{
    choose_implementation();
    crypto_generichash_init(&digester->state, NULL, 0, MH_DIGEST_BYTES);
}

void
mh_digester_add(MhDigester *digester, MhSpan bytes)
{
    if (bytes.len > 0)
        crypto_generichash_update(&digester->state, bytes.data, bytes.len);
}

MhDigest
mh_digester_finish(MhDigester *digester)
{
    MhDigest digest;
    crypto_generichash_final(&digester->state, digest.bytes, sizeof digest.bytes);
    return digest;
}

MhDigest
mh_digest_of(MhSpan bytes)
{
    MhDigester digester;
    mh_digester_init(&digester);
    mh_digester_add(&digester, bytes);
    return mh_digester_finish(&digester);
}

bool
mh_digest_equal(const MhDigest *a, const MhDigest *b)
{
    return memcmp(a->bytes, b->bytes, MH_DIGEST_BYTES) == 0;
}

void
mh_digest_format(const MhDigest *digest, char out_text[MH_DIGEST_TEXT + 1])
{
    for (size_t group = 0; group < MH_DIGEST_BYTES / 5; group++) {
        uint64_t bits = 0;
        for (size_t i = 0; i < 5; i++)
            bits = bits << 8 | digest->bytes[group * 5 + i];
        for (size_t i = 0; i < 8; i++)
            out_text[group * 8 + i] = alphabet[bits >> (35 - 5 * i) & 31];
    }
    out_text[MH_DIGEST_TEXT] = '\0';
}

#define NO_VALUE 32u

/* Its place in the alphabet. Letters and digits come in no order that a processor could foresee, so
 * there are no branches. */
static inline unsigned
value_of(uint8_t c)
{
    unsigned letter = (unsigned)c - 'a', digit = (unsigned)c - '2';
    unsigned value = digit < 6 ? digit + 26 : NO_VALUE;
    return letter < 26 ? letter : value;
}

bool
mh_digest_parse(MhSpan text, MhDigest *out_digest)
{
    MhDigest digest;
    if (text.len != MH_DIGEST_TEXT)
        return false;
    for (size_t group = 0; group < MH_DIGEST_BYTES / 5; group++) {
        uint64_t bits = 0;
        unsigned seen = 0;
        for (size_t i = 0; i < 8; i++) {
            unsigned value = value_of(text.data[group * 8 + i]);
            seen |= value;
            bits = bits << 5 | (value & 31);
        }
        if ((seen & NO_VALUE) != 0)
            return false;
        for (size_t i = 0; i < 5; i++)
            digest.bytes[group * 5 + i] = (uint8_t)(bits >> (32 - 8 * i));
    }
    *out_digest = digest;
    return true;
}
