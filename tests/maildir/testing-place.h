/* A directory of a test's own, for set-up and tear-down. */
#pragma once

#include "testing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    char path[32];
    int fd;
} Place;

static inline int
place_set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    g_strlcpy(place->path, "/tmp/test-place-XXXXXX", sizeof place->path);
    if (mkdtemp(place->path) == NULL)
        return -1;
    place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = place;
    return 0;
}

static inline int
place_tear_down(void **state)
{
    Place *place = *state;
    close(place->fd);
    testing_remove_tree(place->path);
    g_free(place);
    return 0;
}
