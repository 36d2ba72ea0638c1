#include "formats/Hdf5Writer.h"
#include "formats/Hdf5Library.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace hornet::formats {

namespace {

/// An attribute lies in an object's header, whose messages end at 64 kB. Keras's number.
constexpr size_t largestAttribute = 64512;

/// The type of a tensor's elements, in memory as in the file; 16-bit floats have been converted.
hid_t typeOf(DType dtype) {
  switch (dtype) {
  case DType::f16:
  case DType::bf16:
  case DType::f32: return H5T_NATIVE_FLOAT;
  case DType::f64: return H5T_NATIVE_DOUBLE;
  case DType::i8: return H5T_NATIVE_INT8;
  case DType::i16: return H5T_NATIVE_INT16;
  case DType::i32: return H5T_NATIVE_INT32;
  case DType::i64: return H5T_NATIVE_INT64;
  case DType::u8:
  case DType::boolean: return H5T_NATIVE_UINT8;
  case DType::u16: return H5T_NATIVE_UINT16;
  case DType::u32: return H5T_NATIVE_UINT32;
  case DType::u64: return H5T_NATIVE_UINT64;
  case DType::string: break; // no weight is one
  }
  return -1;
}

Space spaceOf(const Shape &shape) {
  if (shape.empty())
    return {H5Screate(H5S_SCALAR)};
  std::vector<hsize_t> extents(shape.begin(), shape.end());
  return {H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr)};
}

/// Where the list splits into `parts` pieces as equal as can be, as numpy.array_split does.
size_t startOf(size_t part, size_t parts, size_t count) {
  return part * (count / parts) + std::min(part, count % parts);
}

} // namespace

struct Hdf5Writer::State {
  Hid<H5Fclose> file;
  Hid<H5Pclose> links;  ///< makes the groups on the way
  Hid<H5Pclose> groups; ///< without time stamps
  Hid<H5Pclose> datasets;
  std::string failure;

  /// Whether everything has gone well; else what the library says is kept.
  bool check(bool good, const std::string &what) {
    if (!good && failure.empty())
      failure = what + ": " + libraryReason();
    return failure.empty();
  }

  Hid<H5Oclose> open(const std::string &object) const {
    return {H5Oopen(file, object.empty() ? "/" : object.c_str(), H5P_DEFAULT)};
  }

  void put(hid_t object, const std::string &name, hid_t type, hid_t space, const void *data) {
    Hid<H5Aclose> attribute(
        H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT));
    check(attribute && H5Awrite(attribute, type, data) >= 0, "attribute " + name);
  }

  void putList(hid_t object, const std::string &name, std::span<const std::string> texts,
               size_t width) {
    std::string padded(texts.size() * width, '\0');
    for (size_t i = 0; i < texts.size(); ++i)
      texts[i].copy(padded.data() + i * width, width);
    Type type(H5Tcopy(H5T_C_S1));
    check(H5Tset_size(type, width) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0, name);
    put(object, name, type, spaceOf({static_cast<int64_t>(texts.size())}), padded.data());
  }
};

Hdf5Writer::Hdf5Writer() : state(std::make_unique<State>()) {
  Session session;
  Hid<H5Pclose> access(H5Pcreate(H5P_FILE_ACCESS));
  constexpr size_t growth = 1 << 20;
  state->links = {H5Pcreate(H5P_LINK_CREATE)};
  state->groups = {H5Pcreate(H5P_GROUP_CREATE)};
  state->datasets = {H5Pcreate(H5P_DATASET_CREATE)};
  bool good = H5Pset_fapl_core(access, growth, /*backing_store=*/false) >= 0 &&
              H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
              H5Pset_create_intermediate_group(state->links, 1) >= 0 &&
              H5Pset_obj_track_times(state->groups, false) >= 0 &&
              H5Pset_obj_track_times(state->datasets, false) >= 0;
  // The library takes two files of one name for one file.
  std::string unique = "written-" + std::to_string(reinterpret_cast<uintptr_t>(state.get()));
  if (good)
    state->file = {H5Fcreate(unique.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access)};
  state->check(good && state->file, "a file in memory");
}

Hdf5Writer::~Hdf5Writer() {
  Session session;
  state.reset();
}

void Hdf5Writer::group(const std::string &path) {
  Session session;
  if (!state->failure.empty() || state->open(path))
    return;
  Hid<H5Gclose> made(
      H5Gcreate2(state->file, path.c_str(), state->links, state->groups, H5P_DEFAULT));
  state->check(bool(made), path);
}

void Hdf5Writer::dataset(const std::string &path, const Tensor &tensor) {
  if (!state->failure.empty())
    return;
  bool half = tensor.dtype() == DType::f16 || tensor.dtype() == DType::bf16;
  Tensor values = half ? tensor.toFloat32() : tensor;
  Session session;
  Hid<H5Dclose> made(H5Dcreate2(state->file, path.c_str(), typeOf(values.dtype()),
                                spaceOf(values.shape()), state->links, state->datasets,
                                H5P_DEFAULT));
  bool written = made && (values.size() == 0 || H5Dwrite(made, typeOf(values.dtype()), H5S_ALL,
                                                         H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  state->check(written, path);
}

void Hdf5Writer::attribute(const std::string &object, const std::string &name,
                           const std::string &text) {
  Session session;
  if (!state->failure.empty())
    return;
  Object owner = state->open(object);
  Type type(H5Tcopy(H5T_C_S1));
  bool good =
      owner && H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
  const char *pointer = text.c_str();
  if (state->check(good, object + " " + name))
    state->put(owner, name, type, Space(H5Screate(H5S_SCALAR)),
               static_cast<const void *>(&pointer));
}

void Hdf5Writer::attribute(const std::string &object, const std::string &name,
                           std::span<const std::string> texts) {
  Session session;
  if (!state->failure.empty())
    return;
  Object owner = state->open(object);
  size_t width = 1; // HDF5 has no strings of no bytes
  for (const std::string &text : texts)
    width = std::max(width, text.size());
  if (!state->check(bool(owner), object + " " + name))
    return;
  if (width > largestAttribute) {
    state->failure = name + ": a name of more than 64,512 bytes";
    return;
  }
  size_t count = texts.size(), most = largestAttribute / width;
  size_t parts = std::max<size_t>((count + most - 1) / most, 1);
  for (size_t part = 0; part < parts; ++part) {
    size_t start = startOf(part, parts, count), end = startOf(part + 1, parts, count);
    state->putList(owner, parts == 1 ? name : name + std::to_string(part),
                   texts.subspan(start, end - start), width);
  }
}

Expected<Bytes> Hdf5Writer::finish() {
  Session session;
  std::unique_ptr<State> done = std::exchange(state, std::make_unique<State>());
  state->failure = "the file is finished";
  if (!done->failure.empty())
    return internalError("HDF5 cannot write " + done->failure);
  auto failed = [] { return internalError("HDF5 cannot give its file: " + libraryReason()); };
  if (H5Fflush(done->file, H5F_SCOPE_GLOBAL) < 0)
    return failed();
  ssize_t size = H5Fget_file_image(done->file, nullptr, 0);
  if (size < 0)
    return failed();
  try {
    Bytes bytes(static_cast<size_t>(size));
    if (H5Fget_file_image(done->file, bytes.data(), bytes.size()) != size)
      return failed();
    return bytes;
  } catch (const std::bad_alloc &) {
    return machineError("out of memory: an HDF5 file of " + std::to_string(size) + " bytes");
  }
}

} // namespace hornet::formats
