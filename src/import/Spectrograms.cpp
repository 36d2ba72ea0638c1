// Sounds as spectra over time: frames of the signal times the waves of a Fourier transform, which
// is a convolution.

#include "graph/Arithmetic.h"
#include "import/Importers.h"

#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

using namespace mlir;

namespace hornet::import {

using graph::Term;

/// Frames of x (N, T, C) by the filter (length, 1, waves), for each channel: (N, T', C, waves).
static Value frames(LayerImport &layer, Value x, Value filter, int64_t step, int64_t low,
                    int64_t high) {
  int64_t channels = toShape(x).back(), waves = toShape(filter).back();
  Value each = layer.create<graph::ConcatenateOp>(
      ValueRange(SmallVector<Value>(static_cast<size_t>(channels), filter)), int64_t{2});
  Config::Integers ones = {1};
  Value y =
      layer.create<graph::ConvolutionOp>(x, each, Config::Integers{step}, Config::Integers{low},
                                         Config::Integers{high}, ones, channels);
  return y ? layer.reshape(y, {ShapedType::kDynamic, toShape(y)[1], channels, waves}) : Value();
}

//===----------------------------------------------------------------------===//
// STFTSpectrogram
//===----------------------------------------------------------------------===//

namespace {
struct Stft {
  std::string mode;
  int64_t length, step, waves;
  int64_t low = 0, high = 0; ///< padding
  bool channelsFirst, expand;
};
} // namespace

static Stft readStft(LayerImport &layer) {
  static constexpr std::string_view modes[] = {"log",  "magnitude", "psd", "real",
                                               "imag", "angle",     "stft"};
  Stft stft;
  stft.mode = layer.word("mode", modes);
  // What the kernels were made of, which are weights.
  for (std::string_view made : {"window", "periodic", "scaling"})
    (void)layer.find(made);
  stft.length = layer.positive("frame_length", 256);
  stft.step = layer.positive("frame_step", std::max<int64_t>(stft.length / 2, 1));
  auto power = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(stft.length)));
  int64_t transform = layer.positive("fft_length", power);
  if (stft.step > stft.length)
    layer.problem("frame_step", fmt::format("frame_step ({}) is above frame_length ({})", stft.step,
                                            stft.length));
  if (transform < stft.length)
    layer.problem("fft_length", fmt::format("fft_length ({}) is below frame_length ({})", transform,
                                            stft.length));
  stft.waves = transform / 2 + 1;
  stft.channelsFirst = layer.channelsFirst();
  stft.expand = layer.flag("expand_dims", false);
  return stft;
}

/// Padding as TensorFlow's convolutions have it. Reports a signal shorter than a frame.
static void pad(LayerImport &layer, Stft &stft, int64_t time) {
  static constexpr std::string_view paddings[] = {"valid", "same"};
  if (layer.word("padding", paddings) == "same") {
    int64_t count = (time + stft.step - 1) / stft.step;
    int64_t total = std::max<int64_t>((count - 1) * stft.step + stft.length - time, 0);
    stft.low = total / 2;
    stft.high = total - stft.low;
  } else if (time < stft.length) {
    layer.problem("frame_length",
                  fmt::format("frame_length is {}, the signal has {} samples", stft.length, time),
                  "make it shorter, or set padding to 'same'");
  }
}

/// (N, T', C, waves) in the order of the layer's result.
static Value arrange(LayerImport &layer, const Stft &stft, Value y) {
  if (!y)
    return {};
  Shape shape = toShape(y);
  if (stft.expand)
    return layer.transpose(y, stft.channelsFirst ? ArrayRef<int64_t>{0, 2, 1, 3}
                                                 : ArrayRef<int64_t>{0, 1, 3, 2});
  Value flat = layer.reshape(y, {ShapedType::kDynamic, shape[1], shape[2] * shape[3]});
  return stft.channelsFirst ? layer.channelsToSecond(flat) : flat;
}

/// What the mode makes of real and imaginary part.
static Value combine(LayerImport &layer, const Stft &stft, Value real, Value imaginary) {
  if (stft.mode == "real" || stft.mode == "imag")
    return stft.mode == "real" ? real : imaginary;
  if (stft.mode == "stft")
    return layer.create<graph::ConcatenateOp>(ValueRange({real, imaginary}), int64_t{3});
  if (stft.mode == "angle")
    return layer.create<graph::Atan2Op>(imaginary, real);
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term power = square(Term{&builder, real}) + square(Term{&builder, imaginary});
  if (stft.mode == "psd") {
    // All waves but the first and the last stand for two.
    SmallVector<float> weights(stft.waves, 2.0f);
    weights.front() = weights.back() = 1.0f;
    return (power * Term{&builder, layer.vector(weights)}).value;
  }
  Term magnitude = sqrt(max(power, graph::fuzz));
  return (stft.mode == "log" ? log(max(magnitude, graph::fuzz)) : magnitude).value;
}

