"""Generative latent optimization: a generator alone, and a learned latent for every example."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.data.examples import Examples, read
from trainer.data.order import example_at
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch
from trainer.game.conditions.condition import Condition
from trainer.game.parts import Parts
from trainer.game.players import Network, Players
from trainer.game.priors import Prior
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.generation import generation
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.networks import code_table
from trainer.randomness import Noise

# Examples of which principal components are found at a time.
_BLOCK = 2048


class LatentOptimization(Round):
    """min over G and z_1 … z_N of Σ ℓ(G(z_i), x_i), every z_i in the unit ball.

    ℓ is the Laplacian pyramid's L1 distance for pictures and Σ |G(z) - x| for anything else. The
    codes z are weights like any others, so checkpoints hold them; which example a row of the batch
    is follows from its position in the run. They begin at the examples' principal components, or at
    random. Samples are made of latents that are drawn from the
    Gaussian with the mean and the full covariance of the codes.

    Reference: Bojanowski et al. 2018, "Optimizing the latent space of generative networks" (GLO).
    """

    def __init__(self, options: catalogue.LatentOptimizationRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.fields = {"sample": parts.spec.field("sample")}

    def roles(self) -> Mapping[str, Role]:
        """A generator, and the codes of all examples."""
        x = {name: modalities.seen_field(field) for name, field in self.fields.items()}
        z = self.parts.prior.ports
        example = Field((), "int64", "example", range=(0.0, self.parts.spec.count - 1.0))
        return {
            "generator": Role("generator", GENERATOR, z, x, averaged=True),
            "codes": Role("codes", GENERATOR, {"example": example}, z),
        }

    def begin(self, players: Players, examples: Examples) -> None:
        """Places the codes where the examples lie among their principal components."""
        if self.options.start == "components":
            (name,) = self.fields
            components = principal_codes(examples[name], self.parts.prior.size)
            code_table.set_codes(players["codes"].model, components)

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        batch = of_turn(batch, 0)
        position = noise.step * self.parts.experiment.train.batch_size + noise.position
        example = example_at(position, self.parts.spec.count, noise.seed)

        def turn() -> Outcome:
            made = players["generator"](players["codes"]({"example": example}))
            losses = [self._distance(made[name], batch[name]) for name in self.fields]
            return Outcome({"reconstruction_loss": tf.add_n(losses)})

        return updates.minimise(GENERATOR, turn)

    def _distance(self, made: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        levels = self.options.levels if x.shape.rank == 4 else 1
        return laplacian_distance(made, x, levels)

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Samples from seeds and from latents."""
        prior, condition = self.parts.prior, self.parts.condition
        codes = networks["codes"]
        everyone = tf.range(self.parts.spec.count, dtype=tf.int64)
        sampler = _CodeSampler(
            networks["generator"],
            prior,
            condition,
            self.fields,
            lambda: codes({"example": everyone})["latent"],
        )
        return generation(sampler)


def principal_codes(examples: np.ndarray, size: int) -> np.ndarray:
    """Scores on the first principal components, scaled alike so that the longest has length one.

    Args:
        examples: [n, …] as they are stored; they are gone through in blocks.
        size: how many components; those beyond what the data has are zero.

    Returns:
        float32 [n, size].

    A start that Bojanowski et al. 2018 name beside a random one.
    """
    from sklearn.decomposition import IncrementalPCA

    count = len(examples)
    places = np.array_split(np.arange(count), -(-count // _BLOCK))
    blocks = [slice(part[0], part[-1] + 1) for part in places]
    width = int(np.prod(examples.shape[1:]))
    components = IncrementalPCA(min(size, width, len(places[-1])))
    for block in blocks:
        components.partial_fit(_rows(examples, block))
    scores = np.concatenate([components.transform(_rows(examples, block)) for block in blocks])
    codes = np.zeros((count, size), np.float32)
    codes[:, : scores.shape[1]] = scores / max(np.linalg.norm(scores, axis=1).max(), 1e-12)
    return codes


def _rows(examples: np.ndarray, block: slice) -> np.ndarray:
    return read(examples, block).reshape(block.stop - block.start, -1).astype(np.float64)


class _CodeSampler(Sampler):
    """Latents are drawn from a Gaussian with the moments of the codes."""

    def __init__(
        self,
        generator: Network,
        prior: Prior,
        condition: Condition,
        fields: Mapping[str, Field],
        codes: Callable[[], tf.Tensor],
    ) -> None:
        super().__init__(generator, prior, condition, fields)
        self._codes = codes

    def latents(self, seed: tf.Tensor) -> tf.Tensor:
        """Seed int64 [n] → latent float32 [n, z]: μ + L ε, Σ = L Lᵀ."""
        codes = self._codes()
        noise = self.prior.sample(randomness.key_of(seed, "latent"))
        mean = tf.reduce_mean(codes, axis=0)
        apart = codes - mean
        covariance = tf.matmul(apart, apart, transpose_a=True) / float(codes.shape[0] or 1)
        root = tf.linalg.cholesky(covariance + 1e-6 * tf.eye(self.prior.size))
        # Summed number by number, so that a row does not depend on how many there are.
        return mean + tf.reduce_sum(noise[:, tf.newaxis, :] * root, axis=-1)


def laplacian_distance(made: tf.Tensor, x: tf.Tensor, levels: int) -> tf.Tensor:
    """Σ_j 2^(2j) |L_j(made) - L_j(x)|, float32 [b]: sums over the numbers of every level.

    L_0 … are what each halving of a picture by means of 2x2 pixels loses, the last what is left; a
    side that is odd or too small to be halved ends the pyramid sooner. One level is Σ |made - x|.

    Args:
        made: float32 [b, …], pictures where there is more than one level.
        x: of the same shape.
        levels: of the pyramid.

    Reference: Ling & Okada 2006; Bojanowski et al. 2018, equation 4.
    """
    rest, total = made - x, tf.zeros([tf.shape(x)[0]])
    for level in range(levels):
        last = level == levels - 1 or any(side % 2 for side in rest.shape[1:3])
        lost, rest = (rest, rest) if last else _halved(rest)
        axes = list(range(1, lost.shape.rank))
        total += 4.0**level * tf.reduce_sum(tf.abs(lost), axis=axes)
        if last:
            break
    return total


def _halved(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What a halving loses, in the size of the pictures, and the half-sized pictures."""
    small = tf.nn.avg_pool2d(pictures, 2, 2, "VALID")
    return pictures - tf.repeat(tf.repeat(small, 2, axis=1), 2, axis=2), small
