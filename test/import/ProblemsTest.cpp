#include "import/Import.h"

#include "formats/Json.h"
#include "graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <gmock/gmock.h>

using namespace hornet;
using import::ImportedModel;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Shapes = std::vector<std::pair<std::string, Shape>>;

namespace {

/// A Sequential of Keras 3: `layers` are the members of its list, JSON.
keras::Model sequential(const std::string &layers) {
  auto json = formats::parseJson(R"({"class_name": "Sequential", "config": {"name": "model",
    "layers": [)" + layers + "]}}",
                                 "model.json");
  EXPECT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  EXPECT_TRUE(model) << toString(model.error());
  return *model;
}

std::string input(const std::string &shape) {
  return R"({"class_name": "InputLayer", "config": {"name": "image", "batch_shape": )" + shape +
         "}},";
}

std::string layer(const std::string &className, const std::string &config) {
  return R"({"class_name": ")" + className + R"(", "config": {"name": "it", "trainable": true)" +
         (config.empty() ? "" : ", " + config) + "}}";
}

/// The problems, one a line; empty when the model is imported.
std::string problemsOf(const keras::Model &model, const Shapes &shapes = {}) {
  mlir::MLIRContext context;
  auto imported = import::importModel(context, model, {shapes});
  if (imported)
    return "";
  EXPECT_TRUE(std::holds_alternative<InputError>(imported.error()));
  return toString(imported.error());
}

Shape inputShape(const keras::Model &model, const Shapes &shapes = {}) {
  mlir::MLIRContext context;
  auto imported = import::importModel(context, model, {shapes});
  EXPECT_TRUE(imported) << toString(imported.error());
  return imported ? imported->inputs.at(0).shape : Shape();
}

//===----------------------------------------------------------------------===//
// The well-known trap
//===----------------------------------------------------------------------===//

const std::string conv = R"({"class_name": "Conv2D", "config": {"name": "conv2d_1", "filters": 2,
  "kernel_size": [3, 3], "batch_input_shape": [null, 28, 28, 1]}})";
const std::string open = input("[null, null, null, 3]") + layer("GlobalMaxPooling2D", "");

TEST(Trap, AWrongNameIsOneErrorThatListsTheInputsAndSuggestsOne) {
  std::string problems = problemsOf(sequential(conv), {{"input_1", {1, 28, 28, 1}}});
  EXPECT_THAT(problems, AllOf(HasSubstr("no input 'input_1'"),
                              HasSubstr("'conv2d_1_input' (None, 28, 28, 1)"),
                              HasSubstr("did you mean 'conv2d_1_input'?")));
  EXPECT_EQ(problems.find('\n'), std::string::npos);
  EXPECT_EQ(problemsOf(sequential(open), {{"imag", {1, 8, 8, 3}}}).find('\n'), std::string::npos);
}

TEST(Trap, ModelsWithoutInputLayerTakeTheirShapeFromTheFirstLayer) {
  EXPECT_EQ(inputShape(sequential(conv)), (Shape{-1, 28, 28, 1}));
}

TEST(Trap, ChannelsFirstShapesOfAChannelsLastModelAreRecognized) {
  std::string last = "has its channels first, the model has them last";
  EXPECT_THAT(problemsOf(sequential(conv), {{"conv2d_1_input", {1, 1, 28, 28}}}),
              AllOf(HasSubstr(last), HasSubstr("--shape conv2d_1_input=1,28,28,1")));
  EXPECT_THAT(problemsOf(sequential(open), {{"image", {1, 3, 32, 40}}}),
              AllOf(HasSubstr(last), HasSubstr("--shape image=1,32,40,3")));
}

TEST(Trap, ChannelsLastShapesOfAChannelsFirstModelAreRecognized) {
  keras::Model model = sequential(input("[null, 3, 8, 9]") + layer("Flatten", ""));
  EXPECT_THAT(problemsOf(model, {{"image", {1, 8, 9, 3}}}),
              HasSubstr("has its channels last, the model has them first"));
}

TEST(Trap, ShapesThatContradictTheModelAreRefused) {
  keras::Model model = sequential(conv);
  EXPECT_THAT(problemsOf(model, {{"conv2d_1_input", {1, 32, 32, 1}}}),
              HasSubstr("(1, 32, 32, 1) was given, the input takes (None, 28, 28, 1)"));
  EXPECT_THAT(problemsOf(model, {{"conv2d_1_input", {28, 28, 1}}}),
              HasSubstr("the batch is missing"));
  EXPECT_THAT(problemsOf(model, {{"conv2d_1_input", {1, 784}}}), HasSubstr("4 dimensions, not 2"));
  EXPECT_THAT(problemsOf(model, {{"conv2d_1_input", {1, 0, 28, 1}}}), HasSubstr("not positive"));
}

