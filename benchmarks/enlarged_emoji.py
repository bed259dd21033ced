"""Emoji of 256 pixels from 64: a small network by pixels beside bicubic interpolation.

Whole pictures, of which a fifth is held out; PSNR and SSIM as in `super_resolution`, whose network
this is. The pictures have no classes, so there is no classifier whose features a game could be held
to: only pixels are played. Variants of skin colour, which would stand on both sides of the split,
are not among them. The data: pairs side by side, the picture left, as ../shared/data has in
emoji_pairs; `--set data.source=…` names another folder.

Expected: a decibel or more above bicubic. Flat colours and sharp edges are not photographs: read
the numbers beside bicubic's, not beside published ones.
"""

from dataclasses import replace
from pathlib import Path

from benchmarks import super_resolution

PAIRS = (
    "{name: side_by_side, pictures: 'folder:../shared/data/emoji_pairs/train', given_half: right}"
)
ABLATION = replace(
    super_resolution.ABLATION,
    games={
        "pixels alone": (
            *super_resolution.NETWORK,
            f"data.source={PAIRS}",
            "data.size=256",
            "data.channels=3",
            "data.holdout_share=0.2",
            "networks={discriminator: patch}",
            "wrappers=[{name: pretrain, steps: 1000000}]",
            "terms=[]",
            "train.batch_size=2",
            "train.steps=2500",
        )
    },
    columns={"PSNR-Y, dB": "psnr_y", "SSIM-Y": "ssim_y"},
    evaluation=(
        "evaluate.metrics=[{name: psnr, crop: 4}, {name: ssim, crop: 4}]",
        "evaluate.extractor=raw",
    ),
    floors={"bicubic": {"PSNR-Y, dB": "psnr_y_input", "SSIM-Y": "ssim_y_input"}},
    work=Path("runs/enlarged-emoji"),
    details={"held-out pictures": 146},
)

add_arguments, run = ABLATION.add_arguments, ABLATION.run
