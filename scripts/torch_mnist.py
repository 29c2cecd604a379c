"""The default training of digits in PyTorch, to be timed beside it: the same network, data, batch and optimiser.

  python3 torch_mnist.py [--device cuda|cpu] [--graphs] [--epochs 15] [--seed 0] [--data DIR]

The images stay on the device; an epoch is timed from its shuffle to its last step, validation apart. --graphs captures the
step as a CUDA graph and replays it. Prints a line of JSON an epoch and a last one, with the field names of `train --log`.
"""

import argparse
import gzip
import json
import pathlib
import statistics
import time

import numpy
import torch
from torch import nn

BATCH = 128


def idx(path):
    """The bytes of a gzip IDX file, in its shape."""
    data = gzip.decompress(path.read_bytes())
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(shape)


def load(folder, name, device):
    images = torch.tensor(idx(folder / f"{name}-images-idx3-ubyte.gz") / 255, dtype=torch.float32)
    labels = torch.tensor(idx(folder / f"{name}-labels-idx1-ubyte.gz"), dtype=torch.int64)
    return images.unsqueeze(1).to(device), labels.to(device)


def network():
    layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 48, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Dropout(0.25), nn.Flatten(), nn.Linear(1200, 500), nn.ReLU(), nn.Linear(500, 10))


class Step:
    """One step of Adam on a batch; gives the loss, a tensor on the device."""

    def __init__(self, model, device, graphs):
        self.model = model
        self.optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, capturable=graphs)
        self.images = torch.zeros(BATCH, 1, 28, 28, device=device)
        self.labels = torch.zeros(BATCH, dtype=torch.int64, device=device)
        self.graph = self.capture() if graphs else None

    def eager(self, images, labels):
        self.optimiser.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(self.model(images), labels)
        loss.backward()
        self.optimiser.step()
        return loss.detach()

    def capture(self):
        """Warms up on a stream of its own, as PyTorch asks for, and undoes what that taught."""
        state = [value.clone() for value in self.model.state_dict().values()]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.eager(self.images, self.labels)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.loss = self.eager(self.images, self.labels)
        for value, old in zip(self.model.state_dict().values(), state):
            value.copy_(old)
        for moments in self.optimiser.state.values():
            for value in moments.values():
                value.zero_()
        return graph

    def __call__(self, images, labels):
        if self.graph is None or len(labels) < BATCH:
            return self.eager(images, labels)
        self.images.copy_(images)
        self.labels.copy_(labels)
        self.graph.replay()
        return self.loss.clone()


@torch.inference_mode()
def accuracy(model, images, labels):
    model.eval()
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in zip(images.split(1000), labels.split(1000)))
    model.train()
    return right / len(labels)


def synchronise(device):
    if device == "cuda":
        torch.cuda.synchronize()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--graphs", action="store_true")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "data" / "mnist")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    images, labels = load(options.data, "train", options.device)
    step = Step(network().to(options.device), options.device, options.graphs)
    seconds = []
    for epoch in range(1, options.epochs + 1):
        synchronise(options.device)
        started = time.perf_counter()
        order = torch.randperm(50_000, device=options.device)
        losses = [step(images[picks], labels[picks]) * len(picks) for picks in order.split(BATCH)]
        train_loss = torch.stack(losses).sum().item() / 50_000
        seconds.append(time.perf_counter() - started)
        validation = accuracy(step.model, images[50_000:], labels[50_000:])
        line = {"epoch": epoch, "seconds": seconds[-1], "train_loss": train_loss, "val_accuracy": validation}
        print(json.dumps(line), flush=True)
    median = statistics.median(seconds[1:] or seconds)
    test = accuracy(step.model, *load(options.data, "t10k", options.device))
    device = torch.cuda.get_device_name() if options.device == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    last = {"test_accuracy": test, "train_seconds": sum(seconds), "median_epoch_seconds": median}
    print(json.dumps(last | {"torch": torch.__version__, "device": device, "graphs": options.graphs}), flush=True)


if __name__ == "__main__":
    main()
