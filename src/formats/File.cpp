#include "formats/File.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace hornet::formats {

namespace {

/// A file descriptor that closes itself.
struct Descriptor {
  int number;
  explicit Descriptor(int number) : number(number) {}
  Descriptor(const Descriptor &) = delete;
  ~Descriptor() { close(); }
  bool close() {
    bool closed = number < 0 || ::close(number) == 0;
    number = -1;
    return closed;
  }
};

std::string reasonOf(int code) { return std::generic_category().message(code); }

/// What the user can do about a failed write; empty when there is no saying.
std::string mendOf(int code) {
  switch (code) {
  case ENOSPC: return "; make room on the disk";
  case EDQUOT: return "; make room in your quota";
  case EFBIG: return "; raise the limit of files' sizes (ulimit -f)";
  default: return "";
  }
}

tl::unexpected<Error> cannotWrite(const std::string &path, const std::string &why) {
  return machineError("cannot write " + path + ": " + why);
}

/// Calls `make` with names beside `path` until it takes one, which is then in `temporary`. -1 with
/// errno set on failure.
template <class Make> int makeBeside(const std::string &path, std::string &temporary, Make make) {
  int number = -1;
  for (int attempt = 0; attempt < 100 && number < 0; ++attempt) {
    temporary = path + "." + std::to_string(getpid()) + "-" + std::to_string(attempt) + ".partial";
    number = make(temporary.c_str());
    if (number < 0 && errno != EEXIST)
      break;
  }
  return number;
}

/// A file without a name in the folder of `path`, which is gone when the process is killed; -1
/// where the file system has none.
int openNameless(const std::string &path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return ::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

int nameBeside(int number, const std::string &path, std::string &temporary) {
  std::string link = "/proc/self/fd/" + std::to_string(number);
  return makeBeside(path, temporary, [&](const char *name) {
    return ::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, name, AT_SYMLINK_FOLLOW);
  });
}

int openBeside(const std::string &path, std::string &temporary) {
  return makeBeside(path, temporary, [](const char *name) {
    return ::open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  });
}

/// Zero, or the errno of what failed.
int writeAll(int number, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(number, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR)
      return errno;
    bytes = bytes.subspan(std::max<ssize_t>(count, 0));
  }
  return ::fsync(number) == 0 ? 0 : errno;
}

/// Writes all of a new file beside `path`, whose name is then in `temporary`. Zero, or the errno of
/// what failed; `temporary` is empty then when there is nothing to remove.
int writeBeside(const std::string &path, std::span<const std::byte> bytes,
                std::optional<mode_t> mode, std::string &temporary) {
  auto fill = [&](Descriptor &file) {
    if (mode)
      (void)::fchmod(file.number, *mode);
    return writeAll(file.number, bytes);
  };
  if (Descriptor file(openNameless(path)); file.number >= 0) {
    if (int failure = fill(file))
      return failure;
    if (nameBeside(file.number, path, temporary) == 0)
      return 0;
  }
  // Without /proc, or on a file system that knows no files without names.
  Descriptor file(openBeside(path, temporary));
  if (file.number < 0) {
    temporary.clear();
    return errno;
  }
  int failure = fill(file);
  return failure || file.close() ? failure : errno;
}

} // namespace

Expected<Bytes> readFile(const std::string &path, size_t limit) {
  // Without O_NONBLOCK a named pipe would wait for its writer.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (file.number < 0 || ::fstat(file.number, &status) != 0) {
    int code = errno;
    if (code == ENOENT || code == ENOTDIR)
      return inputError({.file = path, .reason = "no such file", .mend = "check the path"});
    return inputError({.file = path, .reason = "cannot be opened: " + reasonOf(code)});
  }
  if (S_ISDIR(status.st_mode))
    return inputError({.file = path, .reason = "is a directory, a file is needed"});
  if (!S_ISREG(status.st_mode))
    return inputError({.file = path, .reason = "is not a regular file"});
  auto size = static_cast<size_t>(status.st_size);
  if (size > limit)
    return inputError({.file = path,
                       .reason = "has a size of " + std::to_string(size) +
                                 " bytes, over the limit of " + std::to_string(limit)});
  try {
    Bytes bytes(size);
    size_t done = 0;
    while (done < size) {
      ssize_t count = ::read(file.number, bytes.data() + done, size - done);
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return inputError({.file = path,
                           .reason = count < 0 ? "cannot be read: " + reasonOf(errno)
                                               : "became shorter while it was read"});
      done += static_cast<size_t>(count);
    }
    return bytes;
  } catch (const std::bad_alloc &) {
    return machineError("out of memory: " + path + " has " + std::to_string(size) + " bytes");
  }
}

