#include "formats/Hdf5Library.h"

#include <string_view>

namespace hornet::formats {

namespace {

/// An open attribute with what it claims to hold.
struct Attribute {
  Hid<H5Aclose> id;
  Type type;
  Space space;
  H5T_class_t kind = H5T_NO_CLASS;
  size_t count = 0;  ///< elements; none in a null dataspace
  std::string label; ///< for messages: "weight_names of model_weights/dense"
};

/// Invalid (`id` negative) when the object has no such attribute.
Expected<Attribute> openAttribute(const Hdf5Handle &file, const std::string &path, hid_t object,
                                  const std::string &name) {
  Attribute result;
  result.label = path.empty() || path == "/" ? name : name + " of " + path;
  htri_t exists = H5Aexists(object, name.c_str());
  if (exists == 0)
    return result;
  if (exists > 0)
    result.id = Hid<H5Aclose>(H5Aopen(object, name.c_str(), H5P_DEFAULT));
  if (result.id)
    result.type = Type(H5Aget_type(result.id));
  if (result.type)
    result.space = Space(H5Aget_space(result.id));
  hssize_t count = result.space ? H5Sget_simple_extent_npoints(result.space) : -1;
  if (count < 0)
    return file.refuse(result.label, "is an attribute that cannot be read: " + libraryReason());
  result.kind = H5Tget_class(result.type);
  // Attributes are not compressed: the file has at least as many bytes as they claim.
  size_t bytes = file.bytes.size(), element = std::max<size_t>(H5Tget_size(result.type), 1);
  if (static_cast<size_t>(count) > bytes / element)
    return file.refuse(result.label, "claims a size of " + std::to_string(count) +
                                         " elements, more than the file can hold");
  if (H5Sget_simple_extent_type(result.space) != H5S_NULL)
    result.count = static_cast<size_t>(count);
  return result;
}

/// A fixed-length string without what pads it.
std::string unpad(std::string_view text, H5T_str_t padding) {
  if (padding == H5T_STR_NULLTERM)
    text = text.substr(0, text.find('\0'));
  size_t last = text.find_last_not_of(padding == H5T_STR_SPACEPAD ? ' ' : '\0');
  return std::string(text.substr(0, last + 1)); // npos + 1 is 0
}

/// The strings of an attribute whose type is a string type.
Expected<std::vector<std::string>> readStrings(const Hdf5Handle &file, const Attribute &from) {
  std::vector<std::string> strings;
  if (from.count == 0)
    return strings;
  strings.reserve(from.count);
  auto failed = [&] {
    return file.refuse(from.label, "is an attribute that cannot be read: " + libraryReason());
  };
  if (H5Tis_variable_str(from.type) > 0) {
    std::vector<char *> pointers(from.count);
    if (H5Aread(from.id, from.type, static_cast<void *>(pointers.data())) < 0)
      return failed();
    for (const char *pointer : pointers)
      strings.emplace_back(pointer ? pointer : "");
    H5Dvlen_reclaim(from.type, from.space, H5P_DEFAULT, static_cast<void *>(pointers.data()));
    return strings;
  }
  size_t length = H5Tget_size(from.type);
  std::string buffer(from.count * length, '\0');
  if (H5Aread(from.id, from.type, buffer.data()) < 0)
    return failed();
  for (size_t i = 0; i < from.count; ++i)
    strings.push_back(
        unpad(std::string_view(buffer).substr(i * length, length), H5Tget_strpad(from.type)));
  return strings;
}

std::string_view kindName(H5T_class_t kind) {
  return kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM ? "a number"
         : kind == H5T_STRING                                         ? "a string"
                                                                      : "data of another type";
}

} // namespace

Expected<std::optional<std::string>> Hdf5File::stringAttribute(const std::string &object,
                                                               const std::string &name) const {
  Session session;
  Object owner = HORNET_TRY(handle->get(object));
  Attribute attribute = HORNET_TRY(openAttribute(*handle, object, owner, name));
  if (!attribute.id)
    return std::nullopt;
  if (attribute.kind != H5T_STRING)
    return handle->refuse(attribute.label,
                          "is " + std::string(kindName(attribute.kind)) + ", not a string");
  std::vector<std::string> strings = HORNET_TRY(readStrings(*handle, attribute));
  if (strings.size() > 1)
    return handle->refuse(attribute.label, "is a list of " + std::to_string(strings.size()) +
                                               " strings: a single one is needed");
  return strings.empty() ? std::string() : std::move(strings.front());
}

Expected<std::optional<std::vector<std::string>>>
Hdf5File::stringsAttribute(const std::string &object, const std::string &name) const {
  Session session;
  Object owner = HORNET_TRY(handle->get(object));
  std::vector<std::string> all;
  // Unnumbered, or else as name0, name1, …: Keras's way around HDF5's limit of 64 kB.
  for (int part = -1;; ++part) {
    Attribute attribute = HORNET_TRY(
        openAttribute(*handle, object, owner, part < 0 ? name : name + std::to_string(part)));
    if (!attribute.id) {
      if (part < 0)
        continue;
      return part == 0 ? std::nullopt : std::optional(std::move(all));
    }
    if (attribute.count > 0 && attribute.kind != H5T_STRING)
      return handle->refuse(attribute.label, "is " + std::string(kindName(attribute.kind)) +
                                                 ", not a list of strings");
    if (attribute.kind == H5T_STRING)
      for (std::string &text : HORNET_TRY(readStrings(*handle, attribute)))
        all.push_back(std::move(text));
    if (part < 0)
      return std::move(all);
  }
}

Expected<std::optional<double>> Hdf5File::numberAttribute(const std::string &object,
                                                          const std::string &name) const {
  Session session;
  Object owner = HORNET_TRY(handle->get(object));
  Attribute attribute = HORNET_TRY(openAttribute(*handle, object, owner, name));
  if (!attribute.id)
    return std::nullopt;
  if (kindName(attribute.kind) != "a number")
    return handle->refuse(attribute.label,
                          "is " + std::string(kindName(attribute.kind)) + ", not a number");
  if (attribute.count != 1)
    return handle->refuse(attribute.label, "holds " + std::to_string(attribute.count) +
                                               " numbers: a single one is needed");
  double value = 0;
  if (H5Aread(attribute.id, H5T_NATIVE_DOUBLE, &value) < 0)
    return handle->refuse(attribute.label,
                          "is an attribute that cannot be read: " + libraryReason());
  return value;
}

} // namespace hornet::formats
