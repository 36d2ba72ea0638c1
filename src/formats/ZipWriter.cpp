#include "formats/ZipWriter.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <zip.h>

namespace hornet::formats {

namespace {

/// libzip writes no file for an archive without members; this is what NumPy writes.
Bytes emptyArchive() {
  Bytes bytes(22); // the record that ends the directory
  std::ranges::copy(std::as_bytes(std::span("PK\5\6", 4)), bytes.begin());
  return bytes;
}

/// A zip archive under construction, in memory.
class Writer {
public:
  Writer() {
    zip_error_init(&error);
    sink.reset(zip_source_buffer_create(nullptr, 0, 0, &error));
    if (!sink)
      return;
    zip_source_keep(sink.get()); // the archive takes one reference, we read from the other
    archive.reset(zip_open_from_source(sink.get(), ZIP_TRUNCATE, &error));
    if (!archive)
      zip_source_free(sink.get());
  }
  ~Writer() { zip_error_fini(&error); }
  Writer(const Writer &) = delete;
  Writer &operator=(const Writer &) = delete;

  /// `bytes` must live until finish().
  bool add(const std::string &name, std::span<const std::byte> bytes) {
    if (!archive)
      return false;
    zip_source_t *source = zip_source_buffer(archive.get(), bytes.data(), bytes.size(), 0);
    zip_int64_t index =
        source ? zip_file_add(archive.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0) {
      zip_source_free(source);
      return false;
    }
    // 1980-01-01, as NumPy has it: the same members give the same bytes.
    constexpr zip_uint16_t firstDate = 1 << 5 | 1;
    return zip_set_file_compression(archive.get(), index, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(archive.get(), index, 0, firstDate, 0) == 0;
  }

  std::optional<Bytes> finish() {
    if (!archive || zip_close(archive.get()) != 0)
      return std::nullopt;
    // NOLINTNEXTLINE(bugprone-unused-return-value): closing has freed it.
    (void)archive.release();
    zip_stat_t status;
    if (zip_source_stat(sink.get(), &status) != 0 || zip_source_open(sink.get()) != 0)
      return std::nullopt;
    Bytes bytes(status.size);
    zip_int64_t count = zip_source_read(sink.get(), bytes.data(), bytes.size());
    zip_source_close(sink.get());
    if (count != static_cast<zip_int64_t>(bytes.size()))
      return std::nullopt;
    return bytes;
  }

  std::string message() {
    return zip_error_strerror(archive ? zip_get_error(archive.get()) : &error);
  }

private:
  struct Free {
    void operator()(zip_source_t *source) const { zip_source_free(source); }
    void operator()(zip_t *zip) const { zip_discard(zip); }
  };
  zip_error_t error;
  std::unique_ptr<zip_source_t, Free> sink;
  std::unique_ptr<zip_t, Free> archive;
};

} // namespace

Expected<Bytes> writeZip(const ZipMembers &members) {
  if (members.empty())
    return emptyArchive();
  try {
    Writer writer;
    auto failed = [&] { return machineError("cannot make a zip archive: " + writer.message()); };
    for (const auto &[name, bytes] : members)
      if (!writer.add(name, bytes))
        return failed();
    std::optional<Bytes> bytes = writer.finish();
    if (!bytes)
      return failed();
    return std::move(*bytes);
  } catch (const std::bad_alloc &) {
    return machineError("out of memory while making a zip archive");
  }
}

} // namespace hornet::formats
