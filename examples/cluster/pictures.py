"""Writes MNIST's test images as PNG files, as many as asked for, over and over: a folder to try score.py on.

  python3 examples/cluster/pictures.py FOLDER [COUNT]

The files are called by their number and their label, `0000000-7.png`, a thousand in a folder. A picture is 28 x 28 pixels of grey,
ink bright, as the data set has it.
"""

import gzip
import pathlib
import sys

import numpy
from PIL import Image

MNIST = pathlib.Path(__file__).parent.parent.parent / "data/mnist"


def read(name, header):
    return numpy.frombuffer(gzip.decompress((MNIST / name).read_bytes()), numpy.uint8, offset=header)


def main(folder, count):
    images, labels = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28), read("t10k-labels-idx1-ubyte.gz", 8)
    for number in range(count):
        path = pathlib.Path(folder) / f"{number // 1000:04}" / f"{number:07}-{labels[number % len(labels)]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[number % len(images)]).save(path)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder]:
            main(folder, 10_000)
        case [folder, count]:
            main(folder, int(count))
        case _:
            sys.exit(__doc__)
