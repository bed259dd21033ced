"""Pictures four times larger: bicubic, a small network by pixels, SRGAN, ESRGAN's losses.

Held-out squares of the two photographs that scikit-learn ships, enlarged from a sixteenth of their
pixels. PSNR and SSIM are of the luminance, 8 bits, four pixels left out along each side, as such
numbers are published; the distance is that of features, of a classifier of the training squares, to
those of the true picture. A number is the mean over squares, and flat ones of sky have very high
ratios: read it beside bicubic's, not beside other test sets. All networks have 24 filters and three
blocks, 90 000 weights.

Expected: pixels alone are a decibel or more above bicubic; the games lose some of it and gain in
distance. Reference: Ledig et al. 2017 (Set5: bicubic 28.4, SRResNet 32.05, SRGAN 29.40 dB); Wang et
al. 2018.
"""

from pathlib import Path

from benchmarks.ablation import Ablation

# 90 000 weights, and what they are given.
NETWORK = (
    "condition={name: derived, factor: 4, kernel: bicubic}",
    "network.base_filters=24",
    "network.blocks=3",
)
_COMMON = ("data.source=photographs", *NETWORK)
_FIRST = "wrappers=[{name: pretrain, steps: 5000}]"
_ESRGAN = (
    "objective=relativistic_average",
    "terms=[{name: content, weight: 100.0, norm: absolute}, {name: reconstruction, weight: 1.0}]",
    "wrappers=[{name: pretrain, steps: 5000, norm: absolute}]",
)
ABLATION = Ablation(
    recipe="srgan-digits",
    games={
        "pixels alone": (*_COMMON, "wrappers=[{name: pretrain, steps: 1000000}]", "terms=[]"),
        "SRGAN": (*_COMMON, _FIRST, "train.steps=8000"),
        "ESRGAN's losses": (*_COMMON, *_ESRGAN, "train.steps=8000"),
    },
    columns={
        "PSNR-Y, dB": "psnr_y",
        "SSIM-Y": "ssim_y",
        "distance of features": "paired_distance",
    },
    row="enlarged by",
    evaluation=(
        "evaluate.metrics=[{name: psnr, crop: 4}, {name: ssim, crop: 4}, paired_distance]",
        "evaluate.extractor=classifier",
    ),
    floors={
        "bicubic": {
            "PSNR-Y, dB": "psnr_y_input",
            "SSIM-Y": "ssim_y_input",
            "distance of features": "paired_distance_input",
        }
    },
    work=Path("runs/super-resolution"),
    details={"held-out squares": 104},
)

add_arguments, run = ABLATION.add_arguments, ABLATION.run
