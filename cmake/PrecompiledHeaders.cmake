# What most sources include is parsed once: without MLIR, with it, and each with GoogleTest for the tests.
# Made after the compiler launcher is known.
set(plain_headers
  <algorithm> <array> <cmath> <filesystem> <functional> <map> <memory> <optional> <set> <span> <string> <variant> <vector>
  <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp> <tl/expected.hpp>)
set(mlir_headers
  <mlir/IR/Builders.h> <mlir/IR/BuiltinOps.h> <mlir/IR/PatternMatch.h>
  <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Linalg/IR/Linalg.h> <mlir/Dialect/MemRef/IR/MemRef.h>
  <mlir/Dialect/SCF/IR/SCF.h> <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Dialect/Vector/IR/VectorOps.h> <mlir/Pass/Pass.h>)
set(test_headers <gtest/gtest.h> <gmock/gmock.h>)

# Programs are compiled as libraries are (-fPIC), so that both can take the same header.
set(CMAKE_CXX_COMPILE_OPTIONS_PIE ${CMAKE_CXX_COMPILE_OPTIONS_PIC})

function(hornet_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${PROJECT_SOURCE_DIR}/cmake/Precompiled.cpp)
  target_link_libraries(${name} PRIVATE hornet_options ${ARG_DEPENDS})
  target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

hornet_precompile(hornet_pch HEADERS ${plain_headers})
hornet_precompile(hornet_mlir_pch HEADERS ${plain_headers} ${mlir_headers} DEPENDS hornet_mlir)
hornet_precompile(hornet_test_pch HEADERS ${plain_headers} ${test_headers} DEPENDS GTest::gmock)
hornet_precompile(hornet_mlir_test_pch HEADERS ${plain_headers} ${mlir_headers} ${test_headers}
                  DEPENDS hornet_mlir GTest::gmock)
