# The few build rules that every folder shares.

# What -fsanitize=fuzzer-no-link means: by that name, it would need a precompiled header of its own.
set(fuzzer_counters -fsanitize-coverage=inline-8bit-counters,indirect-calls,trace-cmp,pc-table,stack-depth)
foreach(compared bcmp memcmp memmem strcasecmp strcasestr strcmp strncasecmp strncmp strstr)
  list(APPEND fuzzer_counters -fno-builtin-${compared})
endforeach()

# hornet_library(NAME SOURCES… DEPENDS… [MLIR]): one static library for one folder of src/.
# MLIR gives it LLVM's and MLIR's headers, the shared libraries, and the precompiled header with them.
function(hornet_library name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/src)
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
  if(HORNET_FUZZ AND name MATCHES "^hornet_(formats|keras)$")
    target_compile_options(${name} PRIVATE ${fuzzer_counters})
  endif()
  if(ARG_MLIR)
    target_link_libraries(${name} PUBLIC hornet_mlir)
    target_precompile_headers(${name} REUSE_FROM hornet_mlir_pch)
  else()
    target_precompile_headers(${name} REUSE_FROM hornet_pch)
  endif()
endfunction()

# hornet_test(NAME SOURCES… DEPENDS… [MLIR] [SHARDS n]): a GoogleTest program, run from the source tree's root;
# a long one in n parts, side by side, before the others. MLIR as above: its sources include it.
function(hornet_test name)
  cmake_parse_arguments(ARG "MLIR" "SHARDS" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  if(ARG_MLIR)
    target_link_libraries(${name} PRIVATE hornet_mlir)
    target_precompile_headers(${name} REUSE_FROM hornet_mlir_test_pch)
  else()
    target_precompile_headers(${name} REUSE_FROM hornet_test_pch)
  endif()
  if(NOT ARG_SHARDS)
    set(ARG_SHARDS 1)
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    set(part ${name})
    if(ARG_SHARDS GREATER 1)
      set(part ${name}-${shard})
    endif()
    math(EXPR index "${shard} - 1")
    add_test(NAME ${part} COMMAND ${name} --gtest_brief=1 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${part} PROPERTIES COST ${ARG_SHARDS}
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index};HORNET_CACHE_DIR=${PROJECT_BINARY_DIR}/test/cache")
  endforeach()
endfunction()
