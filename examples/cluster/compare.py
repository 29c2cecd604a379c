"""Whether score.py says what digits says: its CSV files, and those of `digits predict` of MNIST's test images as they are.

  digits predict data/mnist/t10k-images-idx3-ubyte.gz --out digits.csv
  python3 examples/cluster/compare.py OUT digits.csv

takes the pictures that pictures.py wrote, prints the accuracy by the labels in their names, and fails where a digit is another or a
confidence differs by more than 1e-5.
"""

import csv
import pathlib
import sys

TOLERANCE = 1e-5


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def main(out, digits):
    expected = rows(digits)
    scored = [row for file in pathlib.Path(out).glob("*.csv") for row in rows(file)]
    right, differ, worst = 0, 0, 0.0
    for row in scored:
        number, label = pathlib.Path(row["path"]).stem.split("-")
        ours = expected[int(number) % len(expected)]
        right += row["digit"] == label
        differ += row["digit"] != ours["digit"]
        worst = max(worst, abs(float(row["confidence"]) - float(ours["confidence"])))
    print(f"{len(scored):,} pictures, {right / len(scored):.2%} right; {differ} digits differ, confidences by {worst:.1e} at most")
    if differ or worst > TOLERANCE:
        sys.exit("error: digits says something else")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [out, digits]:
            main(out, digits)
        case _:
            sys.exit(__doc__)
