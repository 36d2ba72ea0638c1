"""Opens what `hornet convert` saves with Keras 3 and with Keras 2 (tf_keras), and compares.

Every model of the golden set goes through every form: .keras, .h5, .weights.h5, and an .h5 of the weights
alone. A saved model must give the golden answers in a Keras that opens its source too; where the source is
refused, opening what we saved is counted, not required. `./x test-keras` runs it and prints the table of
docs/files.md; exit code 1 when something that must open does not.

usage: with_keras.py HORNET [--only WORD]
"""
import argparse
import collections
import glob
import json
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
import tensorflow as tf
import tf_keras
from absl import logging

logging.set_verbosity(logging.ERROR)
KERAS = {3: keras, 2: tf_keras}


def flatten(nest):
    """The tensors of an answer, dicts in their own order."""
    if isinstance(nest, dict):
        nest = list(nest.values())
    if isinstance(nest, (list, tuple)):
        return [leaf for item in nest for leaf in flatten(item)]
    return [np.asarray(nest)]


def input_names(model):
    if isinstance(model, (keras.Model,)):
        return [tensor.name for tensor in model.inputs]
    return model.input_names


def answer(model, arrays):
    values = [tf.constant(arrays[name] if name in arrays else next(iter(arrays.values()))) for name in input_names(model)]
    return flatten(model(values if len(values) > 1 else values[0], training=False))


def difference(answers, golden, tolerance):
    """Empty, or what is wrong."""
    if len(answers) != len(golden):
        return f"{len(answers)} outputs instead of {len(golden)}"
    for got, want in zip(answers, golden):
        if got.shape != want.shape:
            return f"shape {got.shape} instead of {want.shape}"
        if not np.allclose(got.astype("float64"), want.astype("float64"), tolerance["rtol"], tolerance["atol"], equal_nan=True):
            return "another answer"
    return ""


def reason(error):
    return f"{type(error).__name__}: {str(error)}".split("\n")[0][:160]


def opens(generation, path, weights, arrays, golden, tolerance):
    """Empty when this Keras opens the model and gives the golden answers, else why not."""
    k = KERAS[generation]
    k.backend.clear_session()
    try:
        if path.endswith(".json"):
            model = k.models.model_from_json(open(path, encoding="utf-8").read())
        else:
            model = k.models.load_model(path, compile=False)
        if weights:
            for array in model.weights:  # so that nothing but the file can give the answers
                array.assign(np.full(array.shape, 0.123, array.dtype if isinstance(array.dtype, str) else array.dtype.name))
            model.load_weights(weights)
        return difference(answer(model, arrays), golden, tolerance)
    except Exception as error:  # noqa: BLE001: whatever Keras throws
        return reason(error)


def convert(hornet, source, weights, output, *flags):
    """Empty, or what hornet says."""
    command = [hornet, "convert", source, output, *flags] + (["--weights", weights] if weights else [])
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip().split("\n")[0]


class Table:
    """How many of what was saved opens, and gives the same answers."""

    def __init__(self):
        self.cells = collections.defaultdict(collections.Counter)
        self.failures = []
        self.notes = collections.Counter()

    def count(self, source, form, where, problem, required, name):
        cell = self.cells[source, form, where]
        cell["all"] += 1
        cell["good"] += not problem
        if problem and required:
            self.failures.append(f"{name} as {form} in {where}: {problem}")
        elif problem:
            self.notes[source, form, where, problem[:90]] += 1

    def show(self):
        print("| source | saved as | opens in | of |\n|---|---|---|---|")
        for (source, form, where), cell in sorted(self.cells.items()):
            print(f"| {source} | {form} | {where} | {cell['good']} of {cell['all']} |")
        for note, count in sorted(self.notes.items()):
            print("not required:", count, *note, sep="  ")
        for failure in self.failures:
            print("FAILED", failure)