TEST(Trap, OpenDimensionsAreAskedFor) {
  EXPECT_THAT(problemsOf(sequential(open)),
              AllOf(HasSubstr("'it' (GlobalMaxPooling2D)"), HasSubstr("--shape image=1,H,W,3")));
  EXPECT_EQ(inputShape(sequential(open), {{"image", {7, 8, 9, -1}}}), (Shape{-1, 8, 9, 3}));
  EXPECT_THAT(problemsOf(sequential(layer("Dense", R"("units": 2)"))),
              HasSubstr("does not say which shape"));
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

TEST(Problems, OfAllLayersAreReportedAtOnce) {
  std::string problems = problemsOf(sequential(
      input("[null, 8, 8, 3]") +
      R"({"class_name": "Conv2D", "config": {"name": "a", "filters": 0, "strides": [1, 2, 3]}},
         {"class_name": "Densee", "config": {"name": "b", "trainable": true}},
         {"class_name": "Dense", "config": {"name": "c", "units": 3, "activation": "sofmax",
                                            "use_bias": "yes"}})"));
  EXPECT_THAT(problems,
              AllOf(HasSubstr("'a' (Conv2D), 'filters': filters must be a positive integer, got 0"),
                    HasSubstr("'kernel_size': kernel_size is missing"),
                    HasSubstr("'strides': strides must have 2 entries, got [1,2,3]"),
                    HasSubstr("no layer class 'Densee'; did you mean 'Dense'?"),
                    HasSubstr("no activation 'sofmax'; did you mean 'softmax'?"),
                    HasSubstr("use_bias must be true or false, got the string 'yes'")));
}

struct Mistake {
  const char *shape, *className, *config, *message;
};

class OneMistake : public testing::TestWithParam<Mistake> {};

TEST_P(OneMistake, IsNamed) {
  const Mistake &mistake = GetParam();
  EXPECT_THAT(
      problemsOf(sequential(input(mistake.shape) + layer(mistake.className, mistake.config))),
      HasSubstr(mistake.message));
}

constexpr const char *image = "[null, 8, 8, 3]", *row = "[null, 6]", *sequence = "[null, 5, 6]";
const Mistake mistakes[] = {
    {"[null]", "Dense", R"("units": 2)", "needs an input of 2 or more dimensions, got (None,)"},
    {row, "Dense", R"("units": 2, "dtype": "flaot32")", "no dtype 'flaot32'"},
    {row, "Dense", R"("units": 1e400)", "units does not fit an integer"},
    {row, "Dense",
     R"("units": 2, "activation": {"class_name": "LeakyReLU", "config": {"alpha": "x"}})",
     "alpha must be a number, got the string 'x'"},
    {row, "Conv2D", R"("filters": 2, "kernel_size": 3)",
     "needs an input of 4 dimensions (batch, height, width, channels), got (None, 6)"},
    {image, "Conv2D", R"("filters": 4, "kernel_size": 3, "groups": 2)",
     "groups (2) does not divide the input's 3 channels"},
    {"[null, 1048576, 1048576, 1]", "Conv2D", R"("filters": 1000000, "kernel_size": 1)",
     "more than 68719476736 elements"},
    {image, "MaxPooling2D", R"("padding": "smae")", "did you mean 'same'?"},
    {image, "BatchNormalization", R"("axis": 4)", "axis 4 is out of range for rank 4"},
    {image, "BatchNormalization", R"("axis": 0)", "axis 0 is the batch"},
    {image, "BatchNormalization", R"("epsilon": -1)", "epsilon must not be negative"},
    {image, "BatchNormalization", R"("mode": 2)", "normalizes each batch by its own statistics"},
    {row, "Merge", R"("mode": "f", "mode_type": "lambda")", "it is not executed"},
    {row, "Merge", R"("mode": "cos")", "mode 'cos' takes two inputs, got 1"},
    {row, "MaxoutDense", "", "output_dim is missing"},
    {image, "Highway", "", "needs an input of 2 dimensions (batch, channels)"},
    {row, "Dropout", R"("rate": 1.5)", "rate must be between 0 and 1, got 1.5"},
    {row, "Dropout", R"("rate": 0.5, "noise_shape": [null, 2])", "[null,2] does not fit the input"},
    {row, "Dropout", R"("rate": 0.5, "noise_shape": [null, 1, 1])", "for each of its dimensions"},
    {row, "AlphaDropout", R"("rate": 0.5, "noise_shape": [32, 1])", "[32,1] does not fit"},
    {row, "Dropout", R"("rate": 0.5, "noise_shape": 1)", "1 does not fit the input"},
    {row, "GaussianDropout", R"("rate": -0.5)", "rate must be between 0 and 1, got -0.5"},
    {row, "AlphaDropout", R"("rate": 2)", "rate must be between 0 and 1, got 2"},
    {row, "GaussianNoise", R"("stddev": -1)", "stddev must not be negative, got -1"},
    {row, "Rescaling", R"("scale": [1, 2])", "a list of 6 numbers, got [1,2]"},
    {row, "Permute", R"("dims": [2, 1])", "needs an input of 3 dimensions"},
    {row, "Reshape", R"("target_shape": [0, -1])", "must be positive integers or -1, got 0"},
    {row, "Softmax", R"("axis": 5)", "5"},
    {image, "ZeroPadding2D", R"("padding": [[1, 2], [3]])", "or 2 numbers or pairs"},
    {image, "Cropping2D", R"("cropping": 4)", "cropping leaves nothing of (None, 8, 8, 3)"},
    {row, "LSTM", R"("units": 2)", "needs an input of 3 or more dimensions (batch, time, …)"},
    {image, "TimeDistributed",
     R"("layer": {"class_name": "LSTM", "config": {"name": "l", "units": 2, "stateful": true}})",
     "a layer that keeps a state itself"},
    {image, "LocallyConnected2D", R"("filters": 2, "kernel_size": 2, "padding": "same")",
     "implementation 1 has no padding 'same'"},
    {image, "LocallyConnected2D", R"("filters": 2, "kernel_size": 2, "implementation": 4)",
     "implementation is 4"},
    {image, "SpectralNormalization",
     R"("layer": {"class_name": "Flatten", "config": {"name": "f"}})",
     "a layer of class 'Flatten' does not have"},
    {image, "AutoContrast", R"("value_range": [1, 1])", "must be two different numbers"},
    {image, "ContrastLimitedAdaptiveHistogramEqualization", R"("tile_grid_size": [99, 1])",
     "99 x 1 tiles do not fit into images of"},
    {row, "LSTMCell", R"("units": 2)", "needs 2 states of shape (None, 2), got fewer"},
    {sequence, "GRU", R"("units": 2, "time_major": true)", "time_major is not supported"},
    {sequence, "RNN", R"("cell": {"class_name": "X", "config": {"name": "c"}})",
     "the cell 'X' is not supported"},
    {sequence, "Bidirectional",
     R"("layer": {"class_name": "Dense", "config": {"name": "d", "units": 2}})",
     "a layer of class 'Dense' does not have"},
    {sequence, "Bidirectional", "", "the layer that it wraps is missing"},
    {sequence, "TimeDistributed", "", "the layer that it wraps is missing"},
    {row, "TimeDistributed", "", "needs an input of 3 or more dimensions (batch, time, …)"},
    {row, "StringLookup", "", "the vocabulary is missing from the config and from the archive"},
    {row, "StringLookup", R"("vocabulary": ["a", "b"])", "takes strings, got numbers"},
    {row, "StringLookup", R"("vocabulary": "/etc/passwd")", "a file outside of the model"},
    {row, "StringLookup", R"("vocabulary": [])", "the vocabulary is empty"},
    {row, "StringLookup", R"("vocabulary": ["a", 1])", "1 in the vocabulary is no string"},
    {row, "StringLookup", R"("vocabulary": ["a\u0000"])", "is no string"},
    {row, "StringLookup", R"("vocabulary": ["a", "b", "a"])", "the token \"a\" is there twice"},
    {row, "StringLookup", R"("vocabulary": ["a", "m"], "mask_token": "m")",
     "the mask_token \"m\" is among the tokens"},
    {row, "StringLookup", R"("vocabulary": ["a", "[UNK]"], "invert": true)",
     "the oov_token \"[UNK]\" is among the tokens"},
    {row, "StringLookup", R"("vocabulary": ["a"], "invert": true, "oov_token": null)",
     "invert needs an oov_token"},
    {row, "StringLookup", R"("vocabulary": ["a"], "invert": true, "output_mode": "count")",
     "output_mode must be 'int' when invert is set"},
    {row, "StringLookup", R"("vocabulary": ["a", "b"], "max_tokens": 2)",
     "the vocabulary has 3 tokens with the special ones, max_tokens is 2"},
    {row, "StringLookup", R"("vocabulary": ["a"], "encoding": "utf-16")", "encoding is 'utf-16'"},
    {row, "StringLookup", R"("vocabulary": ["a"], "flavor": 3)", "the attribute flavor is not"},
    {row, "IntegerLookup", R"("vocabulary": [1, 2.5])", "2.5 in the vocabulary is no integer"},
    {row, "IntegerLookup", R"("vocabulary": [1], "num_oov_indices": -1)", "that is not negative"},
    {row, "IntegerLookup", R"("vocabulary": [1], "mask_token": "x")", "mask_token must be an int"},
    {row, "IntegerLookup",
     R"("vocabulary": [1], "pad_to_max_tokens": true, "output_mode": "count")",
     "pad_to_max_tokens needs max_tokens"},
    {row, "IntegerLookup", R"("vocabulary": [1, 2], "output_mode": "tf_idf", "idf_weights": [1])",
     "needs idf_weights, a list of 2 numbers"},
    {row, "IntegerLookup", R"("vocabulary": [1, 2], "idf_weights": [1, 2])",
     "only output_mode 'tf_idf' has idf_weights"},
    {row, "IntegerLookup", R"("vocabulary": [1], "sparse": true, "output_mode": "count")",
     "sparse tensors are not supported"},
    {row, "IntegerLookup", R"("vocabulary": [1], "output_mode": "count", "vocabulary_size": 9)",
     "vocabulary_size is 9, the vocabulary has 2"},
    {row, "IntegerLookup", R"("vocabulary": [1], "salt": 3)", "a salt needs oov_method 'farmhash'"},
    {"[null]", "IntegerLookup", R"("vocabulary": [1], "output_mode": "multi_hot")",
     "needs an input of 2 dimensions (batch, tokens), got (None,)"},
    {row, "TextVectorization", R"("vocabulary": ["a"])", "takes strings, got numbers"},
    {row, "TextVectorization", R"("vocabulary": ["a"], "standardize": {"class_name": "function"})",
     "standardize is a Python function: it is not executed"},
    {row, "TextVectorization", R"("vocabulary": ["a"], "split": "words")", "split is 'words'"},
    {row, "TextVectorization", R"("vocabulary": ["a"], "ragged": true)", "ragged tensors are not"},
    {row, "TextVectorization", R"("vocabulary": ["a"], "ngrams": 0)", "lengths from 1 to 1000"},
    {row, "TextVectorization", R"("vocabulary": ["a"], "output_mode": "one_hot")",
     "would be a ragged tensor"},
    {row, "Hashing", R"("num_bins": 0)", "num_bins must be a positive integer"},
    {row, "Hashing", R"("num_bins": 4, "salt": "x")", "salt must be an integer or two"},
    {row, "Hashing", R"("num_bins": 4, "mask_value": "x")", "the input holds numbers"},
    {row, "HashedCrossing", R"("num_bins": 4)", "takes two inputs or more, got 1"},
    {row, "FeatureSpace", "", "keeps its layers in a form of its own"},
    {row, "STFTSpectrogram", "", "needs an input of 3 dimensions (batch, samples, channels)"},
    {"[null, 8, 1]", "STFTSpectrogram", R"("frame_length": 16)", "the signal has 8 samples"},
    {"[null, 80, 1]", "STFTSpectrogram", R"("frame_length": 16, "frame_step": 20)",
     "frame_step (20) is above frame_length (16)"},
    {"[null, 80, 1]", "STFTSpectrogram", R"("frame_length": 16, "fft_length": 8)",
     "fft_length (8) is below frame_length (16)"},
    {row, "MelSpectrogram", R"("fft_length": 16)", "must be below the number of samples (6)"},
    {row, "MelSpectrogram", R"("fft_length": 8, "window": "kaiser")",
     "window is the string 'kaiser', it must be 'hann'"},
    {row, "MelSpectrogram", R"("fft_length": 8, "sequence_length": 9)", "must be from sequence_"},
    {row, "Conv1D", R"("filters": 2, "kernel_size": 3)",
     "needs an input of 3 dimensions (batch, steps, channels), got (None, 6)"},
    {image, "Conv3D", R"("filters": 2, "kernel_size": 3, "data_format": "channels_first")",
     "(batch, channels, depth, height, width)"},
    {image, "Conv2D", R"("filters": 2, "kernel_size": 3, "padding": "causal")",
     "it must be one of 'valid', 'same'"},
    {image, "Conv2DTranspose", R"("filters": 2, "kernel_size": 3, "output_padding": 1)",
     "output_padding (1, 1) must have 2 entries, from 0 to below strides (1, 1)"},
    {image, "Conv2DTranspose", R"("filters": 2, "kernel_size": 3, "groups": 2)",
     "transposed convolutions in groups are not supported"},
    {"[null, 8, 3]", "Conv1DTranspose", R"("filters": 2, "kernel_size": 3, "padding": "causal")",
     "which a transposed convolution does not have"},
    {image, "Conv2DTranspose", R"("filters": 1000000, "kernel_size": 1, "strides": 1000)",
     "more than 68719476736 elements"},
    {image, "PReLU", R"("shared_axes": [0])", "axis 0 is the batch, which always shares"},
    {row, "RepeatVector", R"("n": 0)", "n must be a positive integer, got 0"},
    {image, "UpSampling2D", R"("interpolation": "gaussian")", "interpolation is 'gaussian'"},
    {"[null, 4, 5, 6, 2]", "UpSampling3D", R"("size": 1000000)", "more than 68719476736 elements"},
    {image, "Resizing", R"("height": 4, "width": 4, "fill_mode": "reflect")",
     "fill_mode is 'reflect', it must be one of 'constant'"},
    {image, "Resizing",
     R"("height": 4, "width": 4, "crop_to_aspect_ratio": true, "pad_to_aspect_ratio": true)",
     "crop_to_aspect_ratio is set, too"},
    {image, "LayerNormalization", R"("rms_scaling": true)", "use RMSNormalization"},
    {image, "LayerNormalization", R"("axis": [1, -3])", "axis -3 is there twice"},
    {image, "RMSNormalization", R"("epsilon": -1)", "epsilon must not be negative"},
    {image, "GroupNormalization", R"("groups": 2)", "groups (2) does not divide the 3 channels"},
    {image, "GroupNormalization", R"("groups": 0)", "groups must be a positive integer, or -1"},
    {image, "UnitNormalization", R"("axis": 0)", "axis 0 is the batch"},
    {row, "Normalization", R"("axis": -1, "mean": [1, 2])", "only one of mean and variance"},
    {row, "Normalization", R"("axis": -1, "mean": [1, 2], "variance": [1, 2])",
     "mean must have 6 numbers, has 2"},
    {row, "Dot", R"("axes": 1)", "Dot takes two inputs, got 1"},
    {row, "Dot", R"("axes": [1, 2, 3])", "axes must be an integer, or two"},
    {row, "Attention", "", "takes a list of query, value and perhaps key, got 1 tensors"},
    {row, "MultiHeadAttention", R"("num_heads": 2, "key_dim": 3)", "takes a query, a value"},
    {row, "EinsumDense", R"("equation": "abc,cd->abd", "output_shape": [3])",
     "does not fit an input"},
    {row, "EinsumDense", R"("equation": "ab,bc->a", "output_shape": [])", "is not supported"},
    {row, "EinsumDense", R"("equation": "ab,bc->ac", "output_shape": [3, 4])",
     "output_shape has 2 entries, the equation's output 1"},
    {row, "EinsumDense", R"("equation": "ab,bc->ac", "output_shape": [0])", "has 0 for 'c'"},
    {row, "EinsumDense", R"("equation": "ab,bc->ac", "output_shape": [3], "bias_axes": "a")",
     "bias_axes must be letters of the output 'ac' but its first"},
    {row, "Embedding", R"("input_dim": 4, "output_dim": 2, "input_length": 5)",
     "input_length is 5, the input (None, 6)"},
    {row, "ReversibleEmbedding", R"("input_dim": 4, "output_dim": 2, "reverse_dtype": "float16")",
     "the dtype the string 'float16' of the way back is not supported"},
    {row, "CategoryEncoding", R"("num_tokens": 4, "sparse": true)", "sparse tensors are not"},
    {row, "Discretization", R"("bin_boundaries": [2, 1])", "must be a list of increasing numbers"},
    {image, "AdaptiveMaxPooling2D", R"("output_size": 0)",
     "output_size must be a positive integer"},
};

INSTANTIATE_TEST_SUITE_P(Layers, OneMistake, testing::ValuesIn(mistakes), [](const auto &info) {
  return std::string(info.param.className) + std::to_string(info.index);
});

/// A functional model: `x` and `layer` called with what `nodes` says.
keras::Model called(const std::string &className, const std::string &node,
                    const std::string &output = "0") {
  auto json = formats::parseJson(R"({"class_name": "Functional", "config": {"name": "model",
    "layers": [{"class_name": "InputLayer", "name": "x", "config": {"name": "x",
                "batch_shape": [null, 4]}, "inbound_nodes": []},
               {"class_name": ")" + className +
                                     R"(", "name": "it", "config": {"name": "it",
                "trainable": true, "rate": 0.5}, "inbound_nodes": [)" +
                                     node + R"(]}],
    "input_layers": [["x", 0, 0]], "output_layers": [["it", 0, )" +
                                     output + R"(]]}})",
                                 "model.json");
  EXPECT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  EXPECT_TRUE(model) << toString(model.error());
  return *model;
}

const std::string x =
    R"({"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}})";

const std::string block =
    R"({"class_name": "__keras_tensor__", "config": {"keras_history": ["block", 0, 0]}})";

TEST(Problems, ArgumentsThatWouldChangeTheAnswerAreNotIgnored) {
  EXPECT_THAT(
      problemsOf(called("Dropout", R"({"args": [)" + x + R"(], "kwargs": {"training": true}})")),
      HasSubstr("training=true"));
  EXPECT_EQ(
      problemsOf(called("Dropout", R"({"args": [)" + x + R"(], "kwargs": {"training": false}})")),
      "");
  EXPECT_THAT(problemsOf(called("Softmax", R"({"args": [)" + x + R"(, {"class_name": "__numpy__",
                "config": {"value": [1.0]}}], "kwargs": {}})")),
              HasSubstr("the argument {\"class_name\":\"__numpy__\""));
}

