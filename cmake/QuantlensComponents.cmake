# Which components there are: quantlens_components, each with the ones below it, from the top down. The package's
# configuration gives their dependencies to those who find an installation (quantlens-config.cmake.in).

set(QUANTLENS_COMPONENTS quantlens CACHE STRING "Any of kernels, runtime and quantlens (everything); a component brings the ones below it")

set(quantlens_components)
foreach(component IN LISTS QUANTLENS_COMPONENTS)
  if(component STREQUAL "quantlens")
    list(APPEND quantlens_components quantlens runtime kernels)
  elseif(component STREQUAL "runtime")
    list(APPEND quantlens_components runtime kernels)
  elseif(component STREQUAL "kernels")
    list(APPEND quantlens_components kernels)
  else()
    message(FATAL_ERROR "QUANTLENS_COMPONENTS: there is no component '${component}' (known: kernels runtime quantlens)")
  endif()
endforeach()
list(REMOVE_DUPLICATES quantlens_components)
if(NOT quantlens_components)
  message(FATAL_ERROR "QUANTLENS_COMPONENTS is empty (known: kernels runtime quantlens)")
endif()
