# Every header compiles on its own, and twice in a row: one generated unit for each, in one target that is built on
# request and by the CTest entry. Definitions have units of their own, so that each is compiled once and not with
# every header that includes its declarations; programs outside of this build include both together.

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
     "${PROJECT_SOURCE_DIR}/include/quantlens/*.hpp")
set(units)
foreach(header IN LISTS headers)
  string(REGEX REPLACE "\\.hpp$" ".cpp" unit "${PROJECT_BINARY_DIR}/header_check/${header}")
  file(CONFIGURE OUTPUT "${unit}" CONTENT "#include \"@header@\"\n#include \"@header@\"\n" @ONLY)
  list(APPEND units "${unit}")
endforeach()

add_library(header_check OBJECT EXCLUDE_FROM_ALL ${units})
target_link_libraries(header_check PRIVATE quantlens::quantlens quantlens_warnings)
target_compile_definitions(header_check PRIVATE QUANTLENS_COMPILED_RUNTIME)
target_compile_options(header_check PRIVATE -O0 -g0 -fno-sanitize=all)

add_test(NAME header_check COMMAND "${CMAKE_COMMAND}" --build "${PROJECT_BINARY_DIR}" --target header_check)
set_tests_properties(header_check PROPERTIES TIMEOUT 1800 LABELS check RUN_SERIAL TRUE)