TEST(Problems, ArgumentsThatAreNoneSayNothing) {
  // Keras 2.1 writes a list of nulls for the masks of inputs that have none.
  EXPECT_EQ(problemsOf(
                called("Softmax", R"({"args": [)" + x + R"(], "kwargs": {"mask": [null, null]}})")),
            "");
  EXPECT_EQ(problemsOf(called("Add", R"({"args": [[)" + x + ", " + x +
                                         R"(]], "kwargs": {"mask": [null, null]}})")),
            "");
  EXPECT_THAT(problemsOf(called("Add", R"({"args": [[)" + x + ", " + x +
                                           R"(]], "kwargs": {"mask": [null, 1]}})")),
              HasSubstr("the argument mask=[null,1] of its call is not supported"));
}

TEST(Problems, TensorFlowsNamesOfTypesAreTaken) {
  EXPECT_EQ(problemsOf(sequential(input(row) + layer("Dense", R"("units": 2, "dtype": "float")"))),
            "");
}

TEST(Problems, OutputsThatALayerDoesNotHave) {
  EXPECT_THAT(problemsOf(called("Softmax", R"({"args": [)" + x + R"(], "kwargs": {}})", "5")),
              HasSubstr("output 5 of 'it' does not exist: it has 1"));
}

TEST(Problems, ObjectsThatAreNoTensors) {
  EXPECT_THAT(problemsOf(called("Attention", R"({"args": [[)" + x +
                                                 R"(, {"class_name": "__keras_tensor_Z"}]]})")),
              HasSubstr("{\"class_name\":\"__keras_tensor_Z\"} in the argument inputs of its call "
                        "is no tensor"));
}