/// https://keras.io/api/layers/preprocessing_layers/audio/stft_spectrogram/
void importStftSpectrogram(LayerImport &layer) {
  Stft stft = readStft(layer);
  Value x = layer.input();
  if (!layer.ready() || !layer.hasRank(x, 3, "batch, samples, channels"))
    return;
  if (stft.channelsFirst)
    x = layer.channelsToLast(x);
  pad(layer, stft, toShape(x)[1]);
  if (!layer.ready() || !layer.fits({stft.length, stft.waves}))
    return;
  auto part = [&](std::string_view kernel, std::string_view without) {
    if (stft.mode == without)
      return Value();
    Value filter = layer.parameter(kernel, {stft.length, 1, stft.waves});
    return frames(layer, x, filter, stft.step, stft.low, stft.high);
  };
  Value real = part("real_kernel", "imag"), imaginary = part("imag_kernel", "real");
  if (!layer.failed())
    layer.result(arrange(layer, stft, combine(layer, stft, real, imaginary)));
}

//===----------------------------------------------------------------------===//
// MelSpectrogram
//===----------------------------------------------------------------------===//

namespace {
struct Mel {
  int64_t transform, step, length, bins;
  double rate, lowest, highest, exponent, topDecibels, leastPower, referencePower;
  bool decibels;
  SmallVector<float> window; ///< of `transform` values
};
} // namespace

/// A cosine of one period over the window, as tf.signal has it: the period of an odd length is one
/// less.
static void fillWindow(SmallVectorImpl<float> &window, int64_t length, double a, double b) {
  double period = static_cast<double>(length % 2 ? length - 1 : length);
  for (int64_t i = 0; i < length; ++i)
    window.push_back(length == 1
                         ? 1.0f
                         : static_cast<float>(a - b * std::cos(2 * std::numbers::pi *
                                                               static_cast<double>(i) / period)));
}

static void readMelWindow(LayerImport &layer, Mel &mel) {
  const Json *window = layer.find("window");
  const Json &config = layer.layer().config;
  bool none = !window && config.is_object() && config.contains("window");
  std::string name = !window ? "hann" : window->is_string() ? window->get<std::string>() : "";
  if (none)
    return mel.window.assign(static_cast<size_t>(mel.transform), 1.0f);
  if (window && window->is_array() &&
      llvm::all_of(*window, [](auto &v) { return v.is_number(); }) &&
      static_cast<int64_t>(window->size()) == mel.length)
    for (const Json &value : *window)
      mel.window.push_back(value.get<float>());
  else if (name == "hann" || name == "hamming")
    fillWindow(mel.window, mel.length, name == "hann" ? 0.5 : 0.54, name == "hann" ? 0.5 : 0.46);
  else
    return layer.problem("window",
                         fmt::format("window is {}, it must be 'hann', 'hamming', None or {} "
                                     "numbers",
                                     describe(*window), mel.length));
  int64_t before = (mel.transform - mel.length) / 2;
  mel.window.insert(mel.window.begin(), static_cast<size_t>(before), 0.0f);
  mel.window.resize(static_cast<size_t>(mel.transform), 0.0f);
}

static Mel readMel(LayerImport &layer) {
  Mel mel;
  mel.transform = layer.positive("fft_length", 2048);
  mel.step = layer.positive("sequence_stride", 512);
  mel.length = layer.positive("sequence_length", mel.transform);
  mel.bins = layer.positive("num_mel_bins", 128);
  mel.rate = layer.number("sampling_rate", 16000);
  mel.lowest = layer.number("min_freq", 20.0);
  mel.highest = layer.number("max_freq", std::floor(mel.rate / 2));
  mel.decibels = layer.flag("power_to_db", true);
  mel.topDecibels = layer.number("top_db", 80.0);
  mel.exponent = layer.number("mag_exp", 2.0);
  mel.leastPower = layer.number("min_power", 1e-10);
  mel.referencePower = layer.number("ref_power", 1.0);
  constexpr int64_t longest = 1 << 14; // a matrix of its square
  if (mel.transform > longest || mel.length > mel.transform)
    layer.problem("fft_length", fmt::format("fft_length ({}) must be from sequence_length ({}) to "
                                            "{}",
                                            mel.transform, mel.length, longest));
  else
    readMelWindow(layer, mel);
  return mel;
}

