"""Writes recordings of a golden model with the results of its layers, one right and three wrong, by Keras 3.15.1."""
import os

import keras
import numpy as np

folder = os.path.dirname(os.path.abspath(__file__))
golden = os.path.join(folder, "../../../golden/layers/graph__multi_input_output/")
model = keras.models.load_model(golden + "model.keras")
io = dict(np.load(golden + "io.npz"))
inputs = {tensor.name: io[tensor.name] for tensor in model.inputs}
layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
print([(layer.name, type(layer).__name__) for layer in layers])
values = keras.Model(model.inputs, [layer.output for layer in layers])(list(inputs.values()))
results = {layer.name: np.asarray(value) for layer, value in zip(layers, values)}
results = {name: value for name, value in results.items() if name not in model.output_names}
outputs = {name: value for name, value in io.items() if name.startswith("output_")}

right = {**inputs, **results, **outputs}
np.savez(folder + "/right.npz", **right)
# As if everything from the middle on had been computed otherwise.
middle = list(results)[len(results) // 2]
late = {name: value + 0.5 for name, value in list(results.items())[len(results) // 2 :]}
wrong_outputs = {name: value * 1.01 for name, value in outputs.items()}
np.savez(folder + "/from_the_middle.npz", **{**right, **late, **wrong_outputs})
print("from the middle:", middle)
np.savez(folder + "/outputs_alone.npz", **inputs, **wrong_outputs)
np.savez(folder + "/other_shape.npz", **inputs, output_0=outputs["output_0"][:, :1], output_1=outputs["output_1"])
np.savez(folder + "/no_answers.npz", **inputs)
np.savez(folder + "/no_inputs.npz", **outputs, im=inputs["im"])
not_a_number = outputs["output_0"].copy()
not_a_number[1, 0] = np.nan
np.savez(folder + "/nan.npz", **inputs, output_0=not_a_number, output_1=outputs["output_1"])

# The digit network on noise, which it is not sure of, so that 16-bit filters show in its answer (by tf_keras 2.21).
import tf_keras

digits = tf_keras.models.load_model(folder + "/../../../../examples/01-digit/cnn.h5", compile=False)
noise = np.random.default_rng(5).uniform(0, 1, (2, 28, 28, 1)).astype("float32")
np.savez(folder + "/noise.npz", conv2d_1_input=noise, output_0=np.asarray(digits(noise, training=False)))
