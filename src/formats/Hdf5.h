//===- Hdf5.h - Reading HDF5 files, a thin layer over the HDF5 C library -----===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
#include "formats/File.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hornet::formats {

/// An HDF5 file held in memory (so that no other file can be reached through it). Paths are
/// absolute or relative to the root, "a/b/c"; "" and "/" are the root. They are resolved step by
/// step, along hard links only: soft, external and user-defined links are errors that name the link
/// and its target. So are datasets that lie in other files (external storage, virtual datasets).
/// Filter plug-ins are never loaded. Copies share the file; may be used from several threads, whose
/// calls are serialized. All failures are input errors that name `file` and the path.
class Hdf5File {
public:
  /// `file` names it in messages (an archive member: "cnn.keras/model.weights.h5"). Refuses, by
  /// naming the cause: empty, Git LFS pointer, HTML, zip, no HDF5 signature, truncated (shorter
  /// than the superblock says). User blocks are skipped.
  ///
  /// Malformed metadata can crash the HDF5 library, or send it round in circles. A copy of the
  /// process (fork) therefore reads all of the file first; a file that the copy does not survive,
  /// in 10 s and a second for every 10 MB, is an input error. Where the system has no process left
  /// to give, the file is read without that.
  static Expected<Hdf5File> open(Bytes bytes, std::string file);

  enum class Kind { group, dataset };
  /// What is at `path`, if anything; a dangling or external link is an error, not "nothing".
  Expected<std::optional<Kind>> kind(const std::string &path) const;
  /// Names of the links in a group, in HDF5's order (by name: never an order that means something).
  Expected<std::vector<std::string>> children(const std::string &group) const;

  /// A scalar string attribute of an object ("" or "/" is the root): fixed or variable length,
  /// bytes or UTF-8, or a one-element array of either; a null dataspace is "". Nothing when there
  /// is no such attribute; an error when it is something else (a number, say).
  Expected<std::optional<std::string>> stringAttribute(const std::string &object,
                                                       const std::string &name) const;
  /// An array of strings, of any of those forms; Keras splits it into name0, name1, … past 64 kB,
  /// which are joined here. An empty array of whatever type (Keras writes float64) is an empty
  /// list.
  Expected<std::optional<std::vector<std::string>>> stringsAttribute(const std::string &object,
                                                                     const std::string &name) const;
  /// A scalar attribute that is an integer, a float or a boolean, as a double.
  Expected<std::optional<double>> numberAttribute(const std::string &object,
                                                  const std::string &name) const;

  /// Shape of a dataset, as the file claims it, without reading or allocating anything.
  Expected<Shape> shapeOf(const std::string &dataset) const;
  /// A numeric dataset with its own dtype (float16, bfloat16, float32, float64, integers, bool
  /// enum; other float formats as the smallest of float32 and float64 that holds them), in native
  /// byte order; chunked, compressed and checksummed ones included. Input error: an element type
  /// that is not numeric, a claimed size beyond what the file can hold (checked before allocating),
  /// a filter that the library lacks, damaged data.
  Expected<Tensor> read(const std::string &dataset) const;

  const std::string &file() const { return name; }

private:
  explicit Hdf5File(std::shared_ptr<const struct Hdf5Handle> handle);
  static Expected<Hdf5File> openHandle(const std::shared_ptr<struct Hdf5Handle> &handle);
  static bool survives(const std::shared_ptr<struct Hdf5Handle> &handle);
  std::string name;
  std::shared_ptr<const struct Hdf5Handle> handle;
};

} // namespace hornet::formats