TEST(Problems, MasksThatDoNotFitTheSteps) {
  EXPECT_THAT(
      problemsOf(called("SimpleRNN", R"({"args": [)" + x + R"(], "kwargs": {"mask": )" + x + "}}")),
      HasSubstr("'mask': needs a boolean mask of (batch, steps) for the input (None, 4), "
                "got numbers of (None, 4)"));
}

struct OperationMistake {
  const char *className, *config, *arguments, *message;
};

/// An operation on `x`, a batch of 4 x 3 numbers, with `arguments` after it.
class OneOperation : public testing::TestWithParam<OperationMistake> {};

TEST_P(OneOperation, IsNamed) {
  const OperationMistake &mistake = GetParam();
  std::string text =
      R"({"class_name": "Functional", "keras_version": "3.15.1", "config": {"name": "model",
    "layers": [{"class_name": "InputLayer", "name": "x", "config": {"name": "x",
                "batch_shape": [null, 4, 3]}, "inbound_nodes": []},
               {"class_name": ")" +
      std::string(mistake.className) +
      R"(", "module": "keras.src.ops.numpy", "name": "it", "config": {"name": "it")" +
      mistake.config + R"(}, "inbound_nodes": [{"args": [)" +
      (llvm::StringRef(mistake.arguments).starts_with("[") ? "" : x) + mistake.arguments +
      R"(], "kwargs": {}}]}],
    "input_layers": [["x", 0, 0]], "output_layers": [["it", 0, 0]]}})";
  auto json = formats::parseJson(text, "model.json");
  ASSERT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_THAT(problemsOf(*model), HasSubstr(mistake.message));
}

