"""What the convolutions of dcgan-mnist cost, and how fast this machine does them.

Both players are the same three convolutions: what one of them does forwards, the other's
transposed convolution does in its gradient. So each is one geometry with three operations, all of
the same number of multiplications.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from benchmarks.harness import timed

Operation = Literal["forward", "input_gradient", "filter_gradient"]


@dataclass(frozen=True)
class Geometry:
    """A convolution of stride two with "same" padding from `size`² × `channels`."""

    size: int
    channels: int
    filters: int
    kernel: int = 4

    @property
    def out_size(self) -> int:
        return (self.size + 1) // 2

    @property
    def flops(self) -> int:
        """Of one example: two for each multiplication, whichever operation it is."""
        return 2 * self.out_size**2 * self.kernel**2 * self.channels * self.filters


GEOMETRIES = (Geometry(28, 1, 64), Geometry(14, 64, 128), Geometry(7, 128, 256))
_FIRST, _INNER = GEOMETRIES[0], GEOMETRIES[1:]


@dataclass(frozen=True)
class Passes:
    """How often a step of some loop goes through the players, on batches of equal size.

    Attributes:
        generator: passes forwards; one of them goes backwards too.
        discriminator: passes forwards.
        discriminator_backward: gradients with respect to the discriminator's weights.
    """

    generator: int
    discriminator: int
    discriminator_backward: int


# Fresh latents for the generator's turn: this project's default and Keras' example.
FRESH = Passes(generator=2, discriminator=3, discriminator_backward=2)
# The generator's turn plays the discriminator's fakes.
SHARED = Passes(generator=1, discriminator=3, discriminator_backward=2)
# PyTorch's example also computes weight gradients that it throws away in the generator's turn.
PYTORCH = Passes(generator=1, discriminator=3, discriminator_backward=3)
# TensorFlow's tutorial judges the fakes once for both players.
SIMULTANEOUS = Passes(generator=1, discriminator=2, discriminator_backward=2)


def uses(passes: Passes) -> dict[tuple[Geometry, Operation], int]:
    """How often each convolution is done in a step.

    A gradient stops at the picture, except where it goes on into the generator.
    """
    backward = passes.discriminator_backward
    through = backward if passes is PYTORCH else backward + 1
    count: dict[tuple[Geometry, Operation], int] = {}
    for geometry in GEOMETRIES:
        # The discriminator forwards, and the generator's gradient.
        count[geometry, "forward"] = passes.discriminator + 1
        inner = through if geometry is not _FIRST else 1
        count[geometry, "input_gradient"] = passes.generator + inner
        count[geometry, "filter_gradient"] = backward + 1
    return count


def step_flops(passes: Passes, batch_size: int) -> int:
    """Floating-point operations of a step's convolutions."""
    return batch_size * sum(g.flops * times for (g, _), times in uses(passes).items())


@dataclass(frozen=True)
class Ceiling:
    """The machine's best at this network's convolutions in one precision.

    Attributes:
        seconds: shortest time of each operation on a batch.
        gflops: of a step with fresh latents in which nothing but these is done.
        images_per_second: of such a step.
        product_gflops: of a product of two 1024×1024 matrices, for comparison.
    """

    seconds: Mapping[tuple[Geometry, Operation], float]
    gflops: float
    images_per_second: float
    product_gflops: float

    def as_dict(self) -> dict[str, object]:
        """Plain values, with the rate of each operation."""
        return {
            "gflops": round(self.gflops, 1),
            "images_per_second": round(self.images_per_second, 1),
            "matrix_product_gflops": round(self.product_gflops, 1),
            "operations_ms": {
                f"{g.size}x{g.size}x{g.channels} to {g.filters}, {operation}": round(1e3 * s, 3)
                for (g, operation), s in self.seconds.items()
            },
        }


def ceiling(dtype: tf.DType, *, batch_size: int, repeats: int) -> Ceiling:
    """Measures every operation by itself, as a plain TensorFlow function, and keeps the best."""
    works = {
        (geometry, operation): _operation(geometry, operation, dtype, batch_size)
        for geometry, operation in uses(FRESH)
    }
    seconds = dict.fromkeys(works, math.inf)
    product, product_seconds = _matrix_product(dtype), math.inf
    for work in (*works.values(), product):
        work()
    for _ in range(repeats):
        for key, work in works.items():
            seconds[key] = min(seconds[key], timed(work).seconds)
        product_seconds = min(product_seconds, timed(product).seconds)
    step = sum(seconds[key] * times for key, times in uses(FRESH).items())
    flops = step_flops(FRESH, batch_size)
    return Ceiling(
        seconds, flops / step / 1e9, batch_size / step, 2 * 1024**3 / product_seconds / 1e9
    )


def _operation(
    geometry: Geometry, operation: Operation, dtype: tf.DType, batch_size: int
) -> Callable[[], object]:
    image = [batch_size, geometry.size, geometry.size, geometry.channels]
    small = [batch_size, geometry.out_size, geometry.out_size, geometry.filters]
    weights = [geometry.kernel, geometry.kernel, geometry.channels, geometry.filters]
    x, y, w = (tf.Variable(tf.cast(tf.random.normal(s), dtype)) for s in (image, small, weights))
    same = {"strides": [1, 2, 2, 1], "padding": "SAME"}

    @tf.function
    def work() -> tf.Tensor:
        if operation == "forward":
            result = tf.nn.conv2d(x, w, 2, "SAME")
        elif operation == "input_gradient":
            result = tf.nn.conv2d_transpose(y, w, image, 2, "SAME")
        else:
            result = tf.raw_ops.Conv2DBackpropFilter(
                input=x, filter_sizes=weights, out_backprop=y, **same
            )
        return result[0, 0, 0, 0]

    compiled = work.get_concrete_function()
    return lambda: compiled().numpy()


def _matrix_product(dtype: tf.DType) -> Callable[[], object]:
    a, b = (tf.Variable(tf.cast(tf.random.normal([1024, 1024]), dtype)) for _ in range(2))

    @tf.function
    def work() -> tf.Tensor:
        return tf.matmul(a, b)[0, 0]

    compiled = work.get_concrete_function()
    return lambda: compiled().numpy()
