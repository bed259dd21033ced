"""Networks: what the players are made of."""

from typing import Annotated

from trainer.catalogue.choice import BY_NAME, Custom
from trainer.catalogue.networks.clips import Frames, Vid2Vid
from trainer.catalogue.networks.molecules import MolGAN
from trainer.catalogue.networks.plain import DCGAN, MLP, R3GAN, SNGAN, CodeTable, CoGAN
from trainer.catalogue.networks.scales import Laplacian, Progressive, StyleGAN2
from trainer.catalogue.networks.sequences import Lstm, Recurrent, SequenceResNet, Words
from trainer.catalogue.networks.translation import SPADE, Patch, ResNet, SRResNet, UNet

Network = Annotated[
    MLP
    | DCGAN
    | CoGAN
    | SNGAN
    | R3GAN
    | UNet
    | ResNet
    | SPADE
    | SRResNet
    | Laplacian
    | Patch
    | Progressive
    | StyleGAN2
    | Recurrent
    | Lstm
    | SequenceResNet
    | Frames
    | Vid2Vid
    | CodeTable
    | Words
    | MolGAN
    | Custom,
    BY_NAME,
]
