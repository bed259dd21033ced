"""The real samples of an evaluation, with their features, which are computed once and kept."""

import hashlib
import io
import logging
import zipfile
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from tqdm import tqdm

from trainer.config.experiment import Experiment
from trainer.data import loading, store
from trainer.data.examples import Dataset, Examples
from trainer.errors import ConfigError
from trainer.evaluation.extractors import Extractor, Features, make
from trainer.evaluation.samples import BLOCK, MEMORY_GIB, SampleSet
from trainer.files import write_atomically

_logger = logging.getLogger("saddlepoint")

# So many training examples at most are searched for copies.
_TRAINING_LIMIT = 100_000
# Kinds of samples that there are metrics for.
_MEASURED = ("image", "clip", "vector", "table", "tokens", "graph")


Split = Literal["test", "train", "all"]


def load(experiment: Experiment, trained_on: str | None = None) -> "Reference":
    """Reads the data that an experiment names, to be judged against.

    Args:
        experiment: its `data` and `evaluate`.
        trained_on: fingerprint of the training examples of what is evaluated, where the data may be
            another one; empty where it is not known.

    Raises:
        ConfigError: when it cannot be read, or no metric is for its kind.
    """
    gib = min(experiment.data.cache_gib, MEMORY_GIB)
    data = experiment.data.model_copy(update={"cache_gib": gib})
    dataset = loading.load(data)
    kind = dataset.spec.sample.kind
    if kind not in _MEASURED:
        raise ConfigError(
            f"TARGET: samples of {data.source} are of kind {kind!r}, for which there is no metric "
            f"yet; accepted are {', '.join(_MEASURED)}. Look at what it makes in samples/."
        )
    return Reference(experiment, dataset, trained_on)


class Reference:
    """Real samples as an experiment's `evaluate` asks for them.

    Attributes:
        dataset: all of the data; its samples are of the field that `evaluate.field` names.
        split: "test" (held out of training), "train" or "all": what `real` is chosen from.
        examples: the parts of the data that the split is made of.
        real: the samples that generated ones are compared with.
        train: training examples, to be searched for copies.
        held_out: examples that the game never saw.
    """

    def __init__(
        self, experiment: Experiment, dataset: Dataset, trained_on: str | None = None
    ) -> None:
        options = experiment.evaluate
        dataset = dataset if options.field is None else _showing(dataset, options.field)
        self.dataset, self.source, self._options = dataset, str(experiment.data.source), options
        # Of data that nobody has trained on here there is nothing to leave out.
        is_own = trained_on in (None, dataset.spec.fingerprint)
        self.split: Split = options.split or ("test" if is_own else "all")
        self.examples = _examples_of(dataset, self.split)
        count = sum(map(len, self.examples))
        if count < 2:
            raise ConfigError(
                f"evaluate.split: received {self.split!r}, but {self.source} has {count} such "
                "examples; set data.holdout_share before training, or evaluate.split=train."
            )
        sets = [SampleSet.of_examples(examples) for examples in self.examples]
        self.real = SampleSet.joined(sets, options.num_samples)
        self.train = SampleSet.of_examples(dataset.train, _TRAINING_LIMIT)
        self.held_out = SampleSet.of_examples(dataset.held_out, options.num_samples)

    @property
    def labelled(self) -> SampleSet | None:
        """Held-out examples whose classes are known; None where there are none.

        Of a few labelled ones beside the others it is those (`trainer.data.sources.few_labels`).
        """
        held_out = self.dataset.held_out
        labels, samples = held_out.labels, held_out.samples
        if "labelled_label" in held_out:
            labels, samples = held_out["labelled_label"], held_out["labelled_sample"]
        if labels is None or not len(labels):
            return None
        return replace(SampleSet.of_array(samples), labels=labels)

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the examples that the real samples are chosen from."""
        digests = [store.fingerprint(examples) for examples in self.examples]
        if len(digests) == 1:
            return digests[0]
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()

    @cached_property
    def extractor(self) -> Extractor:
        """The feature extractor, made or trained when it is first needed."""
        return make(self._options.extractor, self.dataset, self.source, self.cache)

    @property
    def cache(self) -> Path:
        """The folder of what is kept between evaluations."""
        return self._options.cache

    @cached_property
    def real_features(self) -> Features:
        """Of `real`."""
        return self._features("real", self.real, self.fingerprint)

    @cached_property
    def train_features(self) -> Features:
        """Of `train`."""
        return self._features("training", self.train, self.dataset.spec.fingerprint)

    @cached_property
    def held_out_features(self) -> Features:
        """Of `held_out`."""
        if self.split == "test":
            return self.real_features
        fingerprint = store.fingerprint(self.dataset.held_out)
        return self._features("held-out", self.held_out, fingerprint)

    def _features(self, which: str, samples: SampleSet, fingerprint: str) -> Features:
        """Features from the cache, which holds those of extractors that cost something."""
        if self.extractor.kind == "other":
            return extract(self.extractor, samples, which)
        identity = f"{fingerprint} {self.extractor.hash} {samples.count}"
        key = hashlib.sha256(identity.encode()).hexdigest()[:32]
        path = self.cache / "features" / f"{key}.npz"
        found = _read(path)
        if found is None:
            found = extract(self.extractor, samples, which)
            _write(path, found)
        return found


def _showing(dataset: Dataset, name: str) -> Dataset:
    """The data with a field of it as the sample, in the first table.

    Raises:
        ConfigError: when it has no such field, or one that is measured by nothing.
    """
    fields = dataset.spec.fields
    if name not in fields or fields[name].kind not in _MEASURED:
        known = ", ".join(n for n, field in fields.items() if field.kind in _MEASURED)
        raise ConfigError(
            f"evaluate.field: received {name!r}, and the fields that can be measured are {known}; "
            "name one of them."
        )

    def seen(examples: Examples) -> Examples:
        tables = sorted(examples.tables, key=lambda table: name not in table)
        own, *others = ({n: x for n, x in t.items() if n != "sample"} for t in tables)
        return Examples(({"sample": examples[name], **own}, *others))

    spec = replace(dataset.spec, fields={**fields, "sample": fields[name]})
    return Dataset(seen(dataset.train), seen(dataset.held_out), spec)


def _examples_of(dataset: Dataset, split: Split) -> list[Examples]:
    """The parts of a data set that a split is made of."""
    if split == "all":
        return [part for part in (dataset.train, dataset.held_out) if len(part)]
    return [dataset.held_out if split == "test" else dataset.train]


def extract(extractor: Extractor, samples: SampleSet, which: str) -> Features:
    """The features of all samples, in order; a progress bar where it takes longer than a second."""
    blocks = tqdm(
        samples.blocks(),
        f"Features of {which} samples",
        total=-(-samples.count // BLOCK),
        delay=1,
        disable=None,
        leave=False,
    )
    parts = [extractor.extract(block) for block in blocks]
    logits = [part.logits for part in parts if part.logits is not None]
    return Features(
        np.concatenate([part.features for part in parts]),
        np.concatenate(logits) if logits else None,
    )


def _read(path: Path) -> Features | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            logits = arrays.get("logits")
            return Features(arrays["features"], logits)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        _logger.warning("%s is damaged and is made again.", path)
        return None


def _write(path: Path, features: Features) -> None:
    arrays = {"features": features.features}
    if features.logits is not None:
        arrays["logits"] = features.logits
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(str(path), content.getvalue())
    except OSError as error:
        _logger.warning("%s cannot be kept (%s); evaluation goes on.", path, error)
