"""Writes gated.keras, a model with a layer class of its own and a Lambda, and expected.npz, what Keras answers.

Written by Keras 3.15.1; only needed to make them again: python3 make_model.py
"""
import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="examples")
class GatedDense(keras.layers.Layer):
    """One product decides how much of the other goes through: (x kernel) * sigmoid(x gate + bias)."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        self.gate = self.add_weight(shape=(shape[-1], self.units), name="gate")
        self.bias = self.add_weight(shape=(self.units,), name="bias")

    def call(self, x):
        return ops.matmul(x, self.kernel) * ops.sigmoid(ops.matmul(x, self.gate) + self.bias)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


keras.utils.set_random_seed(3)
model = keras.Sequential(
    [
        keras.Input((6,), name="features"),
        keras.layers.Dense(8, activation="relu", name="hidden"),
        GatedDense(5, name="gated"),
        keras.layers.Lambda(lambda x: x * ops.abs(x), name="signed_square"),
        keras.layers.Dense(3, activation="softmax", name="classes"),
    ]
)
random = np.random.default_rng(3)
model.set_weights([random.normal(0, 0.7, weight.shape).astype("float32") for weight in model.weights])
features = random.normal(size=(4, 6)).astype("float32")
model.save("gated.keras")
np.savez("expected.npz", features=features, output_0=np.asarray(model(features)))
