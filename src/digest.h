/* digest: the identity of a message's bytes.
 *
 * BLAKE2b with 20 bytes of output (libsodium's generichash): a hash that someone who can send
 * mail cannot make collide, and fast enough without special processor instructions.
 */
#pragma once

#include "bytes.h"

#include <sodium.h>

#define MH_DIGEST_BYTES 20

typedef struct {
    uint8_t bytes[MH_DIGEST_BYTES];
} MhDigest;

typedef struct {
    crypto_generichash_state state;
} MhDigester;

void mh_digester_init(MhDigester *digester);
void mh_digester_add(MhDigester *digester, MhSpan bytes);
MhDigest mh_digester_finish(MhDigester *digester);

MhDigest mh_digest_of(MhSpan bytes);
bool mh_digest_equal(const MhDigest *a, const MhDigest *b);

/* 32 lower-case letters and digits (RFC 4648 base32 without padding), fit for a file name on any
 * file system. */
#define MH_DIGEST_TEXT 32
void mh_digest_format(const MhDigest *digest, char out_text[MH_DIGEST_TEXT + 1]);
bool mh_digest_parse(MhSpan text, MhDigest *out_digest);
