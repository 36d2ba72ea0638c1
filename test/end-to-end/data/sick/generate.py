"""Writes sick.keras and sick.h5: models of Keras 3.15.1 with six things wrong in configuration and weights; and
sick_graph.keras, where layers are also called on what there is not."""
import io
import json
import os
import zipfile

import h5py
import keras
import numpy as np


class Unknown(keras.layers.Layer):
    def call(self, x):
        return x


def build():
    x = keras.Input((8,), name="x")
    a = keras.layers.Dense(4, name="transposed")(x)
    b = keras.layers.Dense(5, name="without_bias")(a)
    c = keras.layers.Dense(3, activation="relu", name="misspelled")(b)
    d = keras.layers.Dense(3, name="of_no_size")(Unknown(name="unknown")(a))
    block = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, name="longer")], name="block")
    return keras.Model(x, keras.layers.Add(name="sum")([c, d, block(x), keras.layers.Dense(3, name="healthy")(x)]))


def spoil_config(config):
    text = json.dumps(config)
    text = text.replace('"activation": "relu"', '"activation": "reluu"')
    spoiled = json.loads(text)
    for layer in spoiled["config"]["layers"]:
        if layer["config"]["name"] == "of_no_size":
            layer["config"]["units"] = "three"
    return spoiled


def spoil_graph(config):
    """The first tensor that 'misspelled' and 'healthy' take becomes one of no layer, and of no call."""
    for layer in config["config"]["layers"]:
        for name, history in (("misspelled", ["nowhere", 0, 0]), ("healthy", ["x", 7, 0])):
            if layer["config"]["name"] == name:
                layer["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = history
    return config


def replace(dataset, value):
    group, name = dataset.parent, dataset.name.rsplit("/", 1)[1]
    del group[name]
    group.create_dataset(name, data=value)


def find(file, words):
    """The dataset with this path, or whose path has all these words."""
    if isinstance(words, str):
        return file[words]
    found = []
    file.visititems(lambda name, item: found.append(item) if isinstance(item, h5py.Dataset) and all(w in name for w in words) else None)
    assert len(found) == 1, (words, found)
    return found[0]


def spoil_weights(file, transposed, bias, longer):
    replace(find(file, transposed), np.asarray(find(file, transposed)).T)
    bias = find(file, bias)
    del bias.parent[bias.name.rsplit("/", 1)[1]]
    replace(find(file, longer), np.zeros((9, 3), "float32"))


folder = os.path.dirname(os.path.abspath(__file__)) + "/"
keras.utils.set_random_seed(1)
build().save(folder + "sick.h5")
with h5py.File(folder + "sick.h5", "r+") as file:
    file.attrs["model_config"] = json.dumps(spoil_config(json.loads(file.attrs["model_config"])))
    spoil_weights(file, ["transposed", "kernel"], ["without_bias", "/bias"], ["longer", "kernel"])

def write_archive(name, spoil):
    with zipfile.ZipFile(folder + "healthy.keras") as healthy, zipfile.ZipFile(folder + name, "w", zipfile.ZIP_DEFLATED) as sick:
        for member in healthy.namelist():
            data = healthy.read(member)
            if member == "config.json":
                data = json.dumps(spoil(json.loads(data))).encode()
            if member == "model.weights.h5":
                stream = io.BytesIO(data)
                with h5py.File(stream, "r+") as file:
                    spoil_weights(file, "layers/dense/vars/0", "layers/dense_1/vars/1", "layers/sequential/layers/dense/vars/0")
                data = stream.getvalue()
            sick.writestr(zipfile.ZipInfo(member), data)


build().save(folder + "healthy.keras")
write_archive("sick.keras", spoil_config)
write_archive("sick_graph.keras", lambda config: spoil_graph(spoil_config(config)))
os.remove(folder + "healthy.keras")
