//===- Hdf5Writer.h - Writing HDF5 files, in memory ---------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
#include "formats/File.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hornet::formats {

/// An HDF5 file under construction, in memory; nothing reaches the disk. Written in the library's
/// earliest format, which every HDF5 since 1998 reads, and without time stamps: the same calls give
/// the same bytes. Paths are as for Hdf5File; groups on the way are made. A failure is kept, makes
/// what comes after it do nothing, and is reported by finish().
class Hdf5Writer {
public:
  Hdf5Writer();
  ~Hdf5Writer();
  Hdf5Writer(const Hdf5Writer &) = delete;
  Hdf5Writer &operator=(const Hdf5Writer &) = delete;

  /// Makes the group unless it is there.
  void group(const std::string &path);
  /// A contiguous dataset. float16 and bfloat16 are written as float32, booleans as 8-bit integers.
  void dataset(const std::string &path, const Tensor &tensor);
  /// A scalar UTF-8 string of variable length, which may be longer than 64 kB. `object` is a group
  /// or dataset that is there; "" is the root.
  void attribute(const std::string &object, const std::string &name, const std::string &text);
  /// A list of strings, each as bytes of the longest one's length, as NumPy writes them; split into
  /// name0, name1, … past 64,512 bytes, which Keras joins again. A single longer one is a failure.
  void attribute(const std::string &object, const std::string &name,
                 std::span<const std::string> texts);

  /// The file's bytes; the writer is empty then. Internal error: the library refused something
  /// (two datasets of one path, an object that is not there). Machine error: out of memory.
  Expected<Bytes> finish();

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace hornet::formats
