#include "formats/Zip.h"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <sys/stat.h>
#include <unordered_set>
#include <zip.h>

namespace hornet::formats {

struct ZipHandle {
  Bytes bytes;
  zip_t *archive = nullptr;
  std::mutex mutex; ///< libzip's archives are not thread-safe

  ~ZipHandle() {
    if (archive)
      zip_discard(archive);
  }
};

namespace {

/// Deflate's best: 258 bytes from two bits (https://zlib.net/zlib_tech.html says 1032 : 1).
constexpr uint64_t maximumDeflateRatio = 1032;

/// Opens `bytes`, which must outlive the archive. On failure null, and libzip's error code.
zip_t *openBuffer(const Bytes &bytes, int flags, int &code) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY | flags, &error) : nullptr;
  if (source && !archive)
    zip_source_free(source);
  code = zip_error_code_zip(&error);
  zip_error_fini(&error);
  return archive;
}

std::string textOf(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

/// Why libzip would not open it at all.
std::string reasonNotOpened(const Bytes &bytes, int code) {
  Signature signature = signatureOf(bytes);
  if (signature != Signature::zip)
    return "is not a zip archive but " + std::string(describe(signature));
  // The end record is followed by a comment of at most 64 kB.
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (text.substr(text.size() - std::min<size_t>(text.size(), 22 + 65535)).find("PK\5\6") ==
      std::string_view::npos)
    return "the zip archive is truncated: the directory at its end is missing";
  if (code == ZIP_ER_NOZIP || code == ZIP_ER_INCONS || code == ZIP_ER_EOF || code == ZIP_ER_SEEK)
    return "the zip archive is damaged: its directory lies outside the file or is incomplete";
  return "the zip archive cannot be read: " + textOf(code);
}

bool leavesArchive(std::string_view name) {
  if (name.starts_with('/') || name.starts_with('\\') || (name.size() > 1 && name[1] == ':'))
    return true;
  for (size_t start = 0; start <= name.size();) {
    size_t end = std::min(name.find_first_of("/\\", start), name.size());
    if (name.substr(start, end - start) == "..")
      return true;
    start = end + 1;
  }
  return false;
}

bool isSymbolicLink(zip_t *archive, uint64_t index) {
  uint8_t system = 0;
  uint32_t attributes = 0;
  return zip_file_get_external_attributes(archive, index, 0, &system, &attributes) == 0 &&
         S_ISLNK(attributes >> 16);
}

/// What is wrong with a member's entry in the directory; empty when nothing is. Sizes only: names
/// and kinds are checked on opening.
std::string wrongSize(const zip_stat_t &entry, size_t archiveBytes) {
  std::string claim = "claims a size of " + std::to_string(entry.size) + " bytes";
  if (entry.comp_size > archiveBytes)
    return "claims a size of " + std::to_string(entry.comp_size) +
           " bytes inside the archive, which has only " + std::to_string(archiveBytes);
  if (entry.comp_method == ZIP_CM_STORE && entry.size != entry.comp_size)
    return claim + ", but " + std::to_string(entry.comp_size) + " are stored";
  // Division, so that a hostile size cannot overflow.
  if (entry.comp_method == ZIP_CM_DEFLATE && entry.size / maximumDeflateRatio > entry.comp_size)
    return claim + ", more than its " + std::to_string(entry.comp_size) +
           " compressed bytes can expand to";
  return {};
}

std::string reasonNotRead(int code) {
  switch (code) {
  case ZIP_ER_CRC: return "is damaged: its CRC-32 does not match";
  case ZIP_ER_NOPASSWD:
  case ZIP_ER_ENCRNOTSUPP: return "is encrypted";
  case ZIP_ER_INCONS:
    return "is damaged: its headers contradict each other, or the size that they claim";
  case ZIP_ER_ZLIB:
  case ZIP_ER_COMPRESSED_DATA: return "is damaged: its compressed data make no sense";
  case ZIP_ER_EOF: return "is truncated: its data go past the end of the archive";
  default: return "cannot be read: " + textOf(code);
  }
}

/// Reads all of `stream` into `bytes`, which has the claimed size. Empty on success.
std::string fill(Bytes &bytes, zip_file_t *stream) {
  size_t done = 0;
  std::byte beyond;
  for (;;) {
    // The read past the end is what makes libzip compare the CRC.
    bool full = done == bytes.size();
    zip_int64_t count = full ? zip_fread(stream, &beyond, 1)
                             : zip_fread(stream, bytes.data() + done, bytes.size() - done);
    if (count < 0)
      return reasonNotRead(zip_error_code_zip(zip_file_get_error(stream)));
    if (full || count == 0)
      return full && count == 0 ? std::string()
                                : "expands to another size than the " +
                                      std::to_string(bytes.size()) + " bytes that it claims";
    done += static_cast<size_t>(count);
  }
}

} // namespace