const OperationMistake operationMistakes[] = {
    {"Add", "", "", "the argument x2 is missing"},
    {"Add", "", R"(, "one")", "x2 must be a tensor or numbers, got the string 'one'"},
    {"Add", "", ", [1.0, 2.0]", "which do not broadcast"},
    {"Add", "", ", 1, 2", "the argument 2 of its call is not supported"},
    {"Round", R"(, "decimals": "two")", "", "decimals must be a number"},
    {"Cast", R"(, "dtype": "complex64")", "", "no dtype 'complex64'"},
    {"Exp", R"(, "base": 2)", "", "the argument base=2 is not supported"},
    {"Sum", R"(, "axis": 3)", "", "axis 3 is out of range for rank 3"},
    {"Sum", R"(, "axis": [1, -2])", "", "axis names an axis twice"},
    {"Argmax", "", "", "axis is missing"},
    {"Argmax", R"(, "axis": 0)", "", "places in the batch are not supported"},
    {"Prod", "", "", "a product over the batch is not supported"},
    {"Cumsum", R"(, "axis": 0)", "", "running sums over the batch are not supported"},
    {"Norm", R"(, "axis": [1, 2], "ord": 2)", "", "the norm 2 of matrices is not supported"},
    {"Sort", R"(, "axis": 0)", "", "samples of a batch cannot be sorted"},
    {"TopK", R"(, "k": 4)", "", "the last axis of (None, 4, 3) has fewer elements"},
    {"ExpandDims", R"(, "axis": 0)", "", "a dimension before the batch is not supported"},
    {"Squeeze", R"(, "axis": 1)", "", "axis 1 of (None, 4, 3) has not an extent of 1"},
    {"Transpose", "", "", "the batch must stay the first dimension"},
    {"Transpose", R"(, "axes": [0, 1, 1])", "", "axes must name each of the 3 dimensions once"},
    {"Reshape", R"(, "newshape": [12])", "", "the batch must stay the first dimension"},
    {"Reshape", R"(, "newshape": [-1, 6])", "", "cannot be reshaped to (-1, 6)"},
    {"Flip", R"(, "axis": 0)", "", "samples of a batch cannot be turned around"},
    {"Concatenate", "", "", "axis 0 is the batch: samples cannot be joined"},
    {"GetItem", "", "", "the index is missing"},
    {"GetItem", "", ", 0", "takes samples out of the batch"},
    {"GetItem", "", R"(, [{"class_name": "__slice__", "config": {}}, 4])",
     "axis 4 is out of range"},
    {"GetItem", "", R"(, [{"class_name": "__ellipsis__"}, "a"])", "the index the string 'a'"},
    {"GetItem", "", R"(, [{"class_name": "__ellipsis__"}, 0, 0, 0, 0])", "4 indices do not fit 3"},
    {"GetItem", "",
     R"(, [{"class_name": "__slice__"}, {"class_name": "__slice__", "config": {"step": 0}}])",
     "is no slice"},
    {"GetItem", "",
     R"(, [{"class_name": "__slice__"}, {"class_name": "__slice__", "config": {"start": 9}}])",
     "takes nothing of 4 elements"},
    {"Split", R"(, "indices_or_sections": 3, "axis": 1)", "", "4 elements do not split into 3"},
    {"Split", R"(, "indices_or_sections": [3, 1], "axis": 1)", "", "do not increase from 1"},
    {"Split", R"(, "indices_or_sections": 2)", "", "the batch must stay the first dimension"},
    {"Matmul", "", ", [[1.0, 2.0]]", "(None, 4, 3) and (1, 2), which cannot be multiplied"},
    {"Matmul", "", R"(, [[[[1.0], [2.0], [3.0]]]])", "(1, 1, 3, 1), which cannot be multiplied"},
    {"Einsum", R"(, "subscripts": "bij->jib")", "", "is no product of the 1 operands"},
    {"Einsum", R"(, "subscripts": "bii->bi")", "", "none twice in one operand"},
    {"Einsum", R"(, "subscripts": "bij,jk->bik")", "", "is no product of the 1 operands"},
    {"Eigh", "", "", "the operation 'Eigh' is not supported: it factors matrices"},
    {"Cholesky", "", "", "needs square matrices of up to 1024 rows, one or more a sample, got "},
    {"Inv", "", "", "got (None, 4, 3)"},
    {"Fold", R"(, "output_size": 4, "kernel_size": 2)", "",
     "(None, 4, 3) are no windows of 2 x 2 in images of 4 x 4"},
    {"ISTFT", R"(, "sequence_length": 4, "sequence_stride": 2, "fft_length": 4)", "",
     "needs the real and the imaginary part, got 1 tensors"},
    {"ScaleAndTranslate", R"(, "spatial_dims": [1], "method": "linear")",
     ", [null, 8, 3], [0.0], [1.0]", "dimension 1 of (None, 4, 3) cannot be scaled by 0"},
    {"ScaleAndTranslate", R"(, "spatial_dims": [0], "method": "linear")",
     ", [3, 4, 3], [2.0], [1.0]", "dimension 0 of (None, 4, 3) cannot be scaled"},
    {"ScaleAndTranslate", R"(, "spatial_dims": [1], "method": "area")",
     ", [null, 8, 3], [2.0], [1.0]", "method is 'area', it must be one of"},
    {"ScaleAndTranslate", R"(, "spatial_dims": [1], "method": "cubic")",
     ", [null, 8, 3], [2.0, 2.0], [1.0]", "needs 1 numbers that are known before"},
    {"SSIM", "", "", "the argument image2 is missing"},
    {"Choleski", "", "", "the operation 'Choleski' is not supported yet"},
    {"Tile", R"(, "repeats": [2, 1, 1])", "", "samples of a batch cannot be repeated"},
    {"Tile", R"(, "repeats": [1, 1, 1, 1])", "", "4 numbers for the 3 dimensions"},
    {"Repeat", R"(, "repeats": 2)", "", "axis=None flattens the batch"},
    {"Repeat", R"(, "repeats": [1, 2], "axis": 1)", "", "(1, 2) are no counts for 4 elements"},
    {"Roll", R"(, "shift": 1, "axis": 0)", "", "samples of a batch cannot be rolled"},
    {"Pad", R"(, "pad_width": 1)", "", "samples cannot be added to a batch"},
    {"Pad", R"(, "pad_width": [[0, 0], [1, 1], [0, 0]], "mode": "median")", "",
     "the padding mode the string 'median' is not supported"},
    {"BroadcastTo", R"(, "shape": [2, 4, 3])", "", "the size of the batch is not known"},
    {"Moveaxis", R"(, "source": 0, "destination": 1)", "", "the batch must stay the first"},
    {"Moveaxis", R"(, "source": [1, 1], "destination": [1, 2])", "", "names an axis twice"},
    {"Take", "", ", [0, 1]", "axis=None flattens the batch"},
    {"Take", R"(, "axis": 0)", ", [0, 1]", "samples cannot be taken out of a batch"},
    {"OneHot", R"(, "num_classes": 3, "sparse": true)", "", "sparse tensors are not supported"},
    {"SegmentSum", "", "", "the argument segment_ids is missing"},
    {"Tril", R"(, "k": "one")", "", "must be"},
    {"Trace", "", "", "the diagonal of samples and something else is not supported"},
    {"Diff", R"(, "n": 3, "axis": -1)", "", "3 differences of 3 elements"},
    {"Quantile", R"(, "axis": 1)", ", [0.1, 0.2]",
     "several quantiles would stand before the batch"},
    {"Quantile", R"(, "axis": 1)", ", 1.5", "the quantile 1.5 is not between 0 and 1"},
    {"Quantile", R"(, "axis": 0)", ", 0.5", "samples of a batch cannot be sorted"},
    {"Conv", R"(, "padding": "valid")", ", [[1.0]]", "is no filter for (None, 4, 3)"},
    {"Conv", R"(, "padding": "valid")", ", [[[1.0], [2.0]]]", "the filter takes 2 channels"},
    {"MaxPool", R"(, "pool_size": 5)", "", "does not fit into an input"},
    {"Unfold", R"(, "kernel_size": 2)", "", "needs an input of 4 dimensions"},
    {"DotProductAttention", "", ", 1.0, 2.0", "do not fit together"},
    {"RFFT", R"(, "fft_length": 100000)", "", "transforms have 1 to 8192 points here, got 100000"},
    {"FFT", "", "", "needs the real and the imaginary part, got 1 tensors"},
    {"STFT", R"(, "sequence_length": 4, "sequence_stride": 1, "fft_length": 2)", "",
     "fft_length (2) is less than sequence_length (4)"},
    {"Meshgrid", "", "", "it makes a grid of the samples of a batch"},
    {"WhileLoop", "", "", "it calls a Python function, which a file does not hold"},
};

