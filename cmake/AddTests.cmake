# mailhaul_add_tests(LIBRARY NAME...): builds test-NAME.c against LIBRARY and runs it.
# The fixtures' folder reaches the test as the macro FIXTURES.
function(mailhaul_add_tests library)
    foreach(name IN LISTS ARGN)
        add_executable(test-${name} test-${name}.c)
        target_link_libraries(test-${name} PRIVATE ${library} PkgConfig::CMOCKA)
        target_include_directories(test-${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
        target_compile_definitions(test-${name} PRIVATE
            FIXTURES="${PROJECT_SOURCE_DIR}/tests/fixtures")
        add_test(NAME ${name}${san} COMMAND test-${name})
        set_tests_properties(${name}${san} PROPERTIES TIMEOUT 300)
    endforeach()
endfunction()
