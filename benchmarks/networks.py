"""The networks of the comparison, each as the files that the runtimes take.

    python networks.py FOLDER [NAME…]

writes FOLDER/NAME/: model.keras, and for each batch B a bB.onnx, bB.tflite, bB.saved_model, an
input bB.input.npy and two answers of Keras to it: bB.keras.npy in float32 and bB.reference.npy in
float64. Shapes are fixed but for model.keras, since the peers do best with fixed ones. Weights are
random by a fixed seed, but for the MNIST network's.
"""
import dataclasses
import os
import pathlib
import sys
from typing import Callable

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Network:
    build: Callable  # the keras.Model, in Keras's current floating-point type
    batches: tuple[int, ...]
    rated: bool = True  # counts in the mean


def mnist():
    from keras import Input, Sequential, layers

    return Sequential([
        Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ])


def wide_mlp():
    from keras import Input, Sequential, layers

    wide = [layers.Dense(2048, activation="relu") for _ in range(3)]
    return Sequential([Input((784,)), *wide, layers.Dense(10, activation="softmax")])


def lenet5():
    from keras import Input, Sequential, layers

    return Sequential([
        Input((32, 32, 1)),
        layers.Conv2D(6, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="tanh"),
        layers.Dense(84, activation="tanh"),
        layers.Dense(10, activation="softmax"),
    ])


def vgg():
    from keras import Input, Sequential, layers

    stack = [Input((64, 64, 3))]
    for channels, count in ((32, 2), (64, 2), (128, 3), (256, 3)):
        stack += [layers.Conv2D(channels, 3, padding="same", activation="relu") for _ in range(count)]
        stack += [layers.MaxPooling2D()]
    return Sequential(stack + [layers.Flatten(), layers.Dense(256, activation="relu"),
                               layers.Dense(10, activation="softmax")])


def separable():
    from keras import Input, Sequential, layers

    stack = [Input((64, 64, 3)), layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")]
    for channels, strides in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        stack += [layers.DepthwiseConv2D(3, strides=strides, padding="same"),
                  layers.BatchNormalization(), layers.ReLU(),
                  layers.Conv2D(channels, 1), layers.BatchNormalization(), layers.ReLU()]
    stack += [layers.SeparableConv2D(256, 3, padding="same", activation="relu")]
    return Sequential(stack + [layers.GlobalAveragePooling2D(),
                               layers.Dense(10, activation="softmax")])


def mobilenet_v2():
    from keras.applications import MobileNetV2

    return MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=1000)


def residual():
    from keras import Input, Model, layers

    def convolution(x, channels, strides=1, size=3):
        x = layers.Conv2D(channels, size, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    inputs = Input((32, 32, 3))
    x = layers.ReLU()(convolution(inputs, 16))
    for channels, strides in ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        shortcut = x if strides == 1 else convolution(x, channels, strides, size=1)
        x = convolution(layers.ReLU()(convolution(x, channels, strides)), channels)
        x = layers.ReLU()(layers.Add()([x, shortcut]))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(10, activation="softmax")(x))


def densenet_block():
    from keras import Input, Model, layers

    inputs = Input((32, 32, 3))
    x = layers.Conv2D(24, 3, padding="same", use_bias=False)(inputs)
    for _ in range(6):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        y = layers.Conv2D(48, 1, use_bias=False)(y)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        y = layers.Conv2D(12, 3, padding="same", use_bias=False)(y)
        x = layers.Concatenate()([x, y])
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.AveragePooling2D(2)(layers.Conv2D(48, 1, use_bias=False)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(10, activation="softmax")(x))


def nearly_nothing():
    """What a call costs before it does any work."""
    from keras import Input, Sequential, layers

    return Sequential([Input((10,)), layers.Dense(10)])


NETWORKS = {
    "mnist": Network(mnist, (1, 128)),
    "wide_mlp": Network(wide_mlp, (1, 256)),
    "lenet5": Network(lenet5, (1, 128)),
    "vgg": Network(vgg, (1, 16)),
    "separable": Network(separable, (1, 16)),
    "mobilenet_v2": Network(mobilenet_v2, (1, 16)),
    "residual": Network(residual, (1, 16)),
    "densenet_block": Network(densenet_block, (1, 16)),
    "nearly_nothing": Network(nearly_nothing, (1,), rated=False),
}


def batch_norms(model):
    from keras import layers

    return [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


def give_weights(name, model):
    """The MNIST network's own, else random ones under which the activations keep their scale: batch
    normalizations get random scales and offsets, and as statistics those of random images."""
    import numpy

    if name == "mnist":
        return model.load_weights(ROOT / "examples/01-digit/cnn.h5")
    random = numpy.random.default_rng(1)
    for layer in model.layers:
        if getattr(layer, "bias", None) is not None:
            layer.bias.assign(random.normal(0, 0.05, layer.bias.shape))
    momenta = [(layer, layer.momentum) for layer in batch_norms(model)]
    for layer, _ in momenta:
        layer.gamma.assign(random.uniform(0.5, 1.5, layer.gamma.shape))
        layer.beta.assign(random.normal(0, 0.1, layer.beta.shape))
        layer.momentum = 0.0
    if momenta:
        model(random.random((32, *model.input_shape[1:]), "float32"), training=True)
    for layer, momentum in momenta:
        layer.momentum = momentum


def reference(build, weights, inputs):
    """Keras's answers in float64."""
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        model = build()
        model.set_weights([value.astype("float64") for value in weights])
        answers = [model(x.astype("float64"), training=False).numpy() for x in inputs]
        assert all(answer.dtype == "float64" for answer in answers)
        return answers
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


def export(model, batch, prefix):
    """The model for one batch, as TensorFlow, TFLite and ONNX."""
    import tensorflow as tf
    import tf2onnx
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32, name="x")]
    function = tf.function(lambda x: model(x, training=False), input_signature=signature)
    module = tf.Module()
    module.model, module.serve = model, function
    tf.saved_model.save(module, f"{prefix}.saved_model", signatures={"serving_default": function})
    # With its variables as constants: else the converter leaves them uninitialized.
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    pathlib.Path(f"{prefix}.tflite").write_bytes(converter.convert())
    tf2onnx.convert.from_function(function, signature, opset=18, output_path=f"{prefix}.onnx")


def make(name, folder):
    import keras
    import numpy

    network = NETWORKS[name]
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(1)
    model = network.build()
    give_weights(name, model)
    model.save(folder / "model.keras")
    inputs = [numpy.random.default_rng(2).random((batch, *model.input_shape[1:]), "float32")
              for batch in network.batches]
    exact = reference(network.build, model.get_weights(), inputs)
    for batch, x, answer in zip(network.batches, inputs, exact):
        prefix = folder / f"b{batch}"
        numpy.save(f"{prefix}.input.npy", x)
        numpy.save(f"{prefix}.reference.npy", answer)
        numpy.save(f"{prefix}.keras.npy", model(x, training=False).numpy())
        export(model, batch, prefix)
    (folder / "done").touch()


def make_missing(folder, names):
    """Makes what an earlier run has not."""
    for name in names:
        if not (folder / name / "done").exists():
            print(f"making {name}", file=sys.stderr)
            make(name, folder / name)


if __name__ == "__main__":
    make_missing(pathlib.Path(sys.argv[1]), sys.argv[2:] or NETWORKS)
