"""Scores a folder of small pictures with an exported model, on Ray Data: one machine or a cluster of them.

  python3 examples/cluster/score.py digits.onnx PICTURES OUT [--actors N] [--batch N] [--address ADDRESS] [--gpu]

PICTURES is a folder of PNG or JPEG files of 28 x 28 pixels, ink bright on dark, with folders in it or without; OUT becomes a
folder of CSV files with the columns path, digit (`no digit` below the model's threshold) and confidence. README.md beside this file
says what to change for a cluster.
"""

import argparse
import pathlib
import sys
import time

import numpy
import ray

SIDE = 28


class Score:
    """A model in a process of its own: it is opened once, and sees one batch after the other."""

    def __init__(self, model, providers):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Ray deals out the processors; a session that took all of them would be in the others' way.
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=providers)
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.temperature = float(metadata["temperature"])
        self.threshold = float(metadata.get("threshold", 0))

    def __call__(self, batch):
        pixels = (batch["image"].reshape(-1, 1, SIDE, SIDE) / 255).astype(numpy.float32)
        [probabilities] = self.session.run(["probabilities"], {"pixels": pixels})
        # docs/exchange.md: the score is the largest probability at a temperature of ten.
        powers = probabilities ** (self.temperature / 10)
        is_digit = powers.max(1) / powers.sum(1) >= self.threshold
        digits = numpy.where(is_digit, probabilities.argmax(1).astype(str), "no digit")
        return {"path": batch["path"], "digit": digits, "confidence": probabilities.max(1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("pictures", help="a folder, or an address such as s3://bucket/folder")
    parser.add_argument("out", help="a folder, or such an address")
    parser.add_argument("--actors", type=int, help="processes that score at a time (default: one a processor but for one, or one a GPU)")
    parser.add_argument("--batch", type=int, default=1024, help="pictures that a process takes at a time")
    parser.add_argument("--address", help="of a cluster, `auto` on one of its machines; this machine alone without it")
    parser.add_argument("--gpu", action="store_true", help="a GPU for each process (needs onnxruntime-gpu)")
    arguments = parser.parse_args()
    if not arguments.model.is_file():
        sys.exit(f"error: {arguments.model} is no file; `digits export --onnx {arguments.model}` writes it")

    start = time.perf_counter()
    ray.init(address=arguments.address, log_to_driver=False, include_dashboard=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    resources = ray.cluster_resources()
    # One processor stays free for those that read and write: actors keep theirs to the end.
    actors = arguments.actors or max(int(resources.get("GPU", 1) if arguments.gpu else resources["CPU"] - 1), 1)
    providers = ["CUDAExecutionProvider"] if arguments.gpu else ["CPUExecutionProvider"]
    ready = time.perf_counter()
    pictures = ray.data.read_images(arguments.pictures, size=(SIDE, SIDE), mode="L", include_paths=True)
    scored = pictures.map_batches(
        Score,
        # The model travels with the processes: the machines need no folder in common for it.
        fn_constructor_args=(arguments.model.read_bytes(), providers),
        batch_size=arguments.batch,
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_gpus=1 if arguments.gpu else None,
    )
    scored.write_csv(arguments.out)
    print(f"{time.perf_counter() - ready:.1f} s, and {ready - start:.1f} s for Ray to start; {actors} processes")


if __name__ == "__main__":
    main()