/// What each wave counts in each bin, (waves, bins): triangles on the scale of HTK, in float32 as
/// Keras computes them.
static Value melMatrix(LayerImport &layer, const Mel &mel) {
  int64_t waves = mel.transform / 2 + 1;
  auto melOf = [](float hertz) { return 1127.0f * std::log(1.0f + hertz / 700.0f); };
  auto spaced = [](float from, float to, int64_t count, int64_t i) {
    return i == count - 1
               ? to
               : from + (to - from) / static_cast<float>(count - 1) * static_cast<float>(i);
  };
  float low = melOf(static_cast<float>(mel.lowest)), high = melOf(static_cast<float>(mel.highest));
  auto edge = [&](int64_t i) { return spaced(low, high, mel.bins + 2, i); };
  SmallVector<float> matrix(static_cast<size_t>(waves * mel.bins));
  for (int64_t wave = 1; wave < waves; ++wave) {
    float at = melOf(spaced(0.0f, static_cast<float>(mel.rate) / 2.0f, waves, wave));
    for (int64_t bin = 0; bin < mel.bins; ++bin) {
      float up = (at - edge(bin)) / (edge(bin + 1) - edge(bin));
      float down = (edge(bin + 2) - at) / (edge(bin + 2) - edge(bin + 1));
      matrix[wave * mel.bins + bin] = std::max(0.0f, std::min(up, down));
    }
  }
  auto type = RankedTensorType::get({waves, mel.bins}, layer.builder().getF32Type());
  return graph::ConstantOp::create(layer.builder(), layer.location(),
                                   DenseElementsAttr::get(type, ArrayRef<float>(matrix)));
}

/// The windowed waves of the transform, (length, 1, cosines and sines): computed once, before the
/// first call, from the numbers of sample and wave.
static Term waveMatrix(LayerImport &layer, ImplicitLocOpBuilder &builder, const Mel &mel) {
  int64_t waves = mel.transform / 2 + 1;
  auto count = [&](int64_t n) {
    SmallVector<float> numbers;
    for (int64_t i = 0; i < n; ++i)
      numbers.push_back(static_cast<float>(i));
    return Term{&builder, layer.vector(numbers)};
  };
  Term product = reshape(count(mel.transform), {mel.transform, 1, 1}) * count(waves);
  auto period = static_cast<double>(mel.transform);
  // Exact: whole numbers below 2^24 but for the longest transforms. From -1/2 to 1/2 of a turn.
  Term turns = graph::apply<graph::FloorOp>(product / period + 0.5);
  Term angle = (product - turns * period) * (2 * std::numbers::pi / period);
  Term both{&builder, graph::ConcatenateOp::create(
                          builder, ValueRange({cos(angle).value, sin(angle).value}), int64_t{2})};
  return both * reshape(Term{&builder, layer.vector(mel.window)}, {mel.transform, 1, 1});
}

/// x (N, T) with `border` samples before and behind, as in a mirror at its ends: (N, T', 1).
static Value reflect(LayerImport &layer, Value x, int64_t border) {
  int64_t time = toShape(x)[1];
  SmallVector<float> places;
  for (int64_t i = -border; i < time + border; ++i)
    places.push_back(static_cast<float>(i < 0 ? -i : i >= time ? 2 * (time - 1) - i : i));
  Value padded = layer.create<graph::GatherOp>(x, layer.vector(places), 1, 0);
  return padded ? layer.reshape(padded, {ShapedType::kDynamic, time + 2 * border, 1}) : Value();
}

/// Power as decibels, none further below the loudest of the batch than `topDecibels`.
static Term decibels(const Mel &mel, Term power) {
  double reference = std::max(std::abs(mel.referencePower), mel.leastPower);
  Term level =
      log(max(power, mel.leastPower)) * (10 / std::numbers::ln10) - 10 * std::log10(reference);
  Term loudest = graph::reduceKeeping<graph::ReduceMaxOp>(level, {0, 1, 2});
  return max(level, loudest - mel.topDecibels);
}

/// https://keras.io/api/layers/preprocessing_layers/audio/mel_spectrogram/
void importMelSpectrogram(LayerImport &layer) {
  Mel mel = readMel(layer);
  Value x = layer.input();
  if (!layer.ready() || !layer.hasRank(x, 2, "batch, samples"))
    return;
  int64_t border = mel.transform / 2, waves = border + 1, time = toShape(x)[1];
  if (time <= border)
    return layer.problem("fft_length",
                         fmt::format("half of fft_length ({}) must be below the number of samples "
                                     "({}), which is continued as in a mirror",
                                     mel.transform, time),
                         "give longer signals, or make fft_length smaller");
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Value matrix = waveMatrix(layer, builder, mel).value;
  Value parts = frames(layer, reflect(layer, x, border), matrix, mel.step, 0, 0);
  if (!parts)
    return;
  int64_t steps = toShape(parts)[1];
  // (N, T', 1, cosines and sines) to (N, T', 2, waves).
  Term squares = square(reshape(Term{&builder, parts}, {ShapedType::kDynamic, steps, 2, waves}));
  Term power{&builder, graph::ReduceSumOp::create(builder, squares.value, int64_t{2})};
  if (mel.exponent != 2)
    power = mel.exponent == 1 ? sqrt(power) : pow(sqrt(power), mel.exponent);
  Value bins = layer.create<graph::MatmulOp>(power.value, melMatrix(layer, mel));
  if (!bins)
    return;
  Term level{&builder, bins};
  layer.result(layer.transpose(mel.decibels ? decibels(mel, level).value : bins, {0, 2, 1}));
}

} // namespace hornet::import
