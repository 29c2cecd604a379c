"""Makes the small models of PyTorch and Keras in tests/import, with the logits that PyTorch and Keras give, for the tests.

  pip install torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 safetensors==0.8.0 && python3 scripts/make_imports.py torch
  pip install tensorflow-cpu==2.21.0 keras==3.15.1 tf2onnx==1.17.0 safetensors==0.8.0 && python3 scripts/make_imports.py keras

Each has gone through a few steps of training on MNIST's test images. Other seeds, versions and processors give other numbers:
the tests compare what lies there.
"""

import gzip
import json
import os
import pathlib
import sys

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "tests/import"
STEPS, BATCH, RECORDED = 100, 64, 4


def bytes_of(name, offset):
    return numpy.frombuffer(gzip.decompress((ROOT / f"data/mnist/{name}.gz").read_bytes()), numpy.uint8, offset=offset)


def data():
    """MNIST's test images, [10000, 1, 28, 28], from 0 to 1, and their labels."""
    images = (bytes_of("t10k-images-idx3-ubyte", 16) / 255).astype(numpy.float32).reshape(-1, 1, 28, 28)
    return images, bytes_of("t10k-labels-idx1-ubyte", 8).astype(numpy.int64)


def record(name, logits):
    """Keeps the logits of the first images, [N, classes], beside those that other runs have kept."""
    path = OUT / "logits.json"
    records = json.loads(path.read_text()) if path.exists() else {}
    records[name] = [[float(str(logit)) for logit in image] for image in numpy.asarray(logits, numpy.float32)]
    path.write_text(json.dumps(dict(sorted(records.items())), indent=1) + "\n")


def clean(path):
    """Takes out of an ONNX file what it tells of the machine that made it."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    for part in [model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info, *model.graph.input]:
        part.doc_string = ""
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]
    onnx.save(model, path)


def make_torch():
    import torch
    from safetensors.torch import save_file
    from torch import nn
    from torch.nn import functional

    class Net(nn.Module):
        """In the manner of PyTorch's MNIST example."""

        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 3, 3)
            self.conv2 = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(4)
            self.dropout = nn.Dropout(0.25)
            self.fc1 = nn.Linear(36, 8)
            self.fc2 = nn.Linear(8, 10)

        def logits(self, x):
            x = functional.relu(functional.max_pool2d(self.conv1(x), 2))
            x = functional.max_pool2d(functional.relu(self.bn(self.conv2(x))), 2)
            x = self.dropout(x.view(x.size(0), -1))
            return self.fc2(functional.relu(self.fc1(x)))

        def forward(self, x):
            return functional.log_softmax(self.logits(x), 1)

    class Logits(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net.logits(x) if isinstance(self.net, Net) else self.net(x)

    images, labels = (torch.from_numpy(array) for array in data())

    def train(model):
        optimiser = torch.optim.Adam(model.parameters(), 0.01)
        for step in range(STEPS):
            batch = slice(step * BATCH, (step + 1) * BATCH)
            optimiser.zero_grad()
            functional.cross_entropy(Logits(model)(images[batch]), labels[batch]).backward()
            optimiser.step()
        model.eval()

    def keep(name, model):
        with torch.no_grad():
            record(name, Logits(model)(images[:RECORDED]))

    def export(name, model, **options):
        torch.onnx.export(model, (images[:2],), OUT / f"{name}.onnx", **options)
        clean(OUT / f"{name}.onnx")
        keep(f"{name}.onnx", model)

    torch.manual_seed(1)
    net = Net()
    train(net)
    save_file(net.state_dict(), OUT / "torch_net.safetensors")
    keep("torch_net.safetensors", net)
    batch = torch.export.Dim("batch")
    export("torch_net", net, dynamic_shapes=({0: batch},), external_data=False)
    export("torch_net_old", net, dynamo=False, dynamic_axes={"x": {0: "batch"}}, input_names=["x"])

    perceptron = nn.Sequential(
        nn.MaxPool2d(4), nn.Flatten(), nn.Linear(49, 12, bias=False), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 10)
    )
    train(perceptron)
    # As PyTorch leaves it where nothing is said: with its numbers in a file of their own.
    export("torch_perceptron", perceptron)
    for name, kind in [("half", torch.float16), ("bfloat", torch.bfloat16), ("double", torch.float64)]:
        state = {key: value.to(kind) if value.is_floating_point() else value for key, value in perceptron.state_dict().items()}
        save_file(state, OUT / f"torch_{name}.safetensors")
        rounded = nn.Sequential(*(type(module)(**arguments(module)) for module in perceptron))
        rounded.load_state_dict({key: value.float() if value.is_floating_point() else value for key, value in state.items()})
        keep(f"torch_{name}.safetensors", rounded.eval())


def arguments(module):
    """What a module of the perceptron was made with."""
    names = ["kernel_size", "in_features", "out_features", "num_features"]
    found = {name: getattr(module, name) for name in names if hasattr(module, name)}
    return found | ({"bias": module.bias is not None} if "in_features" in found else {})


def make_keras():
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    import keras
    from keras import layers
    from keras_to_safetensors import tensors
    from safetensors.numpy import save_file

    keras.utils.set_random_seed(1)
    images, labels = data()
    images = images.reshape(-1, 28, 28, 1)
    convolutions = [
        keras.Input((28, 28, 1)),
        layers.Conv2D(3, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(4, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(3),
        layers.Flatten(),
        layers.Dropout(0.25),
        layers.Dense(8, activation="relu"),
    ]
    dense = [
        keras.Input((28, 28, 1)),
        layers.MaxPooling2D(4),
        layers.Flatten(),
        layers.Dense(12),
        layers.BatchNormalization(),
        layers.Activation("relu"),
    ]
    for name, parts in [("net", convolutions), ("perceptron", dense)]:
        body = keras.Sequential([*parts, layers.Dense(10)])
        model = keras.Sequential([*body.layers, layers.Softmax()])
        model.build((None, 28, 28, 1))
        model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        model.fit(images[: STEPS * BATCH], labels[: STEPS * BATCH], batch_size=BATCH, verbose=0)
        logits = body(images[:RECORDED], training=False)
        file = f"keras_{name}"
        if keras.backend.backend() == "tensorflow":
            save_file(tensors(model), OUT / f"{file}.safetensors")
            record(f"{file}.safetensors", logits)
        else:
            file += f"_{keras.backend.backend()}"
            logits = logits.detach()
        model.export(OUT / f"{file}.onnx", format="onnx", verbose=False)
        clean(OUT / f"{file}.onnx")
        record(f"{file}.onnx", logits)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["torch"]:
            make_torch()
        case ["keras"]:
            make_keras()
        case _:
            sys.exit(__doc__)
