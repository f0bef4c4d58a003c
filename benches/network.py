"""The training step of `--bin network` in jax (jit) and numpy, one thread: what emitted code is compared with.

`pip install jax numpy`, then `taskset -c 0 python benches/network.py`, in turns with `--bin network`.
Prints the fastest of 400 steps, measured in turns, for 784-50-10 and 784-50-100-10, batches of 100 in f32.
"""
import os
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import jax
import jax.numpy as jnp
import numpy as np

BATCH = 100
ROUNDS = 400
random = np.random.default_rng(1)


def parameters(sizes):
    """Weights and biases of each layer, in turns."""
    layers = []
    for inner, outer in zip(sizes, sizes[1:]):
        layers.append((random.random((inner, outer), dtype=np.float32) - 0.5) * 0.1)
        layers.append((random.random(outer, dtype=np.float32) - 0.5) * 0.1)
    return layers


def loss(layers, x, t):
    """Mean cross entropy of softmax, with rectifiers in between."""
    for place in range(0, len(layers) - 2, 2):
        x = jax.nn.relu(x @ layers[place] + layers[place + 1])
    scores = x @ layers[-2] + layers[-1]
    return -jnp.sum(t * jax.nn.log_softmax(scores)) / BATCH


def by_numpy(layers, x, t):
    """The loss and its gradient, as one writes it by hand."""
    values = [x]
    for place in range(0, len(layers) - 2, 2):
        values.append(np.maximum(values[-1] @ layers[place] + layers[place + 1], 0))
    scores = values[-1] @ layers[-2] + layers[-1]
    scores -= scores.max(1, keepdims=True)
    exponentials = np.exp(scores)
    sums = exponentials.sum(1, keepdims=True)
    value = -(t * (scores - np.log(sums))).sum() / BATCH
    cotangent = (exponentials / sums - t) / BATCH
    gradient = [None] * len(layers)
    for place in range(len(layers) - 2, -1, -2):
        read = values[place // 2]
        gradient[place], gradient[place + 1] = read.T @ cotangent, cotangent.sum(0)
        if place:
            cotangent = (cotangent @ layers[place].T) * (read > 0)
    return value, gradient


def main():
    x = random.random((BATCH, 784), dtype=np.float32)
    t = np.eye(10, dtype=np.float32)[np.arange(BATCH) % 10]
    for sizes in ([784, 50, 10], [784, 50, 100, 10]):
        layers = parameters(sizes)
        step = jax.jit(jax.value_and_grad(loss))
        of_jax = [jnp.array(layer) for layer in layers], jnp.array(x), jnp.array(t)
        value, gradient = jax.block_until_ready(step(*of_jax))
        own_value, own_gradient = by_numpy(layers, x, t)
        assert abs(value - own_value) < 1e-4
        assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(gradient, own_gradient))
        best = [float("inf")] * 2
        for _ in range(ROUNDS):
            for place, run in enumerate((lambda: jax.block_until_ready(step(*of_jax)), lambda: by_numpy(layers, x, t))):
                start = time.perf_counter()
                run()
                best[place] = min(best[place], time.perf_counter() - start)
        print("-".join(map(str, sizes)), f"jax {best[0] * 1e6:.0f} us, numpy {best[1] * 1e6:.0f} us")


main()
