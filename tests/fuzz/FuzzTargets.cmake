# libFuzzer programs, one for each tests/fuzz/<name>_fuzz.cpp, in <build>/fuzz. Each starts from tests/fuzz/corpus/<name>_fuzz.

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "QUANTLENS_FUZZ needs clang, but the compiler is ${CMAKE_CXX_COMPILER_ID}")
endif()

file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*_fuzz.cpp")
foreach(source IN LISTS sources)
  cmake_path(GET source STEM name)
  if(NOT IS_DIRECTORY "${CMAKE_CURRENT_LIST_DIR}/corpus/${name}")
    message(FATAL_ERROR "${name} has no examples to start from; put some into tests/fuzz/corpus/${name}")
  endif()
  add_executable(${name} ${source})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_compile_definitions(${name} PRIVATE QUANTLENS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE quantlens_app_compiled quantlens_warnings)
endforeach()
