# One interface target that everything of ours links: warnings, hardening, sanitizers.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

# Another compiler may warn of more: cmake --compile-no-warning-as-error builds all the same.
if(NOT DEFINED CMAKE_COMPILE_WARNING_AS_ERROR)
    set(CMAKE_COMPILE_WARNING_AS_ERROR ON)
endif()

add_library(mailhaul-flags INTERFACE)
target_compile_definitions(mailhaul-flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64
    _TIME_BITS=64) # where they would have 32
target_compile_options(mailhaul-flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
    -Wimplicit-fallthrough
    -Wno-psabi # vectors are not passed to others
    -fstack-protector-strong -fno-strict-aliasing)
target_link_options(mailhaul-flags INTERFACE -Wl,-z,relro,-z,now)
if(MAILHAUL_SANITIZE)
    target_compile_options(mailhaul-flags INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(mailhaul-flags INTERFACE -fsanitize=address,undefined)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(mailhaul-flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(CMAKE_C_COMPILER_ID MATCHES Clang)
    # gcc is the judge; clang looks into GLib's macros, too
    target_compile_options(mailhaul-flags INTERFACE -w)
endif()
if(MAILHAUL_FUZZ)
    target_compile_options(mailhaul-flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(MAILHAUL_COVERAGE)
    target_compile_definitions(mailhaul-flags INTERFACE MAILHAUL_COVERAGE="${MAILHAUL_COVERAGE}")
    target_compile_options(mailhaul-flags INTERFACE
        --coverage -fprofile-dir=${MAILHAUL_COVERAGE} -fprofile-update=atomic -O0 -U_FORTIFY_SOURCE)
    target_link_options(mailhaul-flags INTERFACE --coverage)
endif()
if(MAILHAUL_FAULTS)
    target_compile_definitions(mailhaul-flags INTERFACE MAILHAUL_FAULTS=1)
endif()
