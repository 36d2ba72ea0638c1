#include "formats/Hdf5Library.h"

#include <algorithm>
#include <array>
#include <new>

namespace hornet::formats {

namespace {

/// Deflate's best ratio (https://zlib.net/zlib_tech.html); other filters of HDF5 do worse on
/// weights.
constexpr uint64_t maximumRatio = 1032;

struct Dataset {
  Object id;
  Hid<H5Pclose> layout; ///< its creation properties
};

/// Opens a dataset whose bytes lie in this file.
Expected<Dataset> openDataset(const Hdf5Handle &file, const std::string &path) {
  Dataset dataset{HORNET_TRY(file.get(path)), {}};
  if (H5Iget_type(dataset.id) != H5I_DATASET)
    return file.refuse(path, "is not a dataset");
  // Before anything else is asked of it: already the shape of a virtual dataset may open others.
  dataset.layout = Hid<H5Pclose>(H5Dget_create_plist(dataset.id));
  if (!dataset.layout)
    return file.refuse(path, "cannot be read: " + libraryReason());
  constexpr const char *mend = "copy the data into the file";
  if (H5Pget_layout(dataset.layout) == H5D_VIRTUAL)
    return file.refuse(path, "is a virtual dataset, made of external files: not read", mend);
  if (H5Pget_external_count(dataset.layout) != 0)
    return file.refuse(path, "is stored in an external file: not read", mend);
  return dataset;
}

Expected<Shape> shapeOfSpace(const Hdf5Handle &file, const std::string &path, hid_t dataset) {
  Space space(H5Dget_space(dataset));
  if (!space)
    return file.refuse(path, "has a shape that cannot be read: " + libraryReason());
  if (H5Sget_simple_extent_type(space) == H5S_NULL)
    return file.refuse(path, "holds nothing (a null dataspace)");
  std::array<hsize_t, H5S_MAX_RANK> extents;
  int rank = H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    if (extents[i] > static_cast<hsize_t>(INT64_MAX))
      return file.refuse(path, "claims a shape that is too large: dimension " + std::to_string(i) +
                                   " is " + std::to_string(extents[i]));
    shape.push_back(static_cast<int64_t>(extents[i]));
  }
  return shape;
}

/// Elements of `shape` times `element` bytes; nothing when that exceeds `limit`.
template <class Extents>
std::optional<uint64_t> bytesWithin(const Extents &shape, uint64_t element, uint64_t limit) {
  uint64_t total = element;
  if (std::ranges::find(shape, 0) != std::ranges::end(shape))
    return 0;
  for (uint64_t extent : shape) {
    if (extent > limit / total)
      return std::nullopt;
    total *= extent;
  }
  return total <= limit ? std::optional(total) : std::nullopt;
}

/// The file's own claim, against the bytes that it stores for the dataset. Never-written datasets
/// (all fill value) pass while they are smaller than the file.
Expected<void> checkSize(const Hdf5Handle &file, const std::string &path, const Dataset &dataset,
                         const Shape &shape, uint64_t element) {
  uint64_t stored = std::min<uint64_t>(H5Dget_storage_size(dataset.id), file.bytes.size());
  uint64_t limit = std::max<uint64_t>(file.bytes.size(), stored * maximumRatio);
  if (!bytesWithin(shape, element, limit))
    return file.refuse(path, "claims shape " + toString(shape) + ", a size beyond what its " +
                                 std::to_string(stored) + " stored bytes can hold");
  std::array<hsize_t, H5S_MAX_RANK> extents;
  if (H5Pget_layout(dataset.layout) != H5D_CHUNKED)
    return {};
  // The library allocates whole chunks, which may be larger than the dataset.
  int rank = H5Pget_chunk(dataset.layout, extents.size(), extents.data());
  constexpr uint64_t anyChunk = 16 << 20;
  if (rank < 0 || !bytesWithin(std::span(extents.data(), rank), element, std::max(limit, anyChunk)))
    return file.refuse(path, "claims chunks of a size beyond what the file can hold");
  return {};
}

/// A float type of two bytes, native byte order.
Type makeHalf(size_t exponentBits, size_t exponentBias) {
  size_t mantissaBits = 15 - exponentBits;
  Type type(H5Tcopy(H5T_NATIVE_FLOAT));
  H5Tset_fields(type, 15, mantissaBits, exponentBits, 0, mantissaBits);
  H5Tset_ebias(type, exponentBias);
  H5Tset_precision(type, 16);
  H5Tset_size(type, 2);
  return type;
}

/// How a dataset's elements are read: our type, and the library's for it in memory.
struct ElementType {
  DType dtype;
  Type memory;
};

std::optional<ElementType> floatType(hid_t type) {
  size_t sign, exponentAt, exponentBits, mantissaAt, mantissaBits;
  if (H5Tget_fields(type, &sign, &exponentAt, &exponentBits, &mantissaAt, &mantissaBits) < 0)
    return std::nullopt;
  if (exponentBits == 5 && mantissaBits == 10)
    return ElementType{DType::f16, makeHalf(5, 15)};
  if (exponentBits == 8 && mantissaBits == 7)
    return ElementType{DType::bf16, makeHalf(8, 127)};
  if (exponentBits <= 8 && mantissaBits <= 23)
    return ElementType{DType::f32, Type(H5Tcopy(H5T_NATIVE_FLOAT))};
  return ElementType{DType::f64, Type(H5Tcopy(H5T_NATIVE_DOUBLE))};
}

std::optional<ElementType> integerType(hid_t type) {
  struct Row {
    size_t bytes;
    DType dtypes[2];
    hid_t types[2];
  };
  const std::array<Row, 4> rows{
      {{1, {DType::i8, DType::u8}, {H5T_NATIVE_INT8, H5T_NATIVE_UINT8}},
       {2, {DType::i16, DType::u16}, {H5T_NATIVE_INT16, H5T_NATIVE_UINT16}},
       {4, {DType::i32, DType::u32}, {H5T_NATIVE_INT32, H5T_NATIVE_UINT32}},
       {8, {DType::i64, DType::u64}, {H5T_NATIVE_INT64, H5T_NATIVE_UINT64}}}};
  bool isUnsigned = H5Tget_sign(type) == H5T_SGN_NONE;
  for (const Row &row : rows)
    if (H5Tget_size(type) <= row.bytes)
      return ElementType{row.dtypes[isUnsigned], Type(H5Tcopy(row.types[isUnsigned]))};
  return std::nullopt;
}

/// h5py's boolean: an enum of FALSE = 0 and TRUE = 1.
std::optional<ElementType> booleanType(hid_t type) {
  Type base(H5Tget_super(type));
  int8_t no = -1, yes = -1;
  if (H5Tget_nmembers(type) != 2 || H5Tget_size(base) != 1 ||
      H5Tenum_valueof(type, "FALSE", &no) < 0 || H5Tenum_valueof(type, "TRUE", &yes) < 0 ||
      no != 0 || yes != 1)
    return std::nullopt;
  return ElementType{DType::boolean, Type(H5Tcopy(H5T_NATIVE_INT8))};
}

std::optional<ElementType> elementTypeOf(hid_t type) {
  switch (H5Tget_class(type)) {
  case H5T_FLOAT: return floatType(type);
  case H5T_INTEGER: return integerType(type);
  case H5T_ENUM: return booleanType(type);
  default: return std::nullopt;
  }
}

} // namespace

