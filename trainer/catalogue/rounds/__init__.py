"""Rounds: the rules of play."""

from typing import Annotated

from trainer.catalogue.choice import BY_NAME, Custom
from trainer.catalogue.rounds.inference import (
    AutoencoderRound,
    CausalRound,
    LatentOptimizationRound,
    LatentRegressorRound,
    NegativeSamplingRound,
    PairsRound,
    PredictorRound,
)
from trainer.catalogue.rounds.ordinary import (
    EnergyRound,
    OrdinaryRound,
    PyramidRound,
    RewardedRound,
    SimultaneousRound,
    StyleBasedRound,
)
from trainer.catalogue.rounds.round import unfit_data as unfit_data
from trainer.catalogue.rounds.translation import ClipsRound, CoupledRound, JointRound, StyleRound
from trainer.catalogue.rounds.writers import (
    CaptioningRound,
    GumbelRound,
    LikelihoodRound,
    PolicyRound,
    ProgramsRound,
)

Round = Annotated[
    OrdinaryRound
    | RewardedRound
    | LatentRegressorRound
    | PredictorRound
    | CausalRound
    | StyleRound
    | StyleBasedRound
    | JointRound
    | EnergyRound
    | SimultaneousRound
    | PairsRound
    | AutoencoderRound
    | LatentOptimizationRound
    | NegativeSamplingRound
    | CoupledRound
    | ClipsRound
    | PyramidRound
    | PolicyRound
    | ProgramsRound
    | CaptioningRound
    | LikelihoodRound
    | GumbelRound
    | Custom,
    BY_NAME,
]
