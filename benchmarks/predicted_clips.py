"""As `predicted_digits`, ten frames after ten of two digits on 32 pixels: Moving MNIST in small.

Published on Moving MNIST itself (64 pixels, digits of 28): ConvLSTM 103.3 with an SSIM of .707,
PredRNN-V2 48.4 and .891; black frames 174.9, the mean of the given ones 189.6, the last one 287.8.
The canvas here is smaller, so that the order compares and the numbers do not.

Reference: Srivastava et al. 2015, "Unsupervised learning of video representations using LSTMs".
"""

from dataclasses import replace
from pathlib import Path

from benchmarks import predicted_digits

_CLIPS = "{name: moving_digits, clips: 5000, frames: 20, past: 10, side: 32, digits: 2}"
_COMMON = (f"data.source={_CLIPS}", "train.batch_size=16")
ABLATION = replace(
    predicted_digits.ABLATION,
    games={
        game: (*_COMMON, *overrides) for game, overrides in predicted_digits.ABLATION.games.items()
    },
    work=Path("runs/predicted-clips"),
    details={"frames": "10 after 10, 32x32, two digits", "held-out clips": 500},
)

add_arguments, run = ABLATION.add_arguments, ABLATION.run
