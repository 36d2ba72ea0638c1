// The Keras script for MNIST, in C++: the same lines in the same order.

#include "training/TrainableModel.h"

#include <cstdio>
#include <cstdlib>

using namespace hornet;
using namespace hornet::keras;
using namespace hornet::keras::layers;
using namespace hornet::keras::optimizers;
using namespace hornet::training;

/// The value, or the end of the program with what is wrong.
template <class T> static T check(Expected<T> result) {
  if (!result) {
    std::fprintf(stderr, "error: %s\n", toString(result.error()).c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>)
    return std::move(*result);
}

int main(int argc, char **argv) {
  const int64_t batchSize = 128, epochs = argc > 1 ? std::atoi(argv[1]) : 12;

  // Bytes become float32 / 255, and labels one-hot rows, when batches are made.
  Source mnist = check(readSource("mnist", {28, 28, 1}));

  Sequential model;
  model.add(Input({28, 28, 1}));
  model.add(Conv2D(32, {3, 3}, {.activation = "relu"}));
  model.add(Conv2D(64, {3, 3}, {.activation = "relu"}));
  model.add(MaxPooling2D({2, 2}));
  model.add(Dropout(0.25));
  model.add(Flatten());
  model.add(Dense(128, {.activation = "relu"}));
  model.add(Dropout(0.5));
  model.add(Dense(10, {.activation = "softmax"}));

  TrainableModel compiled = check(TrainableModel::compile(
      model,
      {.loss = "categorical_crossentropy", .optimizer = Adadelta(), .metrics = {"accuracy"}}));

  FitArguments fit;
  fit.batchSize = batchSize;
  fit.epochs = epochs;
  fit.validationData = &*mnist.test;
  fit.display = displayOn(stdout);
  check(compiled.fit(mnist.train, fit));

  for (const auto &[name, value] : check(compiled.evaluate(*mnist.test)))
    std::printf("Test %s: %g\n", name.c_str(), value);
  check(compiled.saveWeights("mnist_weights.h5"));
}
