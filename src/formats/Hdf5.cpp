#include "formats/Hdf5.h"
#include "formats/Hdf5Library.h"

#include <string_view>

namespace hornet::formats {

namespace {

std::mutex &libraryMutex() {
  static std::mutex mutex;
  return mutex;
}

struct Failure {
  std::string reason;
  bool truncated = false;
};

/// The library's error stack, innermost message first.
Failure libraryFailure() {
  Failure failure;
  auto visit = [](unsigned depth, const H5E_error2_t *error, void *data) -> herr_t {
    auto &failure = *static_cast<Failure *>(data);
    if (depth == 0 && error->desc)
      failure.reason = error->desc;
    failure.truncated |= error->min_num == H5E_TRUNCATED;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, visit, &failure);
  if (failure.reason.empty())
    failure.reason = "the HDF5 library gives no reason";
  return failure;
}

/// How to open `bytes` in place. The library would copy them twice; these callbacks hand it the
/// original, which outlives the file and is only read.
Hid<H5Pclose> accessInPlace(Bytes &bytes) {
  H5FD_file_image_callbacks_t callbacks{
      .image_malloc = [](size_t, H5FD_file_image_op_t, void *data) -> void * {
        return static_cast<Bytes *>(data)->data();
      },
      .image_memcpy = [](void *to, const void *from, size_t, H5FD_file_image_op_t,
                         void *) -> void * { return to == from ? to : nullptr; },
      .image_realloc = [](void *, size_t, H5FD_file_image_op_t, void *) -> void * {
        return nullptr;
      },
      .image_free = [](void *, H5FD_file_image_op_t, void *) -> herr_t { return 0; },
      .udata_copy = [](void *data) { return data; },
      .udata_free = [](void *) -> herr_t { return 0; },
      .udata = &bytes};
  Hid<H5Pclose> access(H5Pcreate(H5P_FILE_ACCESS));
  constexpr size_t growth = 1 << 16; // of no use to a file that is only read
  if (H5Pset_fapl_core(access, growth, /*backing_store=*/false) < 0 ||
      H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0 ||
      H5Pset_file_image_callbacks(access, &callbacks) < 0 ||
      H5Pset_file_image(access, bytes.data(), bytes.size()) < 0)
    return {};
  return access;
}

} // namespace

Session::Session() : lock(libraryMutex()) {
  H5Eget_auto2(H5E_DEFAULT, &print, &printData);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLget_loading_state(&plugins);
  H5PLset_loading_state(0);
}

Session::~Session() {
  H5PLset_loading_state(plugins);
  H5Eset_auto2(H5E_DEFAULT, print, printData);
}

std::string libraryReason() { return libraryFailure().reason; }

Hdf5Handle::~Hdf5Handle() {
  Session session;
  file = {};
}

tl::unexpected<Error> Hdf5Handle::refuse(std::string path, std::string reason,
                                         std::string mend) const {
  return inputError({.file = name,
                     .attribute = std::move(path),
                     .reason = std::move(reason),
                     .mend = std::move(mend)});
}

tl::unexpected<Error> Hdf5Handle::refuseLink(const std::string &path, hid_t group, const char *link,
                                             const H5L_info_t &info) const {
  std::string value(std::min(info.u.val_size, bytes.size()), '\0');
  if (H5Lget_val(group, link, value.data(), value.size(), H5P_DEFAULT) < 0)
    return refuse(path, "is a link that cannot be read: " + libraryReason());
  if (info.type == H5L_TYPE_EXTERNAL) {
    const char *file = "", *object = "";
    H5Lunpack_elink_val(value.data(), value.size(), nullptr, &file, &object);
    return refuse(path,
                  "is an external link to '" + std::string(object) + "' in '" + file +
                      "': other files are not read",
                  "copy the data into the file");
  }
  if (info.type != H5L_TYPE_SOFT)
    return refuse(path, "is a link of an unknown kind: not followed");

  // Along hard links alone, so that the question "does it exist?" cannot go round in circles.
  std::string target = value.substr(0, value.find('\0'));
  std::string absolute = target;
  if (!target.starts_with('/'))
    absolute = path.substr(0, path.rfind('/') + 1) + target;
  bool hardPath = true, exists = true;
  Object current(H5Gopen2(file, "/", H5P_DEFAULT));
  for (size_t start = 0; exists && hardPath && start < absolute.size();) {
    size_t end = std::min(absolute.find('/', start), absolute.size());
    std::string step = absolute.substr(start, end - start);
    start = end + 1;
    if (step.empty() || step == ".")
      continue;
    H5L_info_t next;
    exists = H5Iget_type(current) == H5I_GROUP &&
             H5Lexists(current, step.c_str(), H5P_DEFAULT) > 0 &&
             H5Lget_info(current, step.c_str(), &next, H5P_DEFAULT) >= 0;
    hardPath = exists && next.type == H5L_TYPE_HARD;
    if (hardPath)
      current = Object(H5Oopen(current, step.c_str(), H5P_DEFAULT));
  }
  return refuse(path,
                "is a soft link to '" + target + "'" +
                    (!exists ? ", which does not exist" : ": links are not followed"),
                exists ? "copy the data to where the link is" : "");
}

Expected<Object> Hdf5Handle::find(const std::string &path) const {
  Object current(H5Gopen2(file, "/", H5P_DEFAULT));
  if (!current)
    return refuse("/", "the root group cannot be opened: " + libraryReason());
  for (size_t start = 0; start < path.size();) {
    size_t end = std::min(path.find('/', start), path.size());
    std::string step = path.substr(start, end - start), sofar = path.substr(0, end);
    start = end + 1;
    if (step.empty() || step == ".")
      continue;
    if (H5Iget_type(current) != H5I_GROUP || step.find('\0') != std::string::npos)
      return Object();
    H5L_info_t info;
    htri_t exists = H5Lexists(current, step.c_str(), H5P_DEFAULT);
    if (exists == 0)
      return Object();
    if (exists < 0 || H5Lget_info(current, step.c_str(), &info, H5P_DEFAULT) < 0)
      return refuse(sofar, "cannot be looked up: " + libraryReason());
    if (info.type != H5L_TYPE_HARD)
      return refuseLink(sofar, current, step.c_str(), info);
    Object next(H5Oopen(current, step.c_str(), H5P_DEFAULT));
    if (!next)
      return refuse(sofar, "cannot be opened: " + libraryReason());
    current = std::move(next);
  }
  return current;
}

Expected<Object> Hdf5Handle::get(const std::string &path) const {
  Object object = HORNET_TRY(find(path));
  if (!object)
    return refuse(path, "is missing from the file");
  return object;
}

Hdf5File::Hdf5File(std::shared_ptr<const Hdf5Handle> handle)
    : name(handle->name), handle(std::move(handle)) {}

Expected<Hdf5File> Hdf5File::open(Bytes bytes, std::string file) {
  auto handle = std::make_shared<Hdf5Handle>();
  handle->bytes = std::move(bytes);
  handle->name = std::move(file);
  Signature signature = signatureOf(handle->bytes);
  if (signature == Signature::empty)
    return handle->refuse("", "the file is empty", std::string(mend(signature)));
  if (signature != Signature::hdf5)
    return handle->refuse("", "is not an HDF5 file but " + std::string(describe(signature)),
                          std::string(mend(signature)));
  if (!survives(handle))
    return handle->refuse("", "the HDF5 file is damaged so that the HDF5 library crashes on it",
                          "download or copy it again");
  return openHandle(handle);
}

Expected<Hdf5File> Hdf5File::openHandle(const std::shared_ptr<Hdf5Handle> &handle) {
  Session session;
  Hid<H5Pclose> access = accessInPlace(handle->bytes);
  if (!access)
    return internalError("HDF5 does not take a file in memory: " + libraryReason());
  // The library takes two images of one name for one file.
  std::string unique = "image-" + std::to_string(reinterpret_cast<uintptr_t>(handle.get()));
  handle->file = Hid<H5Fclose>(H5Fopen(unique.c_str(), H5F_ACC_RDONLY, access));
  if (!handle->file) {
    constexpr size_t superblockSize = 48; // of the smallest version
    Failure failure = libraryFailure();
    if (failure.truncated || handle->bytes.size() < superblockSize)
      return handle->refuse("",
                            "the HDF5 file is truncated: it has " +
                                std::to_string(handle->bytes.size()) +
                                " bytes, fewer than its superblock says",
                            "download or copy it again");
    return handle->refuse("", "the HDF5 file is damaged: " + failure.reason);
  }
  return Hdf5File(handle);
}

Expected<std::optional<Hdf5File::Kind>> Hdf5File::kind(const std::string &path) const {
  Session session;
  Object object = HORNET_TRY(handle->find(path));
  if (!object)
    return std::nullopt;
  switch (H5Iget_type(object)) {
  case H5I_GROUP: return Kind::group;
  case H5I_DATASET: return Kind::dataset;
  default: return handle->refuse(path, "is neither a group nor a dataset");
  }
}

Expected<std::vector<std::string>> Hdf5File::children(const std::string &group) const {
  struct Walk {
    std::vector<std::string> names;
    size_t limit;
  };
  Session session;
  Object object = HORNET_TRY(handle->get(group));
  if (H5Iget_type(object) != H5I_GROUP)
    return handle->refuse(group, "is not a group");
  // A damaged index can lead in circles, but a link takes some bytes of the file.
  Walk walk{{}, handle->bytes.size()};
  auto visit = [](hid_t, const char *name, const H5L_info_t *, void *data) -> herr_t {
    auto &walk = *static_cast<Walk *>(data);
    walk.names.emplace_back(name);
    return walk.names.size() > walk.limit ? -1 : 0;
  };
  if (H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &walk) < 0)
    return handle->refuse(group, "is a group that cannot be listed: " + libraryReason());
  return std::move(walk.names);
}

} // namespace hornet::formats
