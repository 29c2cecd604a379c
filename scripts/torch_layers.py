"""PyTorch's numbers for strides and batch normalisation: data/golden/layers.safetensors.

  pip install numpy==2.4.6 safetensors==0.8.0 torch==2.15.0
  python3 scripts/torch_layers.py data/golden/layers.safetensors

A network on the first eight training images of MNIST, in float64 on the CPU: its logits and gradients in training, three steps
of gradient descent with momentum, and what it says of the images afterwards by its running statistics. All starts from
numbers that are exact in float32.
"""

import gzip
import pathlib
import sys

import numpy
import torch
from safetensors.torch import save_file
from torch import nn

FILES = pathlib.Path(__file__).parent.parent / "data/mnist"
NETWORK = "conv 4 3x3 same stride 2 | batchnorm relu | conv 6 5x3 stride 3 relu | batchnorm | dense 12 | batchnorm relu | dense 10"
N = 8


def rows(name, offset, count):
    data = gzip.decompress((FILES / name).read_bytes())
    return numpy.frombuffer(data, numpy.uint8, count, offset)


def module():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, stride=2), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Conv2d(4, 6, (5, 3), stride=3), nn.ReLU(), nn.BatchNorm2d(6),
        nn.Flatten(), nn.Linear(96, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 10),
    ).double()  # fmt: skip


def main():
    torch.manual_seed(1234)
    torch.set_num_threads(1)
    images = rows("train-images-idx3-ubyte.gz", 16, N * 28 * 28).reshape(N, 1, 28, 28)
    images = torch.tensor((images / 255).astype(numpy.float32)).double()
    labels = torch.tensor(rows("train-labels-idx1-ubyte.gz", 8, N).astype(numpy.int64))
    model = module()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            bound = 0.5 if parameter.dim() == 1 else (3 / parameter[0].numel()) ** 0.5
            middle = 1.0 if parameter.dim() == 1 and name.endswith("weight") else 0.0
            parameter.copy_(torch.empty_like(parameter).uniform_(middle - bound, middle + bound).float().double())
    out = {f"init.{name}": value.clone() for name, value in model.state_dict().items() if value.is_floating_point()}
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for step in range(3):
        logits = model(images)
        loss = nn.functional.cross_entropy(logits, labels)
        optimiser.zero_grad()
        loss.backward()
        if step == 0:
            out["logits"] = logits.detach().clone()
            out |= {f"grad.{name}": parameter.grad.clone() for name, parameter in model.named_parameters()}
        optimiser.step()
        losses.append(loss.item())
    out |= {f"after3.{name}": value for name, value in model.state_dict().items() if value.is_floating_point()}
    out["losses"] = torch.tensor(losses, dtype=torch.float64)
    out["logits_after3"] = model.eval()(images).detach()
    save_file(out, sys.argv[1], metadata={"network": NETWORK, "torch": torch.__version__})
    print({name: tuple(value.shape) for name, value in out.items()}, losses)


if __name__ == "__main__":
    main()
