"""Terms: further losses of either side; penalties are terms that constrain."""

from typing import Annotated

from trainer.catalogue.choice import BY_NAME, Custom
from trainer.catalogue.terms.captions import Interpolation, MatchingAware
from trainer.catalogue.terms.fakes import FeatureMatching, ModeSeeking, PullingAway
from trainer.catalogue.terms.guesses import Content, GapHistogram, Penetration, Reconstruction
from trainer.catalogue.terms.heads import (
    Adaptation,
    Classification,
    GivenCategory,
    MutualInformation,
    Regression,
    Supervised,
)
from trainer.catalogue.terms.penalties import R1, R2, Dragan, Drift, GradientPenalty

Penalty = Annotated[GradientPenalty | R1 | R2 | Dragan | Drift | Custom, BY_NAME]
AnyTerm = Annotated[
    Classification
    | Regression
    | MutualInformation
    | Reconstruction
    | Content
    | Penetration
    | GapHistogram
    | Supervised
    | Adaptation
    | FeatureMatching
    | PullingAway
    | ModeSeeking
    | MatchingAware
    | Interpolation
    | GivenCategory
    | Custom,
    BY_NAME,
]
