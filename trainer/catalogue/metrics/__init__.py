"""Metrics: what each takes, the numbers it gives, and how these are read; no TensorFlow.

A new metric is a class in the file of its family here and its name in the union below; a pure
function in `trainer.metrics`; and the function that `target` names, in the file of the same name in
`trainer.evaluation.measures`, which hands the one what the other asks for.
"""

from typing import Annotated

from trainer.catalogue.choice import BY_NAME, members
from trainer.catalogue.metrics.captions import Captioned
from trainer.catalogue.metrics.classes import IntraFrechet, IntraPrdc
from trainer.catalogue.metrics.clips import FrameErrors
from trainer.catalogue.metrics.colours import ColourHistograms
from trainer.catalogue.metrics.conditions import ConditionalDiversity
from trainer.catalogue.metrics.copying import Memorisation
from trainer.catalogue.metrics.diversity import BirthdayTest, Modes, MsSsim
from trainer.catalogue.metrics.equilibrium import DualityGap
from trainer.catalogue.metrics.features import FrechetDistance, InceptionScore, KernelDistance, Prdc
from trainer.catalogue.metrics.gaps import Contacts
from trainer.catalogue.metrics.labels import ClassifierAccuracy, DomainAccuracy, GanTest, GanTrain
from trainer.catalogue.metrics.latents import Disentanglement, PathLength
from trainer.catalogue.metrics.likelihood import Likelihood
from trainer.catalogue.metrics.metric import NEEDS, Direction, Metric, MetricInfo, Values
from trainer.catalogue.metrics.molecules import MoleculeCounts
from trainer.catalogue.metrics.oddness import Detection
from trainer.catalogue.metrics.pairs import AbsoluteError, PairedDistance, Psnr, Ssim
from trainer.catalogue.metrics.plans import Feasibility
from trainer.catalogue.metrics.samples import LaplacianSwd, Parzen, SlicedWasserstein
from trainer.catalogue.metrics.sequences import (
    Coupling,
    Designs,
    Motif,
    NGrams,
    PositionMatrix,
    Sites,
)
from trainer.catalogue.metrics.tables import ClosestRecord, MixedColumns, Utility
from trainer.catalogue.metrics.texts import (
    Bleu,
    Distinct,
    Grammatical,
    Novelty,
    OracleLikelihood,
    SelfBleu,
    TextLikelihood,
)
from trainer.catalogue.metrics.vectors import (
    Autocorrelation,
    Columns,
    MaximumMeanDiscrepancy,
    WassersteinDistance,
)

AnyMetric = Annotated[
    FrechetDistance
    | KernelDistance
    | InceptionScore
    | Prdc
    | SlicedWasserstein
    | LaplacianSwd
    | MsSsim
    | ConditionalDiversity
    | Memorisation
    | BirthdayTest
    | Modes
    | GanTest
    | GanTrain
    | ClassifierAccuracy
    | DomainAccuracy
    | IntraFrechet
    | IntraPrdc
    | PathLength
    | Parzen
    | DualityGap
    | Disentanglement
    | Detection
    | Likelihood
    | AbsoluteError
    | Psnr
    | Ssim
    | PairedDistance
    | ColourHistograms
    | Contacts
    | FrameErrors
    | Feasibility
    | WassersteinDistance
    | MaximumMeanDiscrepancy
    | Columns
    | Autocorrelation
    | Utility
    | MixedColumns
    | ClosestRecord
    | Captioned
    | NGrams
    | Motif
    | PositionMatrix
    | Sites
    | Coupling
    | Designs
    | MoleculeCounts
    | Bleu
    | SelfBleu
    | Distinct
    | Novelty
    | Grammatical
    | OracleLikelihood
    | TextLikelihood,
    BY_NAME,
]

METRICS: tuple[type[Metric], ...] = tuple(
    metric for metric in members(AnyMetric) if issubclass(metric, Metric)
)

# How each number is read, by its key.
METRIC_INFO: Values = {key: info for metric in METRICS for key, info in metric.values.items()}
