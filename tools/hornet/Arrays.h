//===- Arrays.h - Arrays from files as a model's inputs ---------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Options.h"
#include "keras/Model.h"
#include "runtime/Model.h"

#include <optional>
#include <string>
#include <vector>

namespace hornet::tool {

/// An array with where it came from.
struct Array {
  std::string source; ///< the file; with the array's name for one in a .npz: "a.npz: 'x'"
  Tensor values;
};

/// The arrays of a run, in the order of the model's inputs.
struct Arrays {
  std::vector<Array> inputs;
  std::vector<std::string> notes; ///< what was given and left out
};

/// Reads what `--input` says: "NAME=FILE.npy", "FILE.npy" for a model's only input, "FILE.npz" with
/// the inputs' names. Arrays of a .npz that the model has no input for are left out with a note, as
/// long as every input gets one. Arrays of a .npz that are called "call2__" and an input's name,
/// then "call3__", …, are the inputs of further calls, one after the other; what comes back has an
/// entry a call. Input error: everything that is wrong; wrong names list the inputs with their
/// shapes and the nearest.
Expected<std::vector<Arrays>> readArrays(const keras::Model &model,
                                         const std::vector<std::string> &arguments);

/// What the names of call number `call` begin with: "" for the first, "call2__" for the second.
std::string callPrefix(size_t call);

/// Adds to `options` shapes for the inputs that the model leaves open, from the arrays given for
/// them, where it has none.
Expected<void> addShapes(CompileOptions &options, const keras::Model &model, const Arrays &arrays);

/// The arrays in the types of the model's inputs: float32 but for booleans, strings, and integers
/// that are looked up or hashed; adds a note for each conversion. Input error: every array whose
/// shape does not fit, channels in the wrong place recognized; strings for numbers, and numbers for
/// strings.
Expected<std::vector<Tensor>> fitArrays(const std::string &file,
                                        const std::vector<runtime::Port> &inputs, Arrays &arrays);

} // namespace hornet::tool
