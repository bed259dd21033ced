"""Pretraining: the generator first learns to be near the examples, alone."""

from typing import Any

from trainer import catalogue
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Players
from trainer.game.roles import GENERATOR
from trainer.game.rounds.round import Round, of_turn
from trainer.game.terms.reconstruction import NORMS
from trainer.game.turns import Outcome, Updates
from trainer.game.updater import Updater
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise


class Pretrain(Wrapper):
    """For `steps` steps the generator alone minimises d(x, G(y)); then the game begins.

    Both optimizers begin anew with the game. A generator that is near already is what the
    discriminator is to improve: from random weights, enlarging games end in artefacts.

    Reference: Ledig et al. 2017, "Photo-realistic single image super-resolution using a generative
    adversarial network", section 3.2 (SRResNet, by the squared error); Wang et al. 2018, section
    3.4 (ESRGAN, by the absolute one).
    """

    def __init__(self, options: catalogue.Pretrain, round: Round, parts: Parts) -> None:
        super().__init__(options, round, parts)
        self.stage = 0

    def stages(self) -> tuple[int, ...]:
        """Where the game begins."""
        return (self.options.steps,)

    def at(self, stage: int) -> Round:
        """The generator alone (0), the game (1)."""
        there: Any = super().at(0)
        there.stage = stage
        return there

    def enter(self, stage: int, updater: Updater) -> None:
        """Lets the optimizers begin anew."""
        updater.forget()

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        if self.stage:
            return super().play(players, batch, noise, updates)
        round_: Any = self.round
        first, own = of_turn(batch, 0), noise.within("pretrain")
        drawn = round_.given(first, own)

        def turn() -> Outcome:
            fake = round_.fake(players, round_.conditioned(drawn, players))
            error = NORMS[self.options.norm](fake["sample"], first["sample"])
            return Outcome({"generator_pretraining": error})

        return updates.minimise(GENERATOR, turn)
