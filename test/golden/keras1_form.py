"""How Keras 1 wrote models, for keras1.py: its files, the order and the layouts of its arrays, the configs of its layers,
and those of its layers that tf_keras lacks, by the formulas of Keras 1.2.2."""
import json
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from tf_keras import layers as L

HERE = Path(__file__).resolve().parent / "layers"


# ---- Layers that are gone, by the formulas of keras/layers/core.py and advanced_activations.py of 1.2.2


class Formula(L.Layer):
    """A layer of `shapes` (given the shape of its input), computed by `formula(x, *weights)`."""

    def __init__(self, shapes, formula, **more):
        super().__init__(**more)
        self.shapes, self.formula = shapes, formula

    def build(self, shape):
        self.values = [self.add_weight(name=f"w{i}", shape=s) for i, s in enumerate(self.shapes(shape))]

    def call(self, x):
        return self.formula(x, *self.values)


def maxout(x, w, b):
    return tf.reduce_max(tf.einsum("bi,fio->bfo", x, w) + b, axis=1)


def highway(x, w, w_carry, b, b_carry):
    gate = tf.sigmoid(x @ w_carry + b_carry)
    return tf.tanh(x @ w + b) * gate + (1 - gate) * x


def srelu(x, t_left, a_left, t_right, a_right):
    right = t_left + tf.abs(t_right)
    middle = tf.clip_by_value(tf.nn.relu(x - t_left), 0, right - t_left) - a_left * tf.nn.relu(t_left - x)
    return t_left + middle + tf.nn.relu(x - right) * a_right


def softplus(x, alphas, betas):
    return tf.math.softplus(betas * x) * alphas


def sample_norm(x, gamma, beta, mean, std):
    m = tf.reduce_mean(x, -1, keepdims=True)
    deviation = tf.sqrt(tf.reduce_mean((x - m) ** 2, -1, keepdims=True) + 1e-3)
    return gamma * (x - m) / (deviation + 1e-3) + beta


def cosine(inputs):
    x, y = inputs
    dot = lambda a, b: tf.reduce_sum(a * b, 1, keepdims=True)
    return tf.expand_dims(dot(x, y) / tf.maximum(tf.sqrt(dot(x, x) * dot(y, y)), 1e-7), 1)


# ---- The arrays of Keras 1


def turn(kernel):
    """As convert_kernel of Keras 1 and 2: every spatial axis backwards. Ours are (spatial…, in, out)."""
    return kernel[tuple([slice(None, None, -1)] * (kernel.ndim - 2))]


def gates(weights, order, count):
    parts = [np.split(w, count, axis=-1) for w in weights]
    return [parts[kind][gate] for gate in order for kind in range(3)]


def conv(theano, first, is1d=False, is1dOld=False):
    def arrays(weights):
        kernel = turn(weights[0]) if theano else weights[0]
        if is1dOld:
            kernel = kernel.transpose(2, 1, 0)[..., None]
        elif is1d:
            kernel = kernel[:, None]
        elif first:
            kernel = np.moveaxis(kernel, (-1, -2), (0, 1))
        return [kernel, *weights[1:]]

    return arrays


def lstm(weights):
    return gates(weights, (0, 2, 1, 3), 4)


def gru(weights):
    return gates(weights, (0, 1, 2), 3)


def same(weights):
    return list(weights)


def both(cell):
    return lambda weights: cell(weights[:3]) + cell(weights[3:])


# ---- Files


def write_group(group, named, suffix=":0"):
    """`named`: of each layer its name and its arrays, by names without that of the layer."""
    group.attrs["layer_names"] = [name.encode() for name, _ in named]
    for name, arrays in named:
        inner = group.create_group(name)
        names = [f"{name}_{key}{suffix}".encode() for key, _ in arrays]
        inner.attrs["weight_names"] = names  # an empty list becomes float64, as it did
        for key, (_, value) in zip(names, arrays):
            inner.create_dataset(key, data=value)