Expected<ZipArchive> ZipArchive::open(Bytes bytes, std::string file) {
  auto refuse = [&](std::string member, std::string reason, std::string mend = "") {
    return inputError({.file = file,
                       .attribute = std::move(member),
                       .reason = std::move(reason),
                       .mend = std::move(mend)});
  };
  if (bytes.empty())
    return refuse("", "the file is empty", std::string(mend(Signature::empty)));
  ZipArchive zip;
  zip.handle = std::make_shared<ZipHandle>();
  zip.handle->bytes = std::move(bytes);
  const Bytes &content = zip.handle->bytes;

  // A strict check says no more than "inconsistent": what is wrong is looked for below first.
  int code = 0;
  bool consistent = true;
  zip_t *&archive = zip.handle->archive;
  archive = openBuffer(content, ZIP_CHECKCONS, code);
  if (!archive) {
    consistent = false;
    archive = openBuffer(content, 0, code);
  }
  if (!archive)
    return refuse("", reasonNotOpened(content, code),
                  std::string(signatureOf(content) == Signature::zip ? "download or copy it again"
                                                                     : mend(signatureOf(content))));

  std::unordered_set<std::string> seen;
  zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t entry;
    if (zip_stat_index(archive, i, 0, &entry) != 0)
      return refuse("", "the zip archive's directory cannot be read: " +
                            textOf(zip_error_code_zip(zip_get_error(archive))));
    std::string name = entry.name;
    if (leavesArchive(name))
      return refuse(name, "the member's name is a path that leaves the archive");
    if (!seen.insert(name).second)
      return refuse(name, "duplicate: is in the archive more than once, and readers disagree on "
                          "which one counts");
    if (isSymbolicLink(archive, i))
      return refuse(name, "is a symbolic link: not followed");
    if (std::string reason = wrongSize(entry, content.size()); !reason.empty())
      return refuse(name, reason);
    zip.names.push_back(std::move(name));
  }
  if (!consistent)
    return refuse("", "the zip archive is damaged: its headers contradict each other",
                  "save the model again, or download the file again");
  zip.file = std::move(file);
  return zip;
}

bool ZipArchive::contains(const std::string &member) const {
  return std::ranges::find(names, member) != names.end();
}

Expected<Bytes> ZipArchive::read(const std::string &member, size_t limit) const {
  auto refuse = [&](std::string reason) {
    return inputError({.file = file, .attribute = member, .reason = std::move(reason)});
  };
  auto place = std::ranges::find(names, member);
  if (place == names.end())
    return refuse(names.empty()
                      ? "is missing: the archive has no members"
                      : "is missing: the archive holds '" + names.front() + "'" +
                            (names.size() == 1 ? ""
                                               : " and " + std::to_string(names.size() - 1) +
                                                     " more, but not this"));
  auto index = static_cast<uint64_t>(place - names.begin());

  std::scoped_lock lock(handle->mutex);
  zip_t *archive = handle->archive;
  zip_stat_t entry;
  if (zip_stat_index(archive, index, 0, &entry) != 0)
    return refuse(reasonNotRead(zip_error_code_zip(zip_get_error(archive))));
  if (entry.size > limit)
    return refuse("expands to a size of " + std::to_string(entry.size) +
                  " bytes, over the limit of " + std::to_string(limit));
  if (entry.encryption_method != ZIP_EM_NONE)
    return refuse(reasonNotRead(ZIP_ER_NOPASSWD));
  if (entry.comp_method != ZIP_CM_STORE && entry.comp_method != ZIP_CM_DEFLATE)
    return refuse("is compressed by method " + std::to_string(entry.comp_method) +
                  ": only stored and deflated members are read");
  std::unique_ptr<zip_file_t, decltype(&zip_fclose)> stream(zip_fopen_index(archive, index, 0),
                                                            &zip_fclose);
  if (!stream)
    return refuse(reasonNotRead(zip_error_code_zip(zip_get_error(archive))));
  try {
    Bytes bytes(entry.size);
    if (std::string reason = fill(bytes, stream.get()); !reason.empty())
      return refuse(reason);
    return bytes;
  } catch (const std::bad_alloc &) {
    return machineError("out of memory: " + member + " of " + file + " has " +
                        std::to_string(entry.size) + " bytes");
  }
}

} // namespace hornet::formats