Expected<Shape> Hdf5File::shapeOf(const std::string &path) const {
  Session session;
  Dataset dataset = HORNET_TRY(openDataset(*handle, path));
  return shapeOfSpace(*handle, path, dataset.id);
}

Expected<Tensor> Hdf5File::read(const std::string &path) const {
  Session session;
  Dataset dataset = HORNET_TRY(openDataset(*handle, path));
  Shape shape = HORNET_TRY(shapeOfSpace(*handle, path, dataset.id));
  Type type(H5Dget_type(dataset.id));
  std::optional<ElementType> element = elementTypeOf(type);
  if (!element || !element->memory)
    return handle->refuse(path, H5Tget_class(type) == H5T_STRING
                                    ? "has the element type string: numbers are needed"
                                    : "has an element type that is not numeric");
  HORNET_TRY(checkSize(*handle, path, dataset, shape,
                       std::max(H5Tget_size(type), sizeOf(element->dtype))));
  try {
    Tensor tensor(element->dtype, shape);
    if (tensor.size() == 0)
      return tensor;
    if (H5Dread(dataset.id, element->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data()) < 0)
      return handle->refuse(path, "cannot be read: " + libraryReason());
    if (element->dtype == DType::boolean)
      for (uint8_t &value : tensor.as<uint8_t>())
        value = value != 0;
    return tensor;
  } catch (const std::bad_alloc &) {
    return machineError("out of memory: " + path + " of " + name + " has shape " + toString(shape));
  }
}

} // namespace hornet::formats
