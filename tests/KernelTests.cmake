# The kernel tests once per instruction set, and on an emulated CPU without AVX. What cannot run here is skipped loudly.

if(NOT QUANTLENS_COMPILED_KERNELS)
  add_test(NAME kernels COMMAND kernels_tests)
  return()
endif()

foreach(isa IN LISTS QUANTLENS_KERNEL_ISAS)
  add_test(NAME kernels.${isa} COMMAND kernels_tests)
  set_tests_properties(kernels.${isa} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1200 ENVIRONMENT "${environment};QUANTLENS_ISA=${isa}")
endforeach()

if(NOT QUANTLENS_SANITIZE)
  find_program(QUANTLENS_QEMU qemu-x86_64)
  if(QUANTLENS_QEMU)
    add_test(NAME kernels.qemu-nehalem COMMAND "${QUANTLENS_QEMU}" -cpu Nehalem $<TARGET_FILE:kernels_tests> "~[slow]")
  else()
    add_test(NAME kernels.qemu-nehalem COMMAND "${CMAKE_COMMAND}" -E echo "SKIPPED: qemu-x86_64 is not installed")
    set_tests_properties(kernels.qemu-nehalem PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED: qemu")
  endif()
  set_tests_properties(kernels.qemu-nehalem PROPERTIES TIMEOUT 1200)
endif()
