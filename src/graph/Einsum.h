//===- Einsum.h - The letters of graph.einsum -----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace hornet::graph {

/// An equation `lhs,rhs->result`, taken apart: a letter for each dimension.
struct EinsumLetters {
  std::string lhs, rhs, result;

  /// Nothing where `equation` has another form, or a letter is twice in one of the three, or in one
  /// alone.
  static std::optional<EinsumLetters> parse(llvm::StringRef equation);
  std::string text() const { return lhs + "," + rhs + "->" + result; }
};

/// Letter i is `letters[permutation[i]]`.
std::string permuted(llvm::StringRef letters, llvm::ArrayRef<int64_t> permutation);

} // namespace hornet::graph
