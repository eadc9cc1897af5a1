/* taken-over: what the test and the worker that is taken over share; see taken-over.c. */
#pragma once

#include <stdint.h>

#define TAKEN_OVER_PATHS 64
#define TAKEN_OVER_PATH  512

typedef struct {
    volatile int32_t worker; /* its process */
    volatile int32_t done, go_on;
    int32_t coordinator;
    char paths[TAKEN_OVER_PATHS][TAKEN_OVER_PATH];
    char text[1 << 16];
} TakenOver;
