#include "ImageInput.h"

#include <algorithm>
#include <fmt/format.h>

namespace hornet::tool {

std::optional<ImageInput> ImageInput::of(const Shape &shape) {
  auto isChannels = [](int64_t size) { return size == 1 || size == 3; };
  if (shape.size() == 3)
    return ImageInput{shape, shape[1], shape[2], 1};
  if (shape.size() != 4)
    return std::nullopt;
  if (isChannels(shape[3]))
    return ImageInput{shape, shape[1], shape[2], static_cast<int>(shape[3])};
  if (isChannels(shape[1]))
    return ImageInput{shape, shape[2], shape[3], static_cast<int>(shape[1]), true};
  return std::nullopt;
}

Expected<ImageInput> imageInputOf(const std::string &file,
                                  const std::vector<runtime::Port> &inputs) {
  constexpr int64_t largest = 1 << 15;
  if (inputs.size() == 1)
    if (auto input = ImageInput::of(inputs[0].shape);
        input && inputs[0].dtype == DType::f32 && std::max(input->height, input->width) <= largest)
      return *input;
  std::string found;
  for (const runtime::Port &port : inputs)
    found += fmt::format("{}'{}' {}", found.empty() ? "" : ", ", port.name, toString(port.shape));
  bool text = inputs.size() == 1 && inputs[0].dtype == DType::string;
  return inputError(
      {.file = file,
       .reason = fmt::format("the model takes no image, which would be one input of shape (None, "
                             "height, width, 1 or 3); its inputs are {}",
                             found),
       .mend = text ? "give text: hornet predict MODEL --text TEXT"
                    : "give arrays: hornet run MODEL --input NAME=FILE.npy --output OUT.npz"});
}

static formats::ColorMode modeOf(const ImageInput &input) {
  return input.channels == 3 ? formats::ColorMode::rgb : formats::ColorMode::gray;
}

static Expected<formats::Image> read(const std::string &file, const ImageInput &input) {
  formats::Bytes bytes = HORNET_TRY(formats::readFile(file));
  return formats::readImage(bytes, file, modeOf(input));
}

Expected<std::optional<Shape>> shapeFromImage(const keras::Model &model, const std::string &image) {
  const keras::Layer *layer =
      model.inputs.size() == 1 ? model.find(model.inputs[0].tensor.layer) : nullptr;
  if (!layer)
    return std::nullopt;
  std::optional<Shape> shape = HORNET_TRY(keras::batchShape(model, *layer));
  auto input = shape ? ImageInput::of(*shape) : std::nullopt;
  if (!input || (input->height != unknownSize && input->width != unknownSize))
    return std::nullopt;
  formats::Image pixels = HORNET_TRY(read(image, *input));
  size_t rows = input->channelsFirst ? 2 : 1;
  for (auto [axis, size] : {std::pair(rows, pixels.height), {rows + 1, pixels.width}})
    if ((*shape)[axis] == unknownSize)
      (*shape)[axis] = size;
  return shape;
}

/// (height, width, channels) into (channels, height, width).
static void moveChannelsFirst(std::span<const float> from, std::span<float> to, size_t channels) {
  size_t pixels = from.size() / channels;
  for (size_t pixel = 0; pixel < pixels; ++pixel)
    for (size_t channel = 0; channel < channels; ++channel)
      to[channel * pixels + pixel] = from[pixel * channels + channel];
}

Expected<Tensor> prepareImages(const ImageOptions &options, const ImageInput &input) {
  Shape shape = input.shape;
  shape[0] = static_cast<int64_t>(options.files.size());
  Tensor batch(DType::f32, shape);
  size_t sample = input.height * input.width * input.channels;
  InputError wrong;
  for (size_t i = 0; i < options.files.size(); ++i) {
    Expected<formats::Image> image = read(options.files[i], input);
    if (!image) {
      auto *error = std::get_if<InputError>(&image.error());
      if (!error)
        return tl::unexpected<Error>(std::move(image).error());
      wrong.problems.insert(wrong.problems.end(), error->problems.begin(), error->problems.end());
      continue;
    }
    if (options.invert)
      formats::invert(*image);
    Tensor values = formats::toTensor(formats::resize(
        *image, static_cast<int>(input.width), static_cast<int>(input.height), options.resample));
    std::span<float> to = batch.as<float>().subspan(i * sample, sample);
    if (input.channelsFirst)
      moveChannelsFirst(values.as<float>(), to, input.channels);
    else
      std::ranges::copy(values.as<float>(), to.begin());
  }
  if (!wrong.problems.empty())
    return tl::unexpected<Error>(std::move(wrong));
  return batch;
}

} // namespace hornet::tool
