# The three components, each with its folders of include/quantlens and its dependencies:
#   quantlens::kernels    packed integers and what multiplies them
#   quantlens::runtime    files, text, weights, quantizers and the transformer
#   quantlens::quantlens  everything

include(GNUInstallDirs)

# Adds the headers of `folders` (relative to include/quantlens; a name with an extension is one file) to `target`.
function(quantlens_add_headers target scope)
  set(headers)
  foreach(entry IN LISTS ARGN)
    if(entry MATCHES "\\.[ch]pp$")
      set(pattern "${PROJECT_SOURCE_DIR}/include/quantlens/${entry}")
    else()
      set(pattern "${PROJECT_SOURCE_DIR}/include/quantlens/${entry}/*.hpp")
    endif()
    file(GLOB found CONFIGURE_DEPENDS "${pattern}")
    list(APPEND headers ${found})
  endforeach()
  list(REMOVE_DUPLICATES headers)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${headers})
endfunction()

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(xsimd REQUIRED)
if(QUANTLENS_COMPILED_KERNELS)
  include(QuantlensKernelUnits)
  add_library(quantlens_kernels STATIC)
  quantlens_add_kernel_units(quantlens_kernels)
  target_compile_definitions(quantlens_kernels PUBLIC QUANTLENS_KERNELS_LIBRARY)
  set(kernels_scope PUBLIC)
else()
  add_library(quantlens_kernels INTERFACE)
  set(kernels_scope INTERFACE)
endif()
quantlens_add_headers(quantlens_kernels ${kernels_scope} version.hpp core packed isa kernels kernels/kernel_unit.cpp
                      io/ggml_type.hpp)
target_compile_features(quantlens_kernels ${kernels_scope} cxx_std_20)
target_link_libraries(quantlens_kernels ${kernels_scope} OpenMP::OpenMP_CXX)
# Only xsimd's headers: the target that Debian ships also asks for a library called xtl, which is neither there nor used.
get_target_property(xsimd_headers xsimd INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(quantlens_kernels SYSTEM ${kernels_scope} $<BUILD_INTERFACE:${xsimd_headers}>)

if("runtime" IN_LIST quantlens_components)
  find_package(nlohmann_json REQUIRED)
  find_package(PCRE2 REQUIRED)
  find_package(utf8proc REQUIRED)
  find_package(Eigen3 3.4 REQUIRED)
  add_library(quantlens_runtime INTERFACE)
  quantlens_add_headers(quantlens_runtime INTERFACE io text jinja weights checkpoints quant runtime
                        convert models)
  target_link_libraries(quantlens_runtime INTERFACE quantlens_kernels nlohmann_json::nlohmann_json PCRE2::8BIT
                                                    utf8proc::utf8proc Eigen3::Eigen)
endif()

if("quantlens" IN_LIST quantlens_components)
  find_package(range-v3 REQUIRED)
  find_package(tomlplusplus REQUIRED)
  find_package(Boost REQUIRED)
  find_package(benchmark REQUIRED)
  find_package(CLI11 REQUIRED)
  find_package(httplib REQUIRED)
  add_library(quantlens_quantlens INTERFACE)
  quantlens_add_headers(quantlens_quantlens INTERFACE quantlens.hpp main.hpp metrics stats explain tasks asking protocols
                        bench report studies app)
  target_link_libraries(quantlens_quantlens INTERFACE quantlens_runtime range-v3::range-v3 tomlplusplus::tomlplusplus
                                                      Boost::headers benchmark::benchmark CLI11::CLI11
                                                      httplib::httplib)
endif()

foreach(component IN LISTS quantlens_components)
  set_target_properties(quantlens_${component} PROPERTIES EXPORT_NAME ${component})
  add_library(quantlens::${component} ALIAS quantlens_${component})
endforeach()

# Warnings for our own programs and tests; never for whoever includes the headers.
add_library(quantlens_warnings INTERFACE)
target_compile_options(quantlens_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                                    $<$<BOOL:${QUANTLENS_WERROR}>:-Werror>)
# g++ 12 sees overlapping copies in its own std::string operator+ (its bug 105651).
target_compile_options(quantlens_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(QUANTLENS_COMPILED_KERNELS)
  target_link_libraries(quantlens_kernels PRIVATE $<BUILD_INTERFACE:quantlens_warnings>)
endif()

# Adds every <name>.cpp of the current folder as a program of its own.
function(quantlens_add_programs)
  find_package(CLI11 REQUIRED)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    add_executable(${name} ${source})
    target_compile_definitions(${name} PRIVATE QUANTLENS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PRIVATE quantlens_app_compiled CLI11::CLI11 quantlens_warnings)
    # What takes time when they run is in the libraries that they link.
    target_compile_options(${name} PRIVATE -O1)
  endforeach()
endfunction()
