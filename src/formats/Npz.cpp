#include "formats/Npy.h"
#include "formats/Zip.h"
#include "formats/ZipWriter.h"

#include <fmt/format.h>
#include <new>
#include <set>

namespace hornet::formats {

namespace {

constexpr std::string_view extension = ".npy";

Expected<NamedTensors> readNpz(const std::string &path, Strings strings) {
  ZipArchive archive = HORNET_TRY(ZipArchive::open(HORNET_TRY(readFile(path)), path));
  NamedTensors tensors;
  for (const std::string &member : archive.members()) {
    if (!member.ends_with(extension))
      return inputError({.file = path,
                         .attribute = member,
                         .reason = "not an array: the members of a .npz end in .npy",
                         .mend = "write the file with numpy.savez"});
    Bytes bytes = HORNET_TRY(archive.read(member));
    std::string name = fmt::format("{}/{}", path, member);
    tensors.emplace_back(member.substr(0, member.size() - extension.size()),
                         HORNET_TRY(readNpy(bytes, name, strings)));
  }
  return tensors;
}

Expected<Bytes> writeNpz(const std::string &path, const NamedTensors &tensors) {
  std::vector<Bytes> arrays;
  arrays.reserve(tensors.size()); // the members point into it
  ZipMembers members;
  std::set<std::string> names;
  for (const auto &[name, tensor] : tensors) {
    if (!names.insert(name).second)
      return inputError({.file = path,
                         .attribute = name,
                         .reason = "two arrays of this name cannot be in one file",
                         .mend = "rename one of them"});
    arrays.push_back(writeNpy(tensor));
    members.emplace_back(name + std::string(extension), arrays.back());
  }
  return writeZip(members);
}

} // namespace

Expected<NamedTensors> readNpzFile(const std::string &path, Strings strings) {
  try {
    return readNpz(path, strings);
  } catch (const std::bad_alloc &) {
    return machineError("out of memory while reading " + path);
  }
}

Expected<void> writeNpzFile(const std::string &path, const NamedTensors &tensors) {
  try {
    return writeFile(path, HORNET_TRY(writeNpz(path, tensors)));
  } catch (const std::bad_alloc &) {
    return machineError("out of memory while writing " + path);
  }
}

} // namespace hornet::formats
