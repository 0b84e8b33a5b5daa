# Every header compiles on its own: clang takes each for a module, which sees what it includes itself and nothing else.
# So each is parsed once, and not again with every header that includes it; headers that include each other are an
# error. Definitions (`_impl.hpp`) are modules as well; programs outside of this build include them with declarations.
# One target, which is built on request and by the CTest entry.

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
     "${PROJECT_SOURCE_DIR}/include/quantlens/*.hpp")

# Appends to `map` one module of those headers of the folder of `probe` that ours include and that match `pattern`:
# parsed once, where all others are parsed with each header of ours that includes them.
function(add_library_module name probe pattern)
  find_path(${name}_folder ${probe} PATHS ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES} REQUIRED)
  set(included)
  foreach(header IN LISTS headers)
    file(STRINGS "${PROJECT_SOURCE_DIR}/include/${header}" lines REGEX "^#include <${pattern}>$")
    list(APPEND included ${lines})
  endforeach()
  list(REMOVE_DUPLICATES included)
  string(APPEND map "module ${name} {\n")
  foreach(line IN LISTS included)
    string(REGEX REPLACE "#include <(.*)>" "\\1" header "${line}")
    string(MAKE_C_IDENTIFIER "${header}" module)
    string(APPEND map "  module ${module} { header \"${${name}_folder}/${header}\" export * }\n")
  endforeach()
  set(map "${map}}\n" PARENT_SCOPE)
endfunction()
set(map)
add_library_module(standard string_view "[a-z_]+")
add_library_module(json nlohmann/json.hpp "nlohmann/json[.]hpp")
add_library_module(range range/v3/all.hpp "range/v3/.*")

set(rooms)
foreach(header IN LISTS headers)
  string(MAKE_C_IDENTIFIER "${header}" module)
  string(APPEND map "module ${module} { header \"${PROJECT_SOURCE_DIR}/include/${header}\" export * }\n")
  cmake_path(GET header PARENT_PATH room)
  list(APPEND rooms "${room}")
  string(APPEND "includes_${room}" "#include \"${header}\"\n")
endforeach()
set(module_map "${PROJECT_BINARY_DIR}/header_check/headers.modulemap")
file(CONFIGURE OUTPUT "${module_map}" CONTENT "@map@" @ONLY)

list(REMOVE_DUPLICATES rooms)
set(units)
foreach(room IN LISTS rooms)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/header_check/${room}.cpp" CONTENT "${includes_${room}}" @ONLY)
  list(APPEND units "${PROJECT_BINARY_DIR}/header_check/${room}.cpp")
endforeach()

add_library(header_check OBJECT EXCLUDE_FROM_ALL ${units})
target_link_libraries(header_check PRIVATE quantlens::quantlens)
target_compile_definitions(header_check PRIVATE QUANTLENS_COMPILED_RUNTIME)
target_compile_options(header_check PRIVATE -O0 -g0 -fno-sanitize=all -fmodules -fno-implicit-module-maps
                                            "-fmodule-map-file=${module_map}"
                                            "-fmodules-cache-path=${PROJECT_BINARY_DIR}/header_check/modules")

add_test(NAME header_check COMMAND "${CMAKE_COMMAND}" --build "${PROJECT_BINARY_DIR}" --target header_check)
set_tests_properties(header_check PROPERTIES TIMEOUT 1800 LABELS check RUN_SERIAL TRUE)
