//===- Hdf5Library.h - The HDF5 C library as the readers use it --------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "formats/Hdf5.h"

#include <hdf5.h>
#include <mutex>
#include <utility>

namespace hornet::formats {

/// An HDF5 identifier that closes itself; negative when what made it failed.
template <herr_t (*Close)(hid_t)> class Hid {
public:
  Hid(hid_t id = -1) : id(id) {}
  Hid(Hid &&other) noexcept : id(std::exchange(other.id, -1)) {}
  Hid &operator=(Hid &&other) noexcept {
    std::swap(id, other.id);
    return *this;
  }
  ~Hid() {
    if (id >= 0)
      Close(id);
  }
  operator hid_t() const { return id; }
  explicit operator bool() const { return id >= 0; }

private:
  hid_t id;
};
using Object = Hid<H5Oclose>;
using Space = Hid<H5Sclose>;
using Type = Hid<H5Tclose>;

/// Held around every use of the library: one thread at a time in the whole process, nothing printed
/// on errors, no plug-in loaded because a file asks for it. Restores what the process had set.
class Session {
public:
  Session();
  ~Session();

private:
  std::scoped_lock<std::mutex> lock;
  H5E_auto2_t print = nullptr;
  void *printData = nullptr;
  unsigned plugins = 0;
};

/// What the last failed call says: the innermost message of the library's error stack. Must come
/// before any other call.
std::string libraryReason();

/// An open file. All members but the destructor want a Session around them.
struct Hdf5Handle {
  Bytes bytes;
  std::string name;
  Hid<H5Fclose> file;

  ~Hdf5Handle();
  tl::unexpected<Error> refuse(std::string path, std::string reason, std::string mend = "") const;
  /// The object at `path`; an invalid one when there is none.
  Expected<Object> find(const std::string &path) const;
  /// The same, but an error when there is none.
  Expected<Object> get(const std::string &path) const;

private:
  tl::unexpected<Error> refuseLink(const std::string &path, hid_t group, const char *name,
                                   const H5L_info_t &info) const;
};

} // namespace hornet::formats
