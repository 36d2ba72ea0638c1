"""Writes cases of layers/ that were added later, by Keras 3 and by Keras 2 (tf_keras).

    python generate.py [NAME ...]        # into the folder that it stands in; all cases without names

A case is one function below: it builds a model, and says what goes in. Inputs and weights are seeded."""

import json
import os
import pathlib
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_USE_LEGACY_KERAS="1")
import keras
import numpy as np
import tf_keras

HERE = pathlib.Path(__file__).parent / "layers"
CASES = {}


def case(name, package, **more):
    def add(build):
        CASES[name] = (package, build, more)

    return add


def functional(package, layer, *shapes):
    inputs = [package.Input(shape, name="x" if i == 0 else f"x{i}") for i, shape in enumerate(shapes)]
    return package.Model(inputs, layer(inputs[0] if len(inputs) == 1 else inputs))


def randomize(model, random):
    """Every weight, those that begin as zeros too; what is a variance stays positive."""
    for variable in model.weights:
        values = random.normal(0, 0.5, variable.shape).astype("float32")
        name = getattr(variable, "path", variable.name)
        variable.assign(np.abs(values) + 0.3 if "variance" in name else values)


def write(name, batch=3):
    package, build, more = CASES[name]
    package.utils.set_random_seed(1)
    random = np.random.default_rng(sum(name.encode()))
    model = build()
    randomize(model, random)
    shapes = {t.name.split(":")[0]: t.shape for t in model.inputs}
    scale, offset = more.get("inputs", (1, 0))
    io = {
        key: (random.normal(0, 1, (batch, *shape[1:])) * scale + offset).astype("float32")
        for key, shape in shapes.items()
    }
    outputs = model.predict(list(io.values()), verbose=0)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    for i, output in enumerate(package.tree.flatten(outputs) if package is keras else outputs):
        io[f"output_{i}"] = np.asarray(output)
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    np.savez(folder / "io.npz", **io)
    generation = 3 if package is keras else 2
    forms = [("model.keras", "keras3_zip"), ("model.h5", "keras3_h5")]
    if generation == 2:
        forms = [("model_keras2.h5", "keras2_h5"), ("model_keras2.keras", "keras2_zip")]
    for path, _ in forms:
        model.save(folder / path)
    version = "keras 3.15.1" if generation == 3 else "tf_keras 2.21.0"
    description = {
        "name": name,
        "written_by": f"{version} on tensorflow 2.21.0",
        "files": [
            {"path": path, "format": form, "keras_generation": generation, "io": "io.npz"}
            for path, form in forms
        ],
        "tolerance": {"rtol": 1e-5, "atol": 1e-5},
        "layer_classes": sorted({type(layer).__name__ for layer in model.layers}),
    }
    (folder / "case.json").write_text(json.dumps(description, indent=1) + "\n")


def local(size, package=tf_keras, **arguments):
    layer = package.layers.LocallyConnected1D if size == 1 else package.layers.LocallyConnected2D
    shape = (9, 3) if size == 1 else (6, 5, 2)
    if arguments.get("data_format") == "channels_first":
        shape = (shape[-1], *shape[:-1])
    return functional(package, layer(**arguments), shape)


@case("locally_connected1d__same", tf_keras)
def _():
    return local(1, filters=4, kernel_size=3, padding="same", implementation=2, strides=2)


@case("locally_connected1d__sparse", tf_keras)
def _():
    return local(1, filters=4, kernel_size=4, padding="same", implementation=3, activation="tanh")


@case("locally_connected1d__same_strides", tf_keras)
def _():
    return local(1, filters=2, kernel_size=2, padding="same", implementation=2, strides=3)


@case("locally_connected1d__channels_first", tf_keras)
def _():
    return local(1, filters=2, kernel_size=3, strides=2, data_format="channels_first")


@case("locally_connected2d__dense", tf_keras)
def _():
    return local(2, filters=3, kernel_size=(3, 2), strides=(2, 1), implementation=2, use_bias=False)


@case("locally_connected2d__sparse", tf_keras)
def _():
    return local(2, filters=3, kernel_size=(3, 2), strides=(1, 2), implementation=3)


