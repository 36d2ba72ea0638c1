#include "formats/Image.h"
#include "training/Dataset.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <new>

namespace hornet::training {

namespace fs = std::filesystem;

namespace {

/// How a sample of an image lies in memory.
struct Layout {
  int64_t height = 0, width = 0;
  int channels = 1;
  bool channelsFirst = false, hasChannels = true;

  Shape shape() const {
    if (!hasChannels)
      return {height, width};
    return channelsFirst ? Shape{channels, height, width} : Shape{height, width, channels};
  }
};

Expected<Layout> layoutOf(const std::string &folder, const Shape &shape) {
  auto isChannels = [](int64_t size) { return size == 1 || size == 3; };
  constexpr int64_t largest = 1 << 15;
  std::optional<Layout> layout;
  if (shape.size() == 2)
    layout = Layout{shape[0], shape[1], 1, false, false};
  else if (shape.size() == 3 && isChannels(shape[2]))
    layout = Layout{shape[0], shape[1], static_cast<int>(shape[2])};
  else if (shape.size() == 3 && isChannels(shape[0]))
    layout = Layout{shape[1], shape[2], static_cast<int>(shape[0]), true};
  if (layout && std::max(layout->height, layout->width) <= largest)
    return *layout;
  Shape withBatch = shape;
  withBatch.insert(withBatch.begin(), unknownSize);
  return inputError({.file = folder,
                     .reason = fmt::format("a folder of images needs a model whose input has shape "
                                           "(None, height, width, 1 or 3), not {}",
                                           toString(withBatch)),
                     .mend = "give the images as an .npz file, or the model such an input"});
}

bool isImage(const fs::directory_entry &entry) {
  static constexpr std::array<std::string_view, 3> endings{".png", ".jpg", ".jpeg"};
  std::string ending = entry.path().extension().string();
  for (char &c : ending)
    c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  std::error_code ignored;
  return std::ranges::count(endings, ending) && entry.is_regular_file(ignored) &&
         !entry.path().filename().string().starts_with('.');
}

/// What of the folder `wanted` takes, by name. A folder that cannot be read has nothing.
template <class Wanted> std::vector<fs::path> entries(const fs::path &folder, Wanted wanted) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (wanted(*it))
      paths.push_back(it->path());
  std::ranges::sort(paths);
  return paths;
}

std::vector<fs::path> subfolders(const fs::path &folder) {
  return entries(folder, [](const fs::directory_entry &entry) {
    std::error_code ignored;
    return entry.is_directory(ignored) && !entry.path().filename().string().starts_with('.');
  });
}

struct File {
  std::string path;
  int32_t label;
};

struct Listing {
  std::vector<std::string> classes;
  std::vector<File> files;
};

Expected<Listing> listClasses(const std::string &folder) {
  Listing listing;
  for (const fs::path &path : subfolders(folder)) {
    auto label = static_cast<int32_t>(listing.classes.size());
    listing.classes.push_back(path.filename().string());
    std::vector<fs::path> images = entries(path, isImage);
    if (images.empty())
      return inputError({.file = path.string(),
                         .reason = "the folder of this class has no PNG or JPEG file",
                         .mend = "put its images there, or remove it"});
    for (const fs::path &image : images)
      listing.files.push_back({image.string(), label});
  }
  if (listing.classes.empty())
    return inputError({.file = folder,
                       .reason = "has neither MNIST's idx files nor a folder of images for each "
                                 "class",
                       .mend = "make one folder a class, and put its PNG and JPEG files there"});
  return listing;
}

Expected<formats::Image> readPixels(const std::string &path, const Layout &layout) {
  formats::Bytes bytes = HORNET_TRY(formats::readFile(path));
  return formats::readImage(
      bytes, path, layout.channels == 3 ? formats::ColorMode::rgb : formats::ColorMode::gray);
}

void place(const formats::Image &image, const Layout &layout, uint8_t *to) {
  if (!layout.channelsFirst) {
    std::ranges::copy(image.pixels, to);
    return;
  }
  size_t channels = image.channels, area = image.pixels.size() / channels;
  for (size_t pixel = 0; pixel < area; ++pixel)
    for (size_t channel = 0; channel < channels; ++channel)
      to[channel * area + pixel] = image.pixels[pixel * channels + channel];
}

/// A size that the model leaves open is that of the first image.
Expected<void> close(Layout &layout, const std::string &path) {
  if (layout.height != unknownSize && layout.width != unknownSize)
    return {};
  formats::Image first = HORNET_TRY(readPixels(path, layout));
  if (layout.height == unknownSize)
    layout.height = first.height;
  if (layout.width == unknownSize)
    layout.width = first.width;
  return {};
}

Expected<Dataset> readImages(const std::string &folder, const Listing &listing,
                             const Layout &layout) {
  constexpr size_t mostProblems = 20;
  auto count = static_cast<int64_t>(listing.files.size());
  Shape shape = layout.shape();
  shape.insert(shape.begin(), count);
  Tensor images(DType::u8, shape), labels(DType::i32, {count});
  size_t bytes = images.bytes() / listing.files.size();
  InputError wrong;
  for (size_t i = 0; i < listing.files.size() && wrong.problems.size() < mostProblems; ++i) {
    const File &file = listing.files[i];
    auto image = readPixels(file.path, layout);
    if (!image) {
      auto *input = std::get_if<InputError>(&image.error());
      if (!input)
        return tl::unexpected<Error>(std::move(image).error());
      wrong.problems.insert(wrong.problems.end(), input->problems.begin(), input->problems.end());
      continue;
    }
    if (image->width != layout.width || image->height != layout.height)
      image = formats::resize(*image, static_cast<int>(layout.width),
                              static_cast<int>(layout.height), formats::Resample::bilinear);
    place(*image, layout, images.as<uint8_t>().data() + i * bytes);
    labels.as<int32_t>()[i] = file.label;
  }
  if (!wrong.problems.empty())
    return tl::unexpected<Error>(std::move(wrong));
  Dataset data;
  data.inputs = {{folder, "images", std::move(images)}};
  data.targets = {{folder, "classes", std::move(labels)}};
  data.classes = listing.classes;
  return data;
}

Expected<Source> readSplits(const std::string &folder, const Shape &inputShape) {
  Layout layout = HORNET_TRY(layoutOf(folder, inputShape));
  std::string train = folder;
  std::optional<std::string> test;
  if (fs::path inside = fs::path(folder) / "train"; fs::is_directory(inside)) {
    train = inside.string();
    for (const char *name : {"test", "validation"})
      if (fs::path path = fs::path(folder) / name; !test && fs::is_directory(path))
        test = path.string();
  }
  Listing listing = HORNET_TRY(listClasses(train));
  HORNET_TRY(close(layout, listing.files.front().path));
  Source source;
  source.train = HORNET_TRY(readImages(train, listing, layout));
  if (!test)
    return source;
  Listing tests = HORNET_TRY(listClasses(*test));
  if (tests.classes != listing.classes)
    return inputError(
        {.file = *test,
         .reason = fmt::format("has the classes {}, but {} has {}", fmt::join(tests.classes, ", "),
                               train, fmt::join(listing.classes, ", ")),
         .mend = "give both the same folders"});
  source.test = HORNET_TRY(readImages(*test, tests, layout));
  return source;
}

} // namespace

Expected<Source> readImageFolder(const std::string &folder, const Shape &inputShape) try {
  return readSplits(folder, inputShape);
} catch (const std::bad_alloc &) {
  return machineError("out of memory while reading the images in " + folder);
} catch (const fs::filesystem_error &error) {
  return inputError({.file = folder, .reason = error.code().message()});
}

} // namespace hornet::training
