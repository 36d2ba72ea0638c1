//===- Idx.h - The idx format of MNIST ----------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"

#include <string>

namespace hornet::formats {

/// Reads an idx file, gzipped or plain. Every element type of the format; big-endian values are
/// turned into native ones. Source: http://yann.lecun.com/exdb/mnist/ (the format's description).
/// Input errors: wrong magic, truncated, damaged gzip data, more or fewer bytes than the header
/// says.
Expected<Tensor> readIdxFile(const std::string &path);

} // namespace hornet::formats