@case("locally_connected2d__channels_first", tf_keras)
def _():
    return local(2, filters=3, kernel_size=2, data_format="channels_first")


@case("locally_connected2d__channels_first_dense", tf_keras)
def _():
    return local(2, filters=3, kernel_size=3, padding="same", data_format="channels_first", implementation=2)


@case("locally_connected2d__channels_first_sparse", tf_keras)
def _():
    return local(2, filters=3, kernel_size=3, padding="same", data_format="channels_first", implementation=3)


@case("spectral_normalization__conv2d_keras2", tf_keras)
def _():
    return functional(
        tf_keras, tf_keras.layers.SpectralNormalization(tf_keras.layers.Conv2D(3, 2)), (5, 5, 2)
    )


@case("spectral_normalization__two", keras)
def _():
    layers = keras.layers
    x = layers.Input((6, 2), name="x")
    y = layers.SpectralNormalization(layers.Conv1D(3, 2), power_iterations=2)(x)
    y = layers.SpectralNormalization(layers.Conv1D(4, 2, use_bias=False))(y)
    return keras.Model(x, layers.Dense(2)(y))


@case("random_crop__inference_keras2", tf_keras)
def _():
    return functional(tf_keras, tf_keras.layers.RandomCrop(4, 5), (7, 8, 2))


@case("sync_batch_normalization__keras2", tf_keras)
def _():
    return functional(tf_keras, tf_keras.layers.experimental.SyncBatchNormalization(), (4, 5, 3))


@case("auto_contrast__basic", keras, inputs=(60, 120))
def _():
    return functional(keras, keras.layers.AutoContrast(), (5, 6, 3))


@case("auto_contrast__unit_range", keras, inputs=(0.3, 0.4))
def _():
    return functional(keras, keras.layers.AutoContrast(value_range=(0, 1)), (5, 6, 3))


@case("pipeline__rescaling_autocontrast", keras, inputs=(60, 120))
def _():
    layers = keras.layers
    steps = [layers.RandomFlip(), layers.AutoContrast(), layers.CenterCrop(4, 5), layers.Rescaling(1 / 255)]
    return functional(keras, layers.Pipeline(steps), (6, 7, 3))


@case("pipeline__weights", keras)
def _():
    layers = keras.layers
    steps = [layers.Conv2D(3, 2), layers.RandomContrast(0.2), layers.Conv2D(2, 2)]
    return functional(keras, layers.Pipeline(steps), (6, 7, 3))


def step(package, cell, *states):
    layers = package.layers
    x = layers.Input((5,), name="x")
    given = [layers.Input((n,), name=f"s{i}") for i, n in enumerate(states)]
    nested = getattr(cell, "nest", lambda s: s)(given)
    y, after = cell(x, nested)
    flat = package.tree.flatten(after) if package is keras else after
    flat = flat if isinstance(flat, (list, tuple)) else [flat]
    return package.Model([x, *given], [y, *flat])


for _package, _suffix in [(keras, ""), (tf_keras, "_keras2")]:
    case("simple_rnn_cell__step" + _suffix, _package)(
        lambda p=_package: step(p, p.layers.SimpleRNNCell(4, activation="relu"), 4)
    )
    case("gru_cell__step" + _suffix, _package)(
        lambda p=_package: step(p, p.layers.GRUCell(4, reset_after=False), 4)
    )
    case("lstm_cell__step" + _suffix, _package)(
        lambda p=_package: step(p, p.layers.LSTMCell(4, dropout=0.2), 4, 4)
    )


@case("stacked_rnn_cells__step", keras)
def _():
    layers = keras.layers
    cell = layers.StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(3)])
    x = layers.Input((5,), name="x")
    h, c, g = (layers.Input((n,), name=name) for n, name in [(4, "h"), (4, "c"), (3, "g")])
    y, after = cell(x, [[h, c], [g]])
    return keras.Model([x, h, c, g], [y, *keras.tree.flatten(after)])


if __name__ == "__main__":
    for chosen in sys.argv[1:] or CASES:
        try:
            write(chosen)
        except Exception as error:  # of Keras itself: the others go on
            print(chosen, type(error).__name__, str(error)[:300], file=sys.stderr)
