"""Runs every model of keras.applications through `hornet run`, and compares with Keras.

Weights are random, at small images and ten classes: statistics of batch normalizations are those of a batch, so
that activations keep their scale through hundreds of layers. The reference is Keras in float64; what Keras in
float32 is off is shown beside it. `./x test-applications` runs it and prints the table of docs/applications.md; exit code
1 when an answer is off by more than 1e-5 of the largest, and by more than four times what Keras itself is.

usage: applications.py HORNET [--only WORD…]
"""
import argparse
import os
import subprocess
import sys
import tempfile
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.filterwarnings("ignore")

import keras
import numpy as np
from absl import logging

logging.set_verbosity(logging.ERROR)
SIDE = 64
SMALLEST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}  # Keras takes no smaller images
CLASSES = 10
BATCH = 4
ALSO_H5 = ("ResNet50", "MobileNetV2", "NASNetMobile", "EfficientNetB0")


def architectures():
    return [name for name in dir(keras.applications) if name[0].isupper() and callable(getattr(keras.applications, name))]


def build(name):
    side = SMALLEST.get(name, SIDE)
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=(side, side, 3), classes=CLASSES, classifier_activation=None)


def layers_of(model):
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from layers_of(layer)


def randomize(model, images, random):
    """Gives every weight a value that shows in the output, and batch normalizations the statistics of `images`."""
    for variable in model.weights:
        shape, name = variable.shape, variable.name
        if name in ("gamma", "scale"):
            variable.assign(random.uniform(0.5, 1.5, shape))
        elif name in ("beta", "bias"):
            variable.assign(random.normal(0, 0.1, shape))
        elif name.endswith("kernel"):
            inputs = np.prod(shape[:2]) if name == "depthwise_kernel" else np.prod(shape[:-1])
            variable.assign(random.normal(0, np.sqrt(1.5 / inputs), shape))
    norms = [layer for layer in layers_of(model) if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    if norms:
        model(images, training=True)
    for norm in norms:
        norm.momentum = 0.99
        norm.moving_variance.assign(np.maximum(np.asarray(norm.moving_variance), 0.05))


def predictions(name, images, random):
    """The model, its answers in float32, and those of the same weights in float64."""
    keras.config.set_dtype_policy("float32")
    model = build(name)
    randomize(model, images, random)
    images = images[:BATCH]
    single = np.asarray(model(images, training=False))
    keras.config.set_dtype_policy("float64")
    double_model = build(name)
    double_model.set_weights([np.asarray(weight, "float64") for weight in model.weights])
    double = np.asarray(double_model(images.astype("float64"), training=False))
    keras.config.set_dtype_policy("float32")
    return model, single, double


# A process counts the memory of the one that it was copied from, which is large here: a small one starts Hornet.
MEASURE = """import resource, subprocess, sys, time
start = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(done.returncode)"""


def run(hornet, file, images, folder):
    """Hornet's answers, and the seconds and mebibytes from the file to them, when nothing is cached."""
    np.save(folder + "/images.npy", images)
    command = [hornet, "run", file, "--input", folder + "/images.npy", "--output", folder + "/out.npz", "--no-cache", "--no-tuning"]
    process = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, text=True)
    if process.returncode:
        raise RuntimeError(process.stderr.strip()[:500])
    seconds, mebibytes = map(float, process.stdout.split())
    with np.load(folder + "/out.npz") as arrays:
        return arrays[arrays.files[0]], seconds, mebibytes


def check(hornet, name, folder):
    """One row of the table, and whether it is right."""
    keras.backend.clear_session()
    random = np.random.default_rng(sum(map(ord, name)))
    side = SMALLEST.get(name, SIDE)
    images = random.uniform(0, 255, (16, side, side, 3)).astype("float32")  # so many for the statistics
    if not name.startswith(("ConvNeXt", "EfficientNet", "MobileNetV3")):  # these scale their images themselves
        images = images / 127.5 - 1
    model, single, double = predictions(name, images, random)
    largest = np.abs(double).max()
    keras_off = np.abs(single - double).max() / largest
    worst = took = memory = 0
    for extension in (".keras", ".h5") if name in ALSO_H5 else (".keras",):
        file = f"{folder}/{name}{extension}"
        model.save(file)
        answers, seconds, mebibytes = run(hornet, file, images[:BATCH], folder)
        os.remove(file)
        worst = max(worst, np.abs(answers - double).max() / largest)
        took, memory = max(took, seconds), max(memory, mebibytes)
    right = bool(worst <= max(1e-5, 4 * keras_off))
    forms = ".keras, .h5" if name in ALSO_H5 else ".keras"
    layers = sum(1 for _ in layers_of(model))
    row = f"| {name} | {forms} | {side} | {layers} | {model.count_params():,} | {worst:.1e} | {keras_off:.1e} | {took:.1f} | {memory:,.0f} |"
    return row, right


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hornet")
    parser.add_argument("--only", nargs="+", default=[""], help="architectures with one of these words in their names")
    options = parser.parse_args()
    wrong = 0
    print("| model | files | images | layers | parameters | Hornet is off | Keras is off | seconds | MiB |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    for name in architectures():
        if not any(word in name for word in options.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                row, right = check(options.hornet, name, folder)
            except Exception as error:  # of Keras, or what Hornet said: the others still count
                row, right = f"| {name} | {type(error).__name__}: {error} |", False
        print(row + ("" if right else " **wrong**"), flush=True)
        wrong += not right
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
