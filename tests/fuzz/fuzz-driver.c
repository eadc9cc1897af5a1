/* fuzz-driver: runs one entry point without a fuzzer, as an ordinary test.
 *
 *   fuzz-NAME [--seconds S] [--dictionary FILE] SEED...
 *
 * S is what the environment's MAILHAUL_FUZZ_SECONDS says, or 1. Each SEED is a file, or a directory
 * of files. First the seeds themselves, whole and cut off at each of their first bytes; then, for S
 * seconds, seeds that a generator with a fixed start has changed: the n-th input is the same in
 * every run. The input that ends the process is written to "fuzz-crash" in the working directory.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PREFIXES_MAX 300
#define INPUT_MAX    65536

typedef struct {
    GPtrArray *seeds;  /* of GBytes */
    GPtrArray *tokens; /* of GBytes, from the dictionary */
    uint64_t random;
    uint64_t runs;
} Driver;

static MhSpan current;

static void
keep_input(int signal_number)
{
    int fd = open("fuzz-crash", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, current.data, current.len) >= 0)
        close(fd);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* On a block of exactly its size. */
static void
run(Driver *driver, const void *data, size_t len)
{
    uint8_t *block = g_malloc(MAX(len, 1));
    if (len > 0)
        memcpy(block, data, len);
    current = mh_span(block, len);
    LLVMFuzzerTestOneInput(block, len);
    driver->runs++;
    g_free(block);
}

static uint64_t
draw(Driver *driver, uint64_t below)
{
    driver->random ^= driver->random << 13;
    driver->random ^= driver->random >> 7;
    driver->random ^= driver->random << 17;
    return driver->random % MAX(below, 1);
}

static MhSpan
pick(Driver *driver, const GPtrArray *from)
{
    return mh_span_from_bytes(from->pdata[draw(driver, from->len)]);
}

/* Replaces @cut bytes at a random place by @bytes. */
static void
put_at(Driver *driver, GByteArray *input, size_t cut, MhSpan bytes)
{
    guint at = (guint)draw(driver, input->len + 1);
    g_autoptr(GByteArray) tail = g_byte_array_new();
    guint from = (guint)MIN(at + cut, input->len);
    g_byte_array_append(tail, input->data + from, input->len - from);
    g_byte_array_set_size(input, at);
    g_byte_array_append(input, bytes.data, (guint)bytes.len);
    g_byte_array_append(input, tail->data, tail->len);
}

static void
change(Driver *driver, GByteArray *input)
{
    uint8_t byte = (uint8_t)draw(driver, 256);
    MhSpan other = pick(driver, driver->seeds);
    switch (draw(driver, 7)) {
    case 0: /* another byte */
        put_at(driver, input, 1, mh_span(&byte, 1));
        break;
    case 1: /* a bit */
        if (input->len > 0)
            input->data[draw(driver, input->len)] ^= (uint8_t)(1u << draw(driver, 8));
        break;
    case 2: /* something is gone */
        put_at(driver, input, (size_t)draw(driver, 1 + input->len / 4), mh_span(NULL, 0));
        break;
    case 3: /* a piece of another seed, or of this one */
        other = mh_span_from(other, (size_t)draw(driver, other.len + 1));
        put_at(driver, input, 0, mh_span_first(other, (size_t)draw(driver, other.len + 1)));
        break;
    case 4: /* a run of one byte */
        for (uint64_t n = draw(driver, 64); n > 0; n--)
            put_at(driver, input, 0, mh_span(&byte, 1));
        break;
    default: /* a word of the format */
        if (driver->tokens->len > 0)
            put_at(driver, input, (size_t)draw(driver, 8), pick(driver, driver->tokens));
    }
}

static void
run_changed(Driver *driver, double seconds)
{
    gint64 until = g_get_monotonic_time() + (gint64)(seconds * 1e6);
    while (g_get_monotonic_time() < until) {
        MhSpan seed = pick(driver, driver->seeds);
        g_autoptr(GByteArray) input = g_byte_array_new();
        g_byte_array_append(input, seed.data, (guint)MIN(seed.len, INPUT_MAX));
        for (uint64_t n = 1 + draw(driver, 6); n > 0 && input->len <= INPUT_MAX; n--)
            change(driver, input);
        run(driver, input->data, input->len);
    }
}

static void
run_seeds(Driver *driver)
{
    run(driver, "", 0);
    for (guint i = 0; i < driver->seeds->len; i++) {
        MhSpan seed = mh_span_from_bytes(driver->seeds->pdata[i]);
        size_t step = 1 + seed.len / PREFIXES_MAX;
        for (size_t len = seed.len % step; len <= seed.len; len += step)
            run(driver, seed.data, len);
    }
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
add_seed(Driver *driver, const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    char *text;
    gsize len;
    if (dir == NULL) {
        if (!g_file_get_contents(path, &text, &len, NULL))
            return false;
        g_ptr_array_add(driver->seeds, g_bytes_new_take(text, len));
        return true;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    g_ptr_array_sort(names, compare_names);
    bool good = true;
    for (guint i = 0; i < names->len; i++)
        good &= add_seed(driver, names->pdata[i]);
    return good;
}

/* Lines "WORD", with backslashes as in C, as libFuzzer has them. */
static bool
add_dictionary(Driver *driver, const char *path)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return false;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        size_t len = strlen(lines[i]);
        if (len < 3 || lines[i][0] != '"')
            continue;
        g_autoptr(GByteArray) word = g_byte_array_new();
        for (const char *c = lines[i] + 1; c < lines[i] + len - 1; c++) {
            guint8 byte = (guint8)*c;
            if (*c == '\\' && c[1] == 'x') {
                byte = (guint8)(g_ascii_xdigit_value(c[2]) * 16 + g_ascii_xdigit_value(c[3]));
                c += 3;
            } else if (*c == '\\') {
                byte = (guint8) * ++c;
            }
            g_byte_array_append(word, &byte, 1);
        }
        g_ptr_array_add(driver->tokens, g_byte_array_free_to_bytes(g_steal_pointer(&word)));
    }
    return true;
}

int
main(int argc, char **argv)
{
    Driver driver = {.random = 0x9e3779b97f4a7c15};
    const char *preset = g_getenv("MAILHAUL_FUZZ_SECONDS");
    double seconds = preset != NULL ? g_ascii_strtod(preset, NULL) : 1;
    bool good = true;
    driver.seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    driver.tokens = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (int i = 1; i < argc && good; i++) {
        if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = g_ascii_strtod(argv[++i], NULL);
        else if (strcmp(argv[i], "--dictionary") == 0 && i + 1 < argc)
            good = add_dictionary(&driver, argv[++i]);
        else
            good = add_seed(&driver, argv[i]);
    }
    if (!good || driver.seeds->len == 0) {
        fputs("there is nothing to begin with\n", stderr);
        return 1;
    }
    const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGTRAP};
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
        signal(signals[i], keep_input);
    run_seeds(&driver);
    run_changed(&driver, seconds);
    printf("%" G_GUINT64_FORMAT " inputs, from %u seeds\n", driver.runs, driver.seeds->len);
    g_ptr_array_unref(driver.seeds);
    g_ptr_array_unref(driver.tokens);
    return 0;
}
