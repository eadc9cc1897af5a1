#include "keyed-hash.h"

#include <string.h>

static guint
hash_of(const void *data, size_t len)
{
    static uint8_t key[crypto_shorthash_KEYBYTES];
    static gsize drawn;
    uint64_t hash;
    G_STATIC_ASSERT(sizeof hash == crypto_shorthash_BYTES);
    if (g_once_init_enter(&drawn)) {
        randombytes_buf(key, sizeof key);
        g_once_init_leave(&drawn, 1);
    }
    crypto_shorthash((unsigned char *)&hash, data, len, key);
    return (guint)hash;
}

guint
mh_keyed_hash_text(gconstpointer text)
{
    return hash_of(text, strlen(text));
}

guint
mh_keyed_hash_bytes(gconstpointer bytes)
{
    gsize len;
    const void *data = g_bytes_get_data((GBytes *)(uintptr_t)bytes, &len);
    return hash_of(data, len);
}

guint
mh_keyed_hash_number(gconstpointer number)
{
    return hash_of(number, sizeof(uint64_t));
}

guint
mh_keyed_hash_digest(gconstpointer digest)
{
    return hash_of(((const MhDigest *)digest)->bytes, MH_DIGEST_BYTES);
}