def check_file(hornet, folder, case, file, scratch, table):
    source = os.path.join(folder, file["path"])
    weights = os.path.join(folder, file["weights"]) if "weights" in file else None
    arrays = np.load(os.path.join(folder, file["io"]))
    golden = [arrays[port["key"]] for port in case["io"]["outputs"]]
    inputs = {port["key"]: arrays[port["key"]] for port in case["io"]["inputs"]}
    tolerance = file.get("tolerance", case["tolerance"])
    test = lambda generation, path, weights=None: opens(generation, path, weights, inputs, golden, tolerance)
    own = {g: test(g, source, weights) for g in KERAS}
    label = f"Keras {file['keras_generation']}"
    name = os.path.relpath(source)
    shapes = []  # for inputs that the model leaves open
    if "is open" in convert(hornet, source, weights, os.path.join(scratch, "model.h5")):
        shapes = [f"--shape={key}={','.join(map(str, array.shape))}" for key, array in inputs.items()]

    for form in ("keras", "h5"):
        saved = os.path.join(scratch, "model." + form)
        refused = convert(hornet, source, weights, saved, *shapes)
        if refused and "not supported" in refused:
            return False  # hornet does not take the model at all
        for generation in (3,) if form == "keras" else (3, 2):
            problem = refused or test(generation, saved)
            # A conversion that we refuse is allowed; one that we make has to be right.
            required = not refused and (not own[generation] or form == "keras" and not own[file["keras_generation"]])
            table.count(label, "." + form, f"Keras {generation}", problem, required, name)

    for form, flags in ((".weights.h5", []), (".h5, weights alone", ["--weights-only"])):
        saved = os.path.join(scratch, "w" + form.split(",")[0])
        problem = convert(hornet, source, weights, saved, *flags, *shapes)
        for generation in (3,) if form == ".weights.h5" else (3, 2):
            # The model that is to take them opens, and does not ask for factors that are merged.
            if not own[generation] and not (case["name"] == "dtype__lora_dense" and flags):
                table.count(label, form, f"Keras {generation}", problem or test(generation, source, saved), True, name)
    return True


def variables(model):
    """An optimizer's state by the order that both generations have, without the learning rate."""
    listed = model.optimizer.variables
    listed = listed() if callable(listed) else listed
    return [np.asarray(v) for v in listed if "learning_rate" not in v.name]


def check_training(hornet, source, generation, scratch, table):
    """A saved model goes on exactly as its source does: state, and the weights after one more step."""
    k = KERAS[generation]
    form = "keras" if generation == 3 else "h5"
    saved = os.path.join(scratch, "trained." + form)
    problem = convert(hornet, source, None, saved)
    if not problem:
        try:
            models = [k.models.load_model(path) for path in (source, saved)]
            states = [variables(model) for model in models]
            same = len(states[0]) > 1 and len(states[0]) == len(states[1])
            same = same and all(np.array_equal(a, b) for a, b in zip(*states))
            problem = "" if same else "another optimizer state"
            shape = [3 if n is None else n for n in models[0].input_shape]
            x = np.linspace(-1, 1, int(np.prod(shape))).reshape(shape).astype("float32")
            y = np.eye(models[0].output_shape[-1], dtype="float32")[np.arange(3) % models[0].output_shape[-1]]
            losses = [model.train_on_batch(x, y) for model in models]
            for a, b in zip(models[0].get_weights(), models[1].get_weights()):
                problem = problem or ("" if np.array_equal(a, b) else f"another step: losses {losses}")
        except Exception as error:  # noqa: BLE001
            problem = reason(error)
    table.count(f"Keras {generation}", f".{form}, goes on training", f"Keras {generation}", problem, True, source)


def check_compiled(hornet, source, source_generation, scratch, table):
    """A trained model as .h5 opens compiled, with its own optimizer and, from its own generation, its rate."""
    saved = os.path.join(scratch, "compiled.h5")
    refused = convert(hornet, source, None, saved)
    for generation, k in KERAS.items():
        problem = refused
        try:
            own = KERAS[source_generation].models.load_model(source).optimizer
            optimizer = k.models.load_model(saved).optimizer
            same_class = type(own).__name__ == type(optimizer).__name__
            rates = [float(np.asarray(o.learning_rate)) for o in (own, optimizer)]
            same_rate = rates[0] == rates[1] or (source_generation, generation) == (2, 3)
            problem = problem or ("" if same_class and same_rate else f"{own} became {optimizer}, rates {rates}")
        except Exception as error:  # noqa: BLE001
            problem = problem or reason(error)
        table.count(f"Keras {source_generation}", ".h5, compiled", f"Keras {generation}", problem, True, source)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("hornet")
    arguments.add_argument("--only", default="", help="cases whose name has this word")
    options = arguments.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(glob.glob("test/golden/layers/*/case.json")):
            case = json.load(open(path, encoding="utf-8"))
            if options.only not in case["name"] or case.get("why_jax") or case["io"]["calls"] != 1:
                continue
            for file in case["files"]:
                if file.get("keras_reloads", True):
                    check_file(options.hornet, os.path.dirname(path), case, file, scratch, table)
        adam = "test/golden/layers/graph__compiled_adam_state/model"
        resumed = [(path, 3) for path in sorted(glob.glob("test/golden/training/optimizers/resume_*/model.keras"))]
        for source, generation in [(adam + ".keras", 3), (adam + "_keras2.h5", 2), *resumed]:
            check_training(options.hornet, source, generation, scratch, table)
            check_compiled(options.hornet, source, generation, scratch, table)
    table.show()
    sys.exit(1 if table.failures else 0)


if __name__ == "__main__":
    main()
