"""The loop of PyTorch's DCGAN example around the players of dcgan-mnist; runs under PyTorch.

The alternating loop: the discriminator's gradient is collected from a real batch and from a
detached fake one, it takes its step, and the fakes go through it again for the generator. Written
from the example's description; the discriminator's last padding is symmetric, which costs the same.

Reference: https://github.com/pytorch/examples/tree/main/dcgan
"""

import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.harness import serve

_FILTERS = (64, 128, 256)


def generator(latent_size: int) -> nn.Module:
    """Latent [b, z] → image [b, 1, 28, 28]: 4, 7, 14, 28."""
    return nn.Sequential(
        nn.Linear(latent_size, 16 * _FILTERS[2], bias=False),
        nn.Unflatten(1, (_FILTERS[2], 4, 4)),
        *(nn.BatchNorm2d(_FILTERS[2]), nn.ReLU(True)),
        nn.ConvTranspose2d(_FILTERS[2], _FILTERS[1], 4, 2, 2, output_padding=1, bias=False),
        *(nn.BatchNorm2d(_FILTERS[1]), nn.ReLU(True)),
        nn.ConvTranspose2d(_FILTERS[1], _FILTERS[0], 4, 2, 1, bias=False),
        *(nn.BatchNorm2d(_FILTERS[0]), nn.ReLU(True)),
        nn.ConvTranspose2d(_FILTERS[0], 1, 4, 2, 1),
        nn.Tanh(),
    )


def discriminator() -> nn.Module:
    """Image [b, 1, 28, 28] → logit [b, 1]: 28, 14, 7, 4."""
    return nn.Sequential(
        nn.Conv2d(1, _FILTERS[0], 4, 2, 1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(_FILTERS[0], _FILTERS[1], 4, 2, 1, bias=False),
        *(nn.BatchNorm2d(_FILTERS[1]), nn.LeakyReLU(0.2, inplace=True)),
        nn.Conv2d(_FILTERS[1], _FILTERS[2], 4, 2, 2, bias=False),
        *(nn.BatchNorm2d(_FILTERS[2]), nn.LeakyReLU(0.2, inplace=True)),
        nn.Flatten(),
        nn.Linear(16 * _FILTERS[2], 1),
    )


def _initialized(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
    return network


class Loop:
    """The example's loop, fed from memory.

    Args:
        images: uint8 [n, 1, 28, 28].
        batch_size: real images of a step.
        latent_size: numbers in a latent.
        bfloat16: whether forward passes run under autocast.
        channels_last: whether tensors lie in memory as [b, h, w, c].
    """

    def __init__(
        self,
        images: torch.Tensor,
        *,
        batch_size: int,
        latent_size: int,
        bfloat16: bool,
        channels_last: bool,
    ) -> None:
        self.images, self.batch_size, self.latent_size = images, batch_size, latent_size
        self.bfloat16 = bfloat16
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.layout = layout
        self.generator = _initialized(generator(latent_size)).to(memory_format=layout)
        self.discriminator = _initialized(discriminator()).to(memory_format=layout)
        self.criterion = nn.BCEWithLogitsLoss()
        self.g_optimizer = torch.optim.Adam(self.generator.parameters(), 2e-4, (0.5, 0.999))
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), 2e-4, (0.5, 0.999))
        self.ones = torch.ones(batch_size, 1)
        self.zeros = torch.zeros(batch_size, 1)

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.bfloat16:
            return torch.autocast("cpu", torch.bfloat16)
        return contextlib.nullcontext()

    def _loss(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with self._autocast():
            logits = self.discriminator(images)
        return self.criterion(logits.float(), labels)

    def _batch(self) -> torch.Tensor:
        drawn = self.images[torch.randint(len(self.images), (self.batch_size,))]
        return (drawn.float() / 127.5 - 1.0).contiguous(memory_format=self.layout)

    def step(self) -> tuple[float, float]:
        """One step of each player."""
        self.discriminator.zero_grad()
        on_real = self._loss(self._batch(), self.ones)
        on_real.backward()
        with self._autocast():
            fake = self.generator(torch.randn(self.batch_size, self.latent_size)).float()
        on_fake = self._loss(fake.detach(), self.zeros)
        on_fake.backward()
        self.d_optimizer.step()
        self.generator.zero_grad()
        g_loss = self._loss(fake, self.ones)
        g_loss.backward()
        self.g_optimizer.step()
        return on_real.item() + on_fake.item(), g_loss.item()


def main() -> None:
    """Serves the loop in both precisions and both memory layouts."""
    options = json.loads(sys.argv[1])
    torch.set_num_threads(options["threads"])
    torch.set_flush_denormal(True)  # As TensorFlow does in its own threads.
    torch.manual_seed(0)
    images = torch.from_numpy(np.load(options["images"])["images"]).permute(0, 3, 1, 2).contiguous()

    def work(bfloat16: bool, channels_last: bool) -> Callable[[], None]:
        loop = Loop(
            images,
            batch_size=options["batch_size"],
            latent_size=options["latent_size"],
            bfloat16=bfloat16,
            channels_last=channels_last,
        )

        def run() -> None:
            for _ in range(options["steps"]):
                loop.step()

        return run

    works = {
        f"PyTorch example{', channels last' if last else ''}, {precision}": work(
            precision == "bfloat16", last
        )
        for precision in ("float32", "bfloat16")
        for last in (False, True)
    }
    serve(works, {"torch": torch.__version__})


if __name__ == "__main__":
    main()
