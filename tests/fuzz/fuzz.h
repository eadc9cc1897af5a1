/* fuzz: what every fuzz entry point includes.
 *
 * An entry point takes bytes, gives them to one parser, and checks what the parser promises
 * whatever the bytes. It returns 0; what is broken ends the process. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "bytes.h"
#include "finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that does not hold: an abort with the words of the promise. */
#define FUZZ_CHECK(promise)                                                                        \
    do {                                                                                           \
        if (!(promise)) {                                                                          \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #promise);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Takes the last byte of the input, which chooses how the rest is read: so a file of the format is
 * a seed as it is. */
static inline uint8_t
fuzz_take_byte(MhSpan *input)
{
    uint8_t byte = input->len > 0 ? input->data[input->len - 1] : 0;
    *input = mh_span_first(*input, input->len > 0 ? input->len - 1 : 0);
    return byte;
}

/* Touches every byte, for the sanitizers. */
static inline unsigned
fuzz_touch(MhSpan span)
{
    unsigned sum = 0;
    for (size_t i = 0; i < span.len; i++)
        sum += span.data[i];
    return sum;
}
