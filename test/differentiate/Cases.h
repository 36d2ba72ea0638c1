//===- Cases.h - Ops to differentiate ----------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace hornet::test {

/// Where the numbers lie that an op is tried on; no two are equal, and none is where a branch is.
enum class Domain { around0, positive };

/// A function of one graph op, in short.
struct OpCase {
  std::string name;
  /// Shapes of its arguments %a, %b, ….
  std::vector<std::string> shapes;
  /// The op, or several lines of which the last has no result's name; A, B, … are the arguments'
  /// types, and <2x3> is the type of a tensor of that shape.
  std::string op;
  Domain domain = Domain::around0;

  /// `func.func @f`, which returns the op's result; `element` is the type of all floats.
  std::string function(const std::string &element) const;
};

/// For failed tests.
inline void PrintTo(const OpCase &op, std::ostream *to) { *to << op.op; }

const std::vector<OpCase> &opCases();

/// Of `graph.scan`; among opCases().
const std::vector<OpCase> &scanCases();

/// Of extents that fill vectors and blocks of registers, and leave rests.
const std::vector<OpCase> &wideCases();

} // namespace hornet::test
