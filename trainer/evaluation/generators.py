"""What an evaluation asks of a model, whether it lives in a run or in an export."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from serving.description import Description
from trainer.data import symbols
from trainer.data.examples import Examples, sample_of
from trainer.data.modalities import table
from trainer.errors import ConfigError, MetricError
from trainer.evaluation.samples import SampleSet
from trainer.fields import Field


class Model(Protocol):
    """A live game or an export: signatures by name."""

    @property
    def description(self) -> Description:
        """What the model says of itself."""
        ...

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of a signature for arrays of n rows each, n at least 1."""
        ...


class Generator:
    """seed → latent → sample, in numpy arrays of any number of rows.

    Attributes:
        prior: name of the distribution of latents.
        layout: the parts of a latent in order.
        signatures: names of what the model can be asked.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        document = model.description.document
        self.prior, self.layout = document["latent"]["prior"], document["latent"]["layout"]
        # A run answers more than it exports.
        self.signatures = frozenset(document["signatures"]) | set(getattr(model, "signatures", ()))
        self._fields: Mapping[str, Any] = document.get("fields", {})
        if set(self._fields.get("decode", {}).get("inputs", ())) - {"latent", "label"}:
            # Latents alone make no samples where a map or a caption must be given, too.
            self.signatures -= {"decode"}
        if len(self._fields.get("classify", {}).get("inputs", ())) > 1:
            # Nor can a sample be classified alone where a condition must be given, too.
            self.signatures -= {"classify"}
        self._output = document["sample"]["output"]
        self._conditional = model.description.num_classes is not None
        self._unrounded = hasattr(model, "signatures") and "decode_unrounded" in model.signatures

    @property
    def has_codes_alone(self) -> bool:
        """Whether latents have codes, and make samples without a condition."""
        can_decode = "decode" in self.signatures and not self._conditional
        return can_decode and bool(self._model.description.code_names)

    def labels(self, seeds: np.ndarray) -> np.ndarray | None:
        """Seeds int64 [n] → labels int64 [n] from the data's marginal; None without a condition."""
        return self.conditions(seeds)["label"] if self._conditional else None

    def conditions(self, seeds: np.ndarray) -> dict[str, np.ndarray]:
        """Seeds int64 [n] → what `generate` draws for them, by the names of a request.

        Raises:
            MetricError: where an export does not answer all of it.
        """
        asked = [name for name in self.inputs_of("generate_conditional") if name != "seed"]
        # An export tells what it draws only beside what it makes of it.
        name = "condition" if hasattr(self._model, "signatures") else "generate"
        drawn = self._model.run(name, {"seed": seeds})
        unknown = [name for name in asked if name not in drawn]
        if unknown:
            raise MetricError(
                f"the export does not tell which {', '.join(unknown)} it draws; give the run."
            )
        return {name: drawn[name] for name in asked}

    def latents(self, seeds: np.ndarray) -> np.ndarray:
        """Seeds int64 [n] → latents float32 [n, z]."""
        return self._model.run("latents", {"seed": seeds})["latent"]

    def decode(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Latents [n, z] (and labels [n]) → samples [n, *shape], as stored."""
        return self._model.run("decode", {"latent": latents} | _asked(labels))[self._output]

    def decode_unrounded(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """As `decode`, but float32 in the same units: integers are not rounded.

        Raises:
            MetricError: where only rounded samples can be had.
        """
        if self._output not in ("image", "clip"):
            return self.decode(latents, labels)
        if not self._unrounded:
            raise MetricError(
                "an export gives whole grey levels, in which a small step is rounding alone; "
                "give the run."
            )
        inputs = {"latent": latents} | _asked(labels)
        return self._model.run("decode_unrounded", inputs)["sample"]

    def generate(self, seeds: np.ndarray) -> np.ndarray:
        """Seeds int64 [n] → samples [n, *shape], as stored, under the conditions that they draw."""
        return self.generate_under(seeds, {})

    def generate_under(self, seeds: np.ndarray, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """As `generate`, for all of the condition's values, n rows each; for drawn ones without."""
        name = "generate_conditional" if values else "generate"
        return self._model.run(name, {"seed": seeds, **values})[self._output]

    def named(self, seeds: np.ndarray, signature: str = "generate") -> dict[str, np.ndarray]:
        """Seeds int64 [n] → all that a signature answers: columns of a table, texts, [n] each."""
        return self._model.run(signature, {"seed": seeds})

    def translate(self, signature: str, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """What a signature makes of inputs of n rows each."""
        outputs = self._model.run(signature, inputs)
        return outputs[self._output] if self._output in outputs else next(iter(outputs.values()))

    def oddness(self, samples: np.ndarray) -> np.ndarray:
        """How odd samples [n, *shape] are, float32 [n]; larger is odder."""
        return self._model.run("anomaly_score", {self._output: samples})["anomaly"]

    def classes(self, signature: str, samples: np.ndarray) -> np.ndarray:
        """The class that a signature reads in each of samples [n, *shape], int64 [n]."""
        (name,) = self.inputs_of(signature)
        return self._model.run(signature, {name: samples})["label"]

    def log_weights(self, samples: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        """Log p(x, z) - log q(z | x) for samples [n, *shape] and a z for each seed [n], [n]."""
        return self._model.run("log_weight", {self._output: samples, "seed": seeds})["log_weight"]

    def log_probabilities(self, samples: np.ndarray) -> np.ndarray:
        """Log p of every symbol of sequences int32 [n, T] behind those before it, [n, T]."""
        asked = {"sample": samples}
        return self._model.run("log_probability", asked)["log_probability"]

    def inputs_of(self, signature: str) -> list[str]:
        """Names of what a signature is given."""
        return list(self._fields[signature]["inputs"])

    def asked_for(self, signature: str | None) -> str | None:
        """The signature that makes samples of given pictures; None where seeds suffice.

        Args:
            signature: what was asked for; None takes `generate`, or else the first that translates
                or writes captions.

        Raises:
            ConfigError: when the model has no such signature, or it makes no samples.
        """
        makers = sorted(n for n, f in self._fields.items() if self._output in f["outputs"])
        if signature is not None and signature not in makers:
            raise ConfigError(
                f"evaluate.signature: received {signature!r}, and the signatures of this model "
                f"that make samples are {', '.join(makers)}; name one of them."
            )
        if "generate" in ((signature,) if signature else self.signatures):
            return None
        usual = (n for n in makers if n.startswith("translate") or n == "caption")
        return signature or next(usual, None)

    def picture_of(self, signature: str) -> str | None:
        """The name of the first picture or clip that a signature is given; None without one."""
        inputs = self._fields[signature]["inputs"]
        kinds = ("image", "clip")
        return next((name for name, field in inputs.items() if field["kind"] in kinds), None)


def _asked(labels: np.ndarray | None) -> dict[str, np.ndarray]:
    """The condition of a request; nothing where there are no labels."""
    return {} if labels is None else {"label": labels}


# Signature, name of an input and examples as stored → that input for each of them.
ExampleInput = Callable[[str, str, Mapping[str, np.ndarray]], np.ndarray]


def samples_of(generator: Generator, count: int, first_seed: int, field: Field) -> SampleSet:
    """Sample i is the model's for seed `first_seed + i`, as in serving and `gan generate`.

    Args:
        generator: what is asked.
        count: of samples.
        first_seed: see above.
        field: of the real samples; symbols, and categories of a table, get their numbers there.

    Raises:
        ConfigError: for rows of other columns, categories or symbols, when they are made.
    """
    seeds = first_seed + np.arange(count, dtype=np.int64)
    if field.kind == "table":
        return SampleSet(count, lambda own: table.rows_of(generator.named(seeds[own]), field))
    labels = generator.labels(seeds)
    if field.kind == "tokens":
        texts = SampleSet(count, lambda own: symbols.rows_of(generator.named(seeds[own]), field))
        return replace(texts, labels=labels)

    return SampleSet(count, lambda own: generator.generate(seeds[own]), labels)


def translations_of(
    generator: Generator,
    signature: str,
    limit: int,
    first_seed: int,
    examples: Sequence[Examples],
    given: ExampleInput,
    field: Field,
) -> SampleSet:
    """Sample i is made of example i by a signature, and should be that example's own sample.

    It has a truth where all that the model is given lies in the sample's own row.

    Args:
        generator: the model.
        signature: its own.
        limit: of samples; there are at most as many as examples.
        first_seed: sample i has the seed `first_seed + i`, where the model is stochastic.
        examples: parts of a data set, gone through one after the other.
        given: what an example holds for an input of the model.
        field: of the real samples; symbols get their numbers there.

    Raises:
        ConfigError: when there are no examples, or they lack what the model is given.
    """
    held = _Held(signature, examples, given)
    count = min(limit, held.count)
    if not count:
        raise ConfigError(
            "data.holdout_share: no example is held out, of which this model could make samples; "
            "train with more than 0."
        )
    inputs = generator.inputs_of(signature)
    names = [name for name in inputs if name != "seed"]

    def make(positions: np.ndarray) -> np.ndarray:
        asked = {name: held.make(name, positions) for name in names}
        if "seed" in inputs:
            asked["seed"] = first_seed + positions
        made = generator.translate(signature, asked)
        return symbols.rows_of({"text": made}, field) if field.kind == "tokens" else made

    picture = generator.picture_of(signature)
    return SampleSet(
        count,
        make,
        truth=SampleSet(count, held.samples.make) if held.lie_with_samples(names) else None,
        given=None if picture is None else SampleSet(count, partial(held.make, picture)),
    )


class _Held:
    """What examples, parts of a data set one after the other, hold for inputs of a signature."""

    def __init__(self, signature: str, examples: Sequence[Examples], given: ExampleInput) -> None:
        self._signature, self._given, self._tables = signature, given, examples[0].tables
        names = [name for name in examples[0] if all(name in part for part in examples)]
        self._columns = {
            name: SampleSet.joined([SampleSet.of_array(part[name]) for part in examples])
            for name in names
        }

    @property
    def count(self) -> int:
        """How many examples there are."""
        return min(column.count for column in self._columns.values())

    @property
    def samples(self) -> SampleSet:
        """What the examples' own samples are."""
        return self._columns[sample_of(self._columns)]

    def make(self, name: str, positions: np.ndarray) -> np.ndarray:
        """An input for the examples at some positions."""
        rows = {name: column.make(positions) for name, column in self._columns.items()}
        try:
            return self._given(self._signature, name, rows)
        except KeyError as error:
            raise ConfigError(
                f"--reference: {self._signature} is given {name!r}, which this data does not hold "
                f"(its fields are {', '.join(rows)}); give data like that of the training."
            ) from error

    def lie_with_samples(self, names: Sequence[str]) -> bool:
        """Whether the rows of the samples hold all of these inputs."""
        sample = sample_of(self._columns)
        table = next(table for table in self._tables if sample in table)
        row = {name: self._columns[name].make(np.arange(1)) for name in table}
        try:
            for name in names:
                self._given(self._signature, name, row)
        except KeyError:
            return False
        return True
