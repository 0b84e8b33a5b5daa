# Cold code compiled once: one generated unit for each room that declares functions in its headers and defines them in
# `_impl.hpp` headers beside them. Only our own programs and tests link it; everybody else includes the definitions.

# Makes the library `target` of the definitions of the rooms that follow.
function(quantlens_add_compiled_seams target)
  add_library(${target} STATIC EXCLUDE_FROM_ALL)
  foreach(room IN LISTS ARGN)
    file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
         "${PROJECT_SOURCE_DIR}/include/quantlens/${room}/*_impl.hpp")
    list(TRANSFORM headers REPLACE "(.+)" "#include \"\\1\"\n" OUTPUT_VARIABLE includes)
    list(JOIN includes "" includes)
    set(unit "${PROJECT_BINARY_DIR}/compiled_seams/${room}.cpp")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "@includes@" @ONLY)
    target_sources(${target} PRIVATE "${unit}")
  endforeach()
  target_compile_definitions(${target} PUBLIC QUANTLENS_COMPILED_RUNTIME)
  target_link_libraries(${target} PRIVATE quantlens_warnings)
  # Builds for sanitizers leave out optimization, which would take longer than it saves in all but what runs long.
  if(QUANTLENS_SANITIZE)
    target_compile_options(${target} PRIVATE -O1)
  endif()
  # So that fuzz targets, which link it, see where their inputs lead.
  if(QUANTLENS_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

if(QUANTLENS_COMPILED_SEAMS)
  quantlens_add_compiled_seams(quantlens_runtime_compiled io text jinja checkpoints runtime convert models)
  target_link_libraries(quantlens_runtime_compiled PUBLIC quantlens_runtime)
  quantlens_add_compiled_seams(quantlens_app_compiled stats metrics tasks asking protocols bench report studies app)
  target_link_libraries(quantlens_app_compiled PUBLIC quantlens_quantlens quantlens_runtime_compiled)
else()
  add_library(quantlens_app_compiled INTERFACE)
  target_link_libraries(quantlens_app_compiled INTERFACE quantlens_quantlens)
endif()