class Case:
    """Collects what a case's files hold, in the order of the layers."""

    def __init__(self, name, note, theano=False, version="1.2.2"):
        self.name, self.note, self.version = name, note, version
        self.suffix = "" if theano else ":0"
        self.named, self.files = [], []
        self.folder = HERE / f"keras1__{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.random = np.random.default_rng(len(name) * 1000 + sum(map(ord, name)))

    def fill(self, model):
        for w in model.weights:
            value = self.random.normal(0, 0.4, w.shape)
            w.assign(np.abs(value) + 0.5 if "variance" in w.name else value)

    def keep(self, layer, arrays=same, keys=None):
        values = arrays([w.numpy() for w in layer.weights])
        keys = keys or [f"w{i}" for i in range(len(values))]
        self.named.append((layer.name, list(zip(keys, values))))

    def answer(self, model, shapes, integers=None):
        make = (lambda s: self.random.integers(0, integers, s)) if integers else (lambda s: self.random.normal(size=s))
        inputs = {name: make(shape).astype(np.float32) for name, shape in shapes.items()}
        values = list(inputs.values())
        outputs = model(values[0] if len(values) == 1 else values)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        np.savez(self.folder / "io.npz", **inputs, **{f"output_{i}": y.numpy() for i, y in enumerate(outputs)})

    def entry(self, path, **more):
        self.files.append({"path": path, "keras_generation": 1, "io": "io.npz", "derived": self.note, **more})

    def whole(self, spec, path="model.h5"):
        with h5py.File(self.folder / path, "w") as file:
            file.attrs["keras_version"] = self.version.encode()
            file.attrs["model_config"] = json.dumps(spec).encode()
            write_group(file.create_group("model_weights"), self.named, self.suffix)
        self.entry(path, format="keras1_h5")

    def parts(self, spec, path="architecture.json", version=True):
        spec = {**spec, "keras_version": self.version} if version else spec
        (self.folder / path).write_text(json.dumps(spec))
        with h5py.File(self.folder / "weights.h5", "w") as file:
            write_group(file, self.named, self.suffix)
        self.entry(path, format="keras1_json", weights="weights.h5")

    def numbered(self, spec, path="architecture03.json"):
        (self.folder / path).write_text(json.dumps(spec))
        with h5py.File(self.folder / "weights03.h5", "w") as file:
            file.attrs["nb_layers"] = len(self.named)
            for i, (_, arrays) in enumerate(self.named):
                group = file.create_group(f"layer_{i}")
                group.attrs["nb_params"] = len(arrays)
                for j, (_, value) in enumerate(arrays):
                    group.create_dataset(f"param_{j}", data=value)
        self.entry(path, format="keras03_json", weights="weights03.h5")

    def finish(self, tolerance=1e-5):
        with np.load(self.folder / "io.npz") as io:
            rows = [{"key": k, "dtype": "float32", "shape": list(io[k].shape)} for k in io.files]
        ports = {"batch": rows[0]["shape"][0], "calls": 1, "inputs": [r for r in rows if "output_" not in r["key"]],
                 "outputs": [r for r in rows if "output_" in r["key"]]}
        case = {"name": f"keras1__{self.name}", "io": ports, "family": "keras1", "written_by": "tf_keras 2.21.0",
                "files": self.files, "tolerance": {"rtol": tolerance, "atol": tolerance}, "layer_classes": []}
        (self.folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


def layer(class_name, name, nodes=None, **config):
    spec = {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}
    if nodes is not None:
        spec.update(name=name, inbound_nodes=[[[n, 0, 0] for n in nodes]] if nodes else [])
    return spec


def sequential(*layers):
    return {"class_name": "Sequential", "config": list(layers)}


def functional(layers, inputs, outputs):
    return {"class_name": "Model", "config": {"name": "model_1", "layers": layers,
            "input_layers": [[n, 0, 0] for n in inputs], "output_layers": [[n, 0, 0] for n in outputs]}}


OLD_INIT = {"init": "glorot_uniform", "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.001},
            "b_regularizer": None, "activity_regularizer": None, "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
            "b_constraint": None, "bias": True}


def conv2d(name, filters, rows, cols, ordering, mode="valid", activation="relu", strides=(1, 1), cls="Convolution2D", **more):
    return layer(cls, name, nb_filter=filters, nb_row=rows, nb_col=cols, subsample=list(strides), border_mode=mode,
                 dim_ordering=ordering, activation=activation, **OLD_INIT, **more)


def dense(name, units, activation="linear", **more):
    return layer("Dense", name, output_dim=units, activation=activation, input_dim=None, **OLD_INIT, **more)
