/* coverage: what a build that measures coverage (MAILHAUL_COVERAGE, see doc/coverage.md) has to do
 * for processes that are confined and end without cleaning up. Nothing in any other build.
 */
#pragma once

#ifdef MAILHAUL_COVERAGE
void __gcov_dump(void); /* libgcov's */

/* Writes down what this process has run through; before _exit(). */
static inline void
mh_coverage_keep(void)
{
    __gcov_dump();
}

/* Where it is written, though Landlock is in force. */
#define MH_COVERAGE_DIRECTORY MAILHAUL_COVERAGE
#else
static inline void
mh_coverage_keep(void)
{
}
#endif
