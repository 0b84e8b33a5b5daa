# Installs each component on its own, so that `cmake --install ... --component kernels` brings what an embedder of the
# kernels needs and nothing else.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/quantlens")

foreach(component IN LISTS quantlens_components)
  install(TARGETS quantlens_${component} EXPORT quantlens-${component} COMPONENT ${component}
          ARCHIVE COMPONENT ${component} FILE_SET HEADERS COMPONENT ${component})
  install(EXPORT quantlens-${component} FILE quantlens-${component}-targets.cmake NAMESPACE quantlens::
          DESTINATION "${package_dir}" COMPONENT ${component})
endforeach()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/quantlens-config.cmake.in"
                              "${PROJECT_BINARY_DIR}/quantlens-config.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/quantlens-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/quantlens-config.cmake" "${PROJECT_BINARY_DIR}/quantlens-config-version.cmake"
        DESTINATION "${package_dir}" COMPONENT kernels)
if("runtime" IN_LIST quantlens_components)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindPCRE2.cmake" "${PROJECT_SOURCE_DIR}/cmake/Findutf8proc.cmake"
          DESTINATION "${package_dir}/modules" COMPONENT runtime)
endif()

# What follows belongs to the whole.
if(NOT "quantlens" IN_LIST quantlens_components)
  return()
endif()
install(FILES "${PROJECT_SOURCE_DIR}/cmake/Findhttplib.cmake" DESTINATION "${package_dir}/modules" COMPONENT quantlens)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/tasks" DESTINATION "${CMAKE_INSTALL_DATADIR}/quantlens" COMPONENT quantlens)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/studies" DESTINATION "${CMAKE_INSTALL_DATADIR}/quantlens/docs"
        COMPONENT quantlens)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/reference_models" DESTINATION "${CMAKE_INSTALL_DATADIR}/quantlens"
        COMPONENT quantlens FILES_MATCHING PATTERN "refworld-*/*" PATTERN "calibration/*" PATTERN train EXCLUDE PATTERN world EXCLUDE)

# For builds without CMake: pkg-config --cflags --libs quantlens.
file(RELATIVE_PATH quantlens_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" quantlens_pc_prefix "${quantlens_pc_prefix}")
set(quantlens_pc_cflags "${OpenMP_CXX_FLAGS}")
set(quantlens_pc_libs "${OpenMP_CXX_FLAGS}")
if(QUANTLENS_COMPILED_KERNELS)
  string(APPEND quantlens_pc_cflags " -DQUANTLENS_KERNELS_LIBRARY")
  string(PREPEND quantlens_pc_libs "-L\${libdir} -lquantlens_kernels ")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/quantlens.pc.in" "${PROJECT_BINARY_DIR}/quantlens.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/quantlens.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT quantlens)
