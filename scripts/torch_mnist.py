"""The default training of digits in PyTorch, to be timed beside it: the same network, data, batch and optimiser.

  python3 torch_mnist.py [--device cuda|cpu] [--graphs] [--compile] [--tf32] [--channels-last] [--epochs 15] [--seed 0] [--data DIR]
  python3 torch_mnist.py --scale [the same forms]     steps of other sizes, as `digits bench scale`
  python3 torch_mnist.py --infer [--tf32] [--compile]  recognition, host to host, as `digits bench infer`

The images stay on the device; an epoch is timed from its shuffle to its last step, validation apart. --graphs captures the
step as a CUDA graph and replays it; --compile has torch.compile make its kernels, --tf32 rounds what is multiplied to ten
bits, --channels-last orders images as tensor cores want them. Prints a line of JSON an epoch and a last one, with the field
names of `train --log`; with --scale and --infer a line for each size.
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


def network(width=1.0):
    a, b, units = int(32 * width), int(48 * width), int(500 * width)
    layers = [nn.Conv2d(1, a, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(a, b, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Dropout(0.25), nn.Flatten(), nn.Linear(25 * b, units), nn.ReLU(), nn.Linear(units, 10))


def placed(model, options):
    model = model.to(options.device)
    return model.to(memory_format=torch.channels_last) if options.channels_last else model


class Step:
    """One step of Adam on a batch; gives the loss, a tensor on the device."""

    def __init__(self, model, options, batch):
        self.model, self.batch = model, batch
        self.loss_of = torch.compile(self.loss_of) if options.compile else self.loss_of
        # Adam's fused kernel, where there is one.
        kind = {"fused": True} if options.device == "cuda" else {}
        self.optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, capturable=options.graphs, **kind)
        self.images = torch.zeros(batch, 1, 28, 28, device=options.device)
        if options.channels_last:
            self.images = self.images.to(memory_format=torch.channels_last)
        self.labels = torch.zeros(batch, dtype=torch.int64, device=options.device)
        self.graph = self.capture() if options.graphs else None

    def loss_of(self, images, labels):
        return nn.functional.cross_entropy(self.model(images), labels)

    def eager(self, images, labels):
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss_of(images, labels)
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
        if self.graph is None or len(labels) < self.batch:
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


def median_seconds(work, device, runs=9, seconds=0.1):
    """Of a call of `work`, repeated until a run takes about `seconds`."""

    def time_of(repeats):
        synchronise(device)
        started = time.perf_counter()
        for _ in range(repeats):
            work()
        synchronise(device)
        return (time.perf_counter() - started) / repeats

    time_of(3)
    repeats = max(1, int(seconds / time_of(3)))
    return statistics.median(time_of(repeats) for _ in range(runs))


def scale(options, images, labels):
    """Steps of other sizes: the median time of a step on one batch."""
    sizes = [(batch, 1.0) for batch in [32, 128, 512, 1024, 4096]] + [(BATCH, width) for width in [0.25, 0.5, 2.0, 4.0]]
    for batch, width in sizes:
        torch.manual_seed(options.seed)
        step = Step(placed(network(width), options), options, batch)
        seconds = median_seconds(lambda: step(images[:batch], labels[:batch]), options.device)
        print(json.dumps({"batch": batch, "width": width, "seconds": seconds, "images_per_second": batch / seconds}), flush=True)


@torch.inference_mode()
def infer(options):
    """Recognition from bytes on the host to probabilities on the host."""
    bytes_of = torch.tensor(idx(options.data / "t10k-images-idx3-ubyte.gz")).unsqueeze(1)
    model = placed(network(), options).eval()
    forward = torch.compile(model, mode="reduce-overhead") if options.compile else model
    for batch in [1, 1024, 8192]:
        images = bytes_of[:batch].contiguous()
        images = images.pin_memory() if options.device == "cuda" else images
        work = lambda: forward(images.to(options.device, non_blocking=True).float() / 255).softmax(1).cpu()
        seconds = median_seconds(work, options.device)
        print(json.dumps({"batch": batch, "seconds": seconds, "images_per_second": batch / seconds}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--graphs", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--infer", action="store_true")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "data" / "mnist")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_float32_matmul_precision("high" if options.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = options.tf32
    torch.backends.cudnn.benchmark = True
    if options.infer:
        return infer(options)
    images, labels = load(options.data, "train", options.device)
    if options.channels_last:
        images = images.to(memory_format=torch.channels_last)
    if options.scale:
        return scale(options, images, labels)
    step = Step(placed(network(), options), options, BATCH)
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
    forms = {name: getattr(options, name) for name in ["graphs", "compile", "tf32", "channels_last"]}
    print(json.dumps(last | {"torch": torch.__version__, "device": device} | forms), flush=True)


if __name__ == "__main__":
    main()
