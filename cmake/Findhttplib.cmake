# Finds cpp-httplib by pkg-config: where it is compiled, as Debian ships it, its macros have to be those of all that includes
# it. The target has the name that cpp-httplib's own package uses.
#   httplib_FOUND, httplib_VERSION, httplib::httplib

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(httplib QUIET IMPORTED_TARGET cpp-httplib)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(httplib REQUIRED_VARS httplib_LINK_LIBRARIES VERSION_VAR httplib_VERSION)

if(httplib_FOUND AND NOT TARGET httplib::httplib)
  add_library(httplib::httplib INTERFACE IMPORTED)
  target_link_libraries(httplib::httplib INTERFACE PkgConfig::httplib)
endif()
