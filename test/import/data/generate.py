"""Writes layers.json: every layer class that Keras has had, with the arguments of its constructor.

    python generate.py PATH_OF_KERAS_1_2_2 > layers.json

Keras 3 and Keras 2 (tf_keras) are imported and asked; the source of Keras 1.2.2, which no Python of today runs, is
parsed. Of each class, "3", "2" and "1" give its arguments there."""

import ast
import inspect
import json
import pathlib
import sys

import keras
import tf_keras

def arguments(cls):
    """What the constructors of a class and its bases take, as config keys are called."""
    names = []
    for base in cls.__mro__:
        if base.__name__ in ("Layer", "BaseRandomLayer", "Module", "object"):
            break
        for parameter in inspect.signature(base.__init__).parameters.values():
            plain = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if plain and parameter.name != "self" and parameter.name not in names:
                names.append(parameter.name)
    return names


def imported(package):
    spaces = [package.layers, getattr(package.layers, "experimental", None)]
    spaces += [getattr(spaces[1], "preprocessing", None)]
    found = {}
    for space in filter(None, spaces):
        for cls in vars(space).values():
            if inspect.isclass(cls) and issubclass(cls, package.layers.Layer):
                found[cls.__name__] = arguments(cls)  # as model files name it, not as an alias does
    if package is tf_keras:
        from tf_keras.src.layers.rnn import cudnn_gru, cudnn_lstm

        for cls in (cudnn_gru.CuDNNGRU, cudnn_lstm.CuDNNLSTM):
            found[cls.__name__] = arguments(cls)
    return found


def parsed(root):
    classes = {}
    for path in sorted(pathlib.Path(root, "keras").glob("**/*.py")):
        if "layers" not in path.parts and "legacy" not in path.parts and path.stem != "topology":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = node

    def chain(name):
        if name not in classes or name == "Layer":
            return []
        bases = [base.id for base in classes[name].bases if isinstance(base, ast.Name)]
        return [name] + [c for base in bases for c in chain(base)]

    def is_layer(name):
        bases = [base.id for base in classes[name].bases if isinstance(base, ast.Name)]
        return name == "Layer" or any(base in classes and is_layer(base) for base in bases)

    found = {}
    for name in classes:
        if name.startswith("_") or not is_layer(name):
            continue
        names = []
        for base in chain(name):
            for node in classes[base].body:
                if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                    names += [a.arg for a in node.args.args if a.arg not in ["self"] + names]
        found[name] = names
    return found


generations = {"3": imported(keras), "2": imported(tf_keras), "1": parsed(sys.argv[1])}
names = sorted(set().union(*generations.values()))
layers = {
    name: {g: of[name] for g, of in generations.items() if name in of} for name in names
}
versions = {"3": keras.__version__, "2": tf_keras.__version__, "1": "1.2.2"}
print('{"versions": %s, "layers": {' % json.dumps(versions))
print(",\n".join('"%s": %s' % (name, json.dumps(layers[name])) for name in names))
print("}}")
