"""What holds for every array that comes in, whichever way it was written."""

from collections.abc import Sequence

from serving.server.status import invalid_argument

# TensorFlow copies strings between its tensors and NumPy's arrays by an iterator of NumPy that ends
# here. It does not look whether it got one: beyond, the process would die.
MAX_RANK = 32


def check_rank(shape: Sequence[int]) -> None:
    """Refuses what no model has and TensorFlow does not survive.

    Raises:
        StatusError: INVALID_ARGUMENT; the text names the limit.
    """
    if len(shape) > MAX_RANK:
        raise invalid_argument(
            f"A tensor has {len(shape)} dimensions; this server takes at most {MAX_RANK}."
        )
