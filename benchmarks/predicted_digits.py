"""The next frames of moving digits, by squared differences alone and with an adversary beside them.

Errors are of held-out clips, whose digits training never saw: the squared error summed over a
frame's pixels, as Moving MNIST is published (Srivastava et al. 2015, on another canvas, so that the
numbers do not compare), likeness, the error of motion, and sharpness. Beside them stands what takes
no learning: the last given frame, the mean of all, and black frames.

Reference: Mathieu et al. 2016, "Deep multi-scale video prediction beyond mean square error".
"""

from pathlib import Path

from benchmarks.ablation import Ablation

# Beside such a weight of the squares an adversary weighs nothing.
_ALONE = "terms=[{name: reconstruction, norm: squared, weight: 1e6}]"
ABLATION = Ablation(
    recipe="predict-digits",
    games={"squares alone": (_ALONE,), "squares and adversary": ()},
    columns={
        "squared error": "frame_error",
        "SSIM": "frame_ssim",
        "error of motion": "motion_error",
        "sharpness": "frame_sharpness",
    },
    row="prediction",
    evaluation=("evaluate.metrics=[frame_errors]", "evaluate.extractor=raw"),
    floors={
        "last given frame": {"squared error": "frame_error_last"},
        "mean of given frames": {"squared error": "frame_error_mean"},
        "black frames": {"squared error": "frame_error_black"},
    },
    work=Path("runs/predicted"),
    details={"frames": "5 after 5, 16x16", "held-out clips": 500},
)

add_arguments, run = ABLATION.add_arguments, ABLATION.run
