# What users write: projects that find an installed quantlens, or hold it in a subfolder.

set(stage "${PROJECT_BINARY_DIR}/stage")

# Adds the test consumer.<name>: configures, builds and runs tests/consumer/<project>.
function(quantlens_add_consumer_test name project)
  add_test(NAME consumer.${name}
           COMMAND "${CMAKE_CTEST_COMMAND}" --build-and-test "${CMAKE_CURRENT_SOURCE_DIR}/consumer/${project}"
                   "${PROJECT_BINARY_DIR}/consumer/${name}" --build-generator "${CMAKE_GENERATOR}" --build-noclean
                   --build-options "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}" -DCMAKE_BUILD_TYPE=Release ${ARGN}
                   --test-command consumer)
  set_tests_properties(consumer.${name} PROPERTIES TIMEOUT 1200)
endfunction()

# An embedder of the kernels: only that component is installed, and nothing of the others can be found.
# The stage is laid anew, so that a header which is no longer installed is missed.
foreach(component IN ITEMS kernels all)
  if(component STREQUAL "kernels")
    set(only --component kernels)
  else()
    set(only)
  endif()
  add_test(NAME consumer.clear_${component} COMMAND "${CMAKE_COMMAND}" -E rm -rf "${stage}/${component}")
  add_test(NAME consumer.install_${component}
           COMMAND "${CMAKE_COMMAND}" --install "${PROJECT_BINARY_DIR}" --prefix "${stage}/${component}" ${only})
  set_tests_properties(consumer.clear_${component} PROPERTIES FIXTURES_SETUP clear_${component})
  set_tests_properties(consumer.install_${component} PROPERTIES FIXTURES_REQUIRED clear_${component}
                                                                FIXTURES_SETUP install_${component})
endforeach()

quantlens_add_consumer_test(find_package_kernels find_package "-DCMAKE_PREFIX_PATH=${stage}/kernels"
                            -DCONSUMER_COMPONENT=kernels -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON
                            -DCMAKE_DISABLE_FIND_PACKAGE_PCRE2=ON -DCMAKE_DISABLE_FIND_PACKAGE_utf8proc=ON
                            -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON
                            -DCMAKE_DISABLE_FIND_PACKAGE_CLI11=ON)
quantlens_add_consumer_test(find_package find_package "-DCMAKE_PREFIX_PATH=${stage}/all"
                            -DCONSUMER_COMPONENT=quantlens)
quantlens_add_consumer_test(add_subdirectory add_subdirectory "-DQUANTLENS_FOLDER=${PROJECT_SOURCE_DIR}")
quantlens_add_consumer_test(fetch_content fetch_content "-DQUANTLENS_FOLDER=${PROJECT_SOURCE_DIR}")
set_tests_properties(consumer.find_package_kernels PROPERTIES FIXTURES_REQUIRED install_kernels)
set_tests_properties(consumer.find_package PROPERTIES FIXTURES_REQUIRED install_all)

# A protocol, metrics, a task and a quantizer from outside of the tree. It compiles the whole bench anew, without optimization.
add_test(NAME consumer.extension
         COMMAND "${CMAKE_CTEST_COMMAND}" --build-and-test "${CMAKE_CURRENT_SOURCE_DIR}/consumer/extension"
                 "${PROJECT_BINARY_DIR}/consumer/extension" --build-generator "${CMAKE_GENERATOR}" --build-noclean
                 --build-options "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}" -DCMAKE_BUILD_TYPE=Debug
                 -DCMAKE_CXX_FLAGS_DEBUG=-O0 "-DCMAKE_PREFIX_PATH=${stage}/all"
                 --test-command "${Python3_EXECUTABLE}" "${CMAKE_CURRENT_SOURCE_DIR}/consumer/extension/run.py"
                 "${PROJECT_BINARY_DIR}/consumer/extension/consumer")
set_tests_properties(consumer.extension PROPERTIES TIMEOUT 1200 FIXTURES_REQUIRED install_all)

# Without CMake: what pkg-config says of the installation compiles and links the same sources.
find_program(QUANTLENS_PKG_CONFIG NAMES pkg-config pkgconf REQUIRED)
mark_as_advanced(QUANTLENS_PKG_CONFIG)
add_test(NAME consumer.pkg_config
         COMMAND bash "${CMAKE_CURRENT_SOURCE_DIR}/consumer/pkg_config.sh" "${PROJECT_BINARY_DIR}/consumer/pkg_config")
set_tests_properties(consumer.pkg_config PROPERTIES TIMEOUT 1200 FIXTURES_REQUIRED install_all
                     ENVIRONMENT "CXX=${CMAKE_CXX_COMPILER};PKG_CONFIG=${QUANTLENS_PKG_CONFIG};PKG_CONFIG_PATH=${stage}/all/${CMAKE_INSTALL_LIBDIR}/pkgconfig")