INSTANTIATE_TEST_SUITE_P(Operations, OneOperation, testing::ValuesIn(operationMistakes),
                         [](const auto &info) {
                           return std::string(info.param.className) + std::to_string(info.index);
                         });

//===----------------------------------------------------------------------===//
// The module and the records
//===----------------------------------------------------------------------===//

std::vector<std::string> opsOf(const ImportedModel &imported) {
  std::vector<std::string> ops;
  auto predict = imported.module.get().lookupSymbol<mlir::func::FuncOp>(graph::predictName.str());
  for (mlir::Operation &op : predict.getBody().front()) {
    auto loc = mlir::cast<mlir::NameLoc>(op.getLoc());
    ops.push_back((op.getName().getStringRef() + " " + loc.getName().getValue()).str());
  }
  return ops;
}

TEST(Module, OfTheMnistNetworkHasOneShortSequenceOfOpsThatNameTheirLayers) {
  auto model = keras::readModel("examples/01-digit/cnn.h5");
  ASSERT_TRUE(model) << toString(model.error());
  mlir::MLIRContext context;
  auto imported = import::importModel(context, *model);
  ASSERT_TRUE(imported) << toString(imported.error());
  EXPECT_THAT(
      opsOf(*imported),
      ElementsAre("graph.get_parameter conv2d_1", "graph.convolution conv2d_1",
                  "graph.get_parameter conv2d_1", "graph.add conv2d_1", "graph.relu conv2d_1",
                  "graph.get_parameter conv2d_2", "graph.convolution conv2d_2",
                  "graph.get_parameter conv2d_2", "graph.add conv2d_2", "graph.relu conv2d_2",
                  "graph.max_pool max_pooling2d_1", "graph.dropout dropout_1",
                  "graph.reshape flatten_1", "graph.get_parameter dense_1", "graph.matmul dense_1",
                  "graph.get_parameter dense_1", "graph.add dense_1", "graph.relu dense_1",
                  "graph.dropout dropout_2", "graph.get_parameter dense_2", "graph.matmul dense_2",
                  "graph.get_parameter dense_2", "graph.add dense_2", "graph.softmax dense_2",
                  "func.return sequential"));
  std::string text;
  llvm::raw_string_ostream stream(text);
  imported->module->print(stream);
  EXPECT_THAT(text,
              AllOf(HasSubstr("graph.parameter @\"conv2d_1/kernel\" : tensor<3x3x1x32xf32>"),
                    HasSubstr("%arg0: tensor<?x28x28x1xf32> {graph.name = \"conv2d_1_input\"}"),
                    HasSubstr("-> (tensor<?x10xf32> {graph.name = \"dense_2\"})")));
}

