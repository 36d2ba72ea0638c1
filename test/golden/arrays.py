"""What case.json says of the arrays of its io.npz."""
import numpy as np


def describe(path, batch=3):
    arrays = np.load(path)
    rows = [{"key": key, "dtype": str(arrays[key].dtype), "shape": list(arrays[key].shape)} for key in arrays.files]
    is_output = lambda row: row["key"].startswith("output_")
    return {
        "batch": batch,
        "calls": 1,
        "inputs": [row for row in rows if not is_output(row)],
        "outputs": [row for row in rows if is_output(row)],
    }