Expected<void> writeFile(const std::string &path, std::span<const std::byte> bytes) {
  // Through symbolic links, as a plain write would go; renaming over a device would destroy it.
  std::error_code ignored;
  std::string target = path;
  if (std::filesystem::is_symlink(path, ignored))
    target = std::filesystem::weakly_canonical(path, ignored).string();
  struct stat status;
  bool exists = ::stat(target.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode))
    return cannotWrite(path,
                       S_ISDIR(status.st_mode) ? "it is a directory" : "it is not a regular file");

  std::optional<mode_t> mode;
  if (exists)
    mode = status.st_mode & 07777;
  std::string temporary;
  int failure = writeBeside(target, bytes, mode, temporary);
  if (!failure && ::rename(temporary.c_str(), target.c_str()) != 0)
    failure = errno;
  if (!failure)
    return {};
  if (!temporary.empty())
    ::unlink(temporary.c_str());
  return cannotWrite(path, reasonOf(failure) + mendOf(failure));
}

namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  Signature signature;
};
constexpr std::string_view hdf5Magic = "\x89HDF\r\n\x1a\n"sv;
constexpr std::array magics{
    Magic{hdf5Magic, Signature::hdf5},          Magic{"PK\3\4"sv, Signature::zip},
    Magic{"PK\5\6"sv, Signature::zip},          Magic{"PK\7\10"sv, Signature::zip},
    Magic{"\x89PNG\r\n\x1a\n", Signature::png}, Magic{"\xff\xd8\xff"sv, Signature::jpeg},
    Magic{"\x93NUMPY"sv, Signature::npy},       Magic{"\x1f\x8b"sv, Signature::gzip},
};
constexpr std::array texts{
    Magic{"version https://git-lfs.github.com/"sv, Signature::gitLfsPointer},
    Magic{"<!doctype html"sv, Signature::html},
    Magic{"<html"sv, Signature::html},
    Magic{"{"sv, Signature::json},
    Magic{"["sv, Signature::json},
    Magic{"\""sv, Signature::json}, // a text that holds JSON
};

// In the order of the enum.
constexpr std::array descriptions{
    "an empty file"sv,
    "an HDF5 file"sv,
    "a zip archive"sv,
    "JSON text"sv,
    "a PNG image"sv,
    "a JPEG image"sv,
    "a NumPy .npy array"sv,
    "gzip-compressed data"sv,
    "a Git LFS pointer, not the file itself"sv,
    "an HTML page (a failed download?)"sv,
    "data of an unknown kind"sv,
};

char toLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

} // namespace

Signature signatureOf(std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (text.empty())
    return Signature::empty;
  for (const Magic &magic : magics)
    if (text.starts_with(magic.bytes))
      return magic.signature;
  // The superblock may stand behind a user block of 512 bytes, 1024, 2048, …
  for (size_t offset = 512; offset < text.size(); offset *= 2)
    if (text.substr(offset).starts_with(hdf5Magic))
      return Signature::hdf5;

  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  std::string start(text.substr(0, 64));
  std::ranges::transform(start, start.begin(), toLower);
  for (const Magic &magic : texts)
    if (start.starts_with(magic.bytes))
      return magic.signature;
  return Signature::unknown;
}

std::string_view describe(Signature signature) {
  return descriptions[static_cast<size_t>(signature)];
}

std::string_view mend(Signature signature) {
  switch (signature) {
  case Signature::gitLfsPointer: return "run 'git lfs pull'";
  case Signature::empty:
  case Signature::html: return "download the file again";
  default: return "";
  }
}

} // namespace hornet::formats