TEST(Module, NestedAndSharedLayersAreInlinedAndDeclareTheirWeightsOnce) {
  auto json = formats::parseJson(R"({"class_name": "Functional", "config": {"name": "model",
    "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [null, 4]},
       "inbound_nodes": []},
      {"class_name": "Sequential", "name": "block", "config": {"name": "block", "layers": [
        {"class_name": "InputLayer", "config": {"name": "y", "batch_shape": [null, 4]}},
        {"class_name": "Dense", "config": {"name": "dense", "units": 4, "trainable": false}}]},
       "inbound_nodes": [{"args": [)" +
                                     x + R"(], "kwargs": {}}, {"args": [)" + block +
                                     R"(], "kwargs": {}}]}],
    "input_layers": [["x", 0, 0]], "output_layers": [["block", 1, 0]]}})",
                                 "model.json");
  ASSERT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  ASSERT_TRUE(model) << toString(model.error());
  mlir::MLIRContext context;
  auto imported = import::importModel(context, *model);
  ASSERT_TRUE(imported) << toString(imported.error());
  ASSERT_EQ(imported->parameters.size(), 2u);
  EXPECT_EQ(imported->parameters[0].symbol, "block/dense/kernel");
  EXPECT_FALSE(imported->parameters[0].trainable);
  EXPECT_EQ(llvm::count(opsOf(*imported), "graph.matmul block/dense"), 2);
  const import::LayerRecord &nested = imported->layers.at(1), &dense = imported->layers.at(3);
  EXPECT_EQ(nested.calls.size(), 2u);
  EXPECT_THAT(nested.calls[1].connectedTo, ElementsAre("block[0][0]"));
  EXPECT_THAT(nested.parameters, ElementsAre(0, 1));
  EXPECT_EQ(nested.multiplyAdds, 2 * 16);
  EXPECT_THAT(dense.path, ElementsAre("block", "dense"));
  EXPECT_THAT(dense.parameters, ElementsAre(0, 1));
}

TEST(Records, CountMultiplyAddsAndParametersOfEachLayer) {
  mlir::MLIRContext context;
  auto imported = import::importModel(context, sequential(conv + "," + layer("Flatten", "")));
  ASSERT_TRUE(imported) << toString(imported.error());
  const import::LayerRecord &record = imported->layers.at(1);
  EXPECT_EQ(record.name(), "conv2d_1");
  EXPECT_EQ(record.multiplyAdds, 26 * 26 * 2 * 9);
  EXPECT_THAT(record.parameters, ElementsAre(0, 1));
  EXPECT_THAT(record.calls.at(0).connectedTo, ElementsAre("conv2d_1_input[0][0]"));
  EXPECT_EQ(record.calls.at(0).outputs.at(0), (Shape{-1, 26, 26, 2}));
  EXPECT_TRUE(imported->layers.at(0).implied);
}

} // namespace
