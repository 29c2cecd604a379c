"""Writes the weights of a Keras model as safetensors, with Keras's names and layouts, for `digits import`.

  pip install keras==3.15.1 safetensors==0.8.0
  python3 scripts/keras_to_safetensors.py model.keras weights.safetensors

A layer's weights are `conv2d/kernel`, `conv2d/bias`, `batch_normalization/gamma` and so on, beside them the number that a
batch normalisation adds to its variances, `batch_normalization/epsilon`.
"""

import sys

import numpy
from safetensors.numpy import save_file


def tensors(model):
    """All weights of a model and the numbers that stand beside them, by name."""
    found = {}
    for layer in model.layers:
        for weight in layer.weights:
            found[f"{layer.name}/{weight.path.rsplit('/', 1)[1]}"] = numpy.asarray(weight, numpy.float32)
        if type(layer).__name__ == "BatchNormalization":
            found[f"{layer.name}/epsilon"] = numpy.array([layer.epsilon], numpy.float32)
    return found


if __name__ == "__main__":
    match sys.argv[1:]:
        case [model, out]:
            import keras

            save_file(tensors(keras.models.load_model(model)), out)
        case _:
            sys.exit(__doc__)
