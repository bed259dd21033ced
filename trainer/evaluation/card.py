"""The model card of an export: what it is, what it was made of, how good it is, and its limits.

Every sentence is derived from the run's own data; what is not known is said to be unknown.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from trainer import catalogue
from trainer.config.experiment import Experiment
from trainer.data.examples import DataSpec
from trainer.evaluation.formatting import LEGEND, arrow, estimate_text, protocol_text
from trainer.evaluation.results import Evaluation, MetricValue

FORMAT = 1
# Below these, Fréchet distances grow visibly, and a generator can learn examples by heart.
_FEW_SAMPLES = 10_000
_FEW_EXAMPLES = 5_000
_RARE_SHARE = 0.01
_FRECHET = ("fid", "fcd", "fd")


def model_card(
    experiment: Experiment,
    spec: DataSpec,
    *,
    step: int,
    reason: str,
    signatures: Sequence[str],
    evaluation: Evaluation | None = None,
    training_seconds: float | None = None,
) -> dict[str, Any]:
    """The card as plain JSON values.

    Args:
        experiment: that was trained.
        spec: of its data.
        step: of the checkpoint that is exported.
        reason: why that one, such as "the last one" or "the best one by fcd_10k_test_…".
        signatures: names of what can be called.
        evaluation: of exactly this step of this experiment; one of another is not used.
        training_seconds: that the steps took; None where that is not known.
    """
    if evaluation and (evaluation.step, evaluation.config_hash) != (step, experiment.hash):
        evaluation = None
    return {
        "format": FORMAT,
        "name": experiment.name,
        "description": experiment.description,
        "versions": {name: version(name) for name in ("saddlepoint", "tensorflow", "keras")},
        "intended_use": list(_intended_use(experiment, spec)),
        "limits": list(_limits(experiment, spec, evaluation)),
        "data": _data(experiment, spec),
        "recipe": _recipe(experiment),
        "training": {
            "steps": step,
            "batch_size": experiment.train.batch_size,
            "examples_seen": step * examples_per_step(experiment),
            "seconds": training_seconds,
        },
        "checkpoint": {"step": step, "reason": reason},
        "signatures": sorted(signatures),
        "evaluation": evaluation.as_dict() if evaluation else None,
    }


def training_seconds(
    experiment: Experiment, rows: Iterable[Mapping[str, Any]], step: int
) -> float | None:
    """How long the steps up to `step` took, from metrics.jsonl's speeds; None without rows."""
    seconds, reached = 0.0, 0
    for row in rows:
        # Steps of a row that is all compilation are taken to be as fast as those of the next one.
        if "images_per_second" in row and reached < row["step"] <= step:
            examples = (row["step"] - reached) * examples_per_step(experiment)
            seconds, reached = seconds + examples / row["images_per_second"], row["step"]
    return round(seconds, 1) if reached else None


def examples_per_step(experiment: Experiment) -> int:
    """Real examples that a step shows to the discriminator."""
    return experiment.train.batch_size * experiment.round.turns


# ---- What the card holds -------------------------------------------------------------------------


def _data(experiment: Experiment, spec: DataSpec) -> dict[str, Any]:
    shares = spec.marginal or (None,) * spec.num_classes
    return {
        "source": str(experiment.data.source),
        "split": experiment.data.split,
        "fingerprint": spec.fingerprint,
        "count": spec.count,
        "shape": list(spec.sample.shape),
        "dtype": spec.sample.dtype,
        "value_range": list(spec.sample.range or ()),
        "classes": [
            {"name": name, "share": share}
            for name, share in zip(spec.label_names, shares, strict=True)
        ],
    }


def _recipe(experiment: Experiment) -> dict[str, Any]:
    return {
        "name": experiment.name,
        "description": experiment.description,
        "config_hash": experiment.hash,
        "seed": experiment.seed,
        "network": experiment.network.name,
        "prior": _prior(experiment.prior),
        "condition": experiment.condition.name,
        "objective": experiment.objective.name,
        "penalties": [penalty.name for penalty in experiment.penalties],
        "terms": [term.name for term in experiment.terms],
        "round": experiment.round.name,
        "wrappers": [wrapper.name for wrapper in experiment.wrappers],
    }


def _prior(prior: catalogue.Prior) -> str:
    size = getattr(prior, "size", None)
    return prior.name if size is None else f"{prior.name}, {size} numbers"


def _intended_use(experiment: Experiment, spec: DataSpec) -> Iterator[str]:
    kind = _kind(spec)
    yield f"Generates {kind} made to resemble the training examples of {experiment.data.source}."
    if experiment.condition.name == "label":
        yield (
            f"The class of a sample can be asked for ({spec.num_classes} classes); where it is "
            "not, it is drawn by the classes' shares of the training examples."
        )
    yield (
        "Samples are invented, not observed: they are no evidence of anything but the training "
        "examples and the training."
    )


def _limits(experiment: Experiment, spec: DataSpec, evaluation: Evaluation | None) -> Iterator[str]:
    yield (
        f"Trained on {spec.count} examples of {experiment.data.source}: what is rare or wrong "
        "there may be missing or wrong in its samples."
    )
    if experiment.train.warm_start:
        yield (
            f"It started from the weights of {experiment.train.warm_start}, so what that run was "
            "trained on has shaped it too."
        )
    if spec.count < _FEW_EXAMPLES:
        yield (
            f"{spec.count} training examples are few: a generator can learn so many by heart. "
            "Look at its samples' nearest training examples before giving samples away."
        )
    rare = _rare_classes(spec)
    if rare:
        yield f"Classes with less than 1 % of the training examples: {', '.join(rare)}."
    if spec.label_names and experiment.condition.name != "label":
        yield "The labels of the data were not used: a class cannot be asked for."
    if evaluation is None:
        yield "This checkpoint was not evaluated: how good its samples are is not known."
    else:
        yield from _limits_of(evaluation)


def _limits_of(evaluation: Evaluation) -> Iterator[str]:
    """What the numbers, and the way they were made, say against the model or against trust."""
    protocol = evaluation.protocol
    if protocol.num_fake < _FEW_SAMPLES and any(_number(evaluation, k) for k in _FRECHET):
        yield (
            f"The numbers come of {protocol.num_fake} samples; Fréchet distances of so few are "
            "larger than of more, so compare at equal counts only."
        )
    if protocol.split != "test":
        yield "The numbers compare with training examples: memorising them would look like success."
    if _number(evaluation, "authenticity") is None:
        yield "Whether it reproduces training examples was not measured."
    yield from evaluation.warnings


def _rare_classes(spec: DataSpec) -> list[str]:
    pairs = zip(spec.label_names, spec.marginal, strict=False)
    return [name for name, share in pairs if share < _RARE_SHARE]


def _kind(spec: DataSpec) -> str:
    """What samples are, in a few words."""
    if spec.sample.kind == "image":
        return f"{_shape(spec)} images"
    if spec.sample.kind == "clip":
        return f"clips of {spec.sample.shape[0]} frames, {_shape(spec)}"
    if spec.sample.kind == "tokens":
        return f"sequences of at most {spec.sample.shape[0]} symbols"
    if spec.sample.kind == "table":
        return f"rows of {spec.sample.shape[0]} columns"
    if spec.sample.kind == "graph":
        return f"molecules of at most {spec.sample.shape[0]} heavy atoms"
    return f"points of {spec.sample.shape[0]} numbers"


def _shape(spec: DataSpec) -> str:
    height, width, channels = spec.sample.fixed_shape[-3:]
    kinds = {1: "grey", 2: "grey, partly transparent", 3: "RGB", 4: "RGBA"}
    return f"{width}×{height} {kinds.get(channels, f'{channels}-channel')}"


def _number(evaluation: Evaluation, key: str) -> MetricValue | None:
    return next((n for n in evaluation.numbers if n.key == key), None)


# ---- As Markdown ---------------------------------------------------------------------------------


def markdown(card: Mapping[str, Any]) -> str:
    """The card for a person; names that hold Markdown or HTML are shown as they are."""
    sections = {
        "Intended use": _bullets(card["intended_use"]),
        "Limits": _bullets(card["limits"]),
        "Quality": _quality(card["evaluation"]),
        "Data": _table(("", ""), _data_rows(card["data"])),
        "Classes": _table(("Class", "Share"), _class_rows(card["data"]["classes"])),
        "Recipe": _table(("", ""), _known(card["recipe"])),
        "Training": _table(("", ""), _training_rows(card)),
        "Signatures": _bullets(card["signatures"], code=True),
        "Versions": _table(("", ""), _known(card["versions"])),
    }
    parts = [f"# {_escaped(card['name'])}", _escaped(card["description"])]
    parts += [f"## {title}\n\n{body}" for title, body in sections.items() if body]
    return "\n\n".join(part for part in parts if part) + "\n"


def _quality(document: Mapping[str, Any] | None) -> str:
    if document is None:
        return "Not evaluated."
    evaluation = Evaluation.from_dict(document)
    rows = [
        (n.info.label, n.name, f"{arrow(n.info)} {estimate_text(n)}".strip(), n.note)
        for n in evaluation.numbers
    ]
    skipped = [f"{m.metric} was not measured: {m.reason}" for m in evaluation.skipped]
    seed = f"seed {evaluation.protocol.seed}"
    parts = (
        _table(("Number", "Name", "Value", "Note"), rows),
        _escaped(f"{protocol_text(evaluation)}, {seed}. {LEGEND}."),
        _bullets(skipped),
    )
    return "\n\n".join(part for part in parts if part)


def _data_rows(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return _known(
        {
            "source": data["source"],
            "split": data["split"],
            "training examples": data["count"],
            "shape": "×".join(map(str, data["shape"])),
            "stored as": data["dtype"],
            "values": " to ".join(f"{value:g}" for value in data["value_range"]),
            "fingerprint": data["fingerprint"],
        }
    )


def _class_rows(classes: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(row["name"], "" if row["share"] is None else f"{row['share']:.1%}") for row in classes]


def _training_rows(card: Mapping[str, Any]) -> list[tuple[str, Any]]:
    training, checkpoint = card["training"], card["checkpoint"]
    seconds = training["seconds"]
    return _known(
        {
            "checkpoint": f"step {checkpoint['step']}: {checkpoint['reason']}",
            "batch size": training["batch_size"],
            "examples seen": training["examples_seen"],
            "seconds": None if seconds is None else f"{seconds:g}",
        }
    )


def _known(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Names and values, without what is not known or empty."""
    return [
        (name.replace("_", " "), ", ".join(value) if isinstance(value, list) else value)
        for name, value in values.items()
        if value not in (None, "", [])
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *([_escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bullets(items: Sequence[str], *, code: bool = False) -> str:
    return "\n".join(f"- `{item}`" if code else f"- {_escaped(item)}" for item in items)


def _escaped(value: Any) -> str:
    """Text that Markdown shows as it is, in one line."""
    text = " ".join(str(value).split()).replace("<", "&lt;")
    text = re.sub(r"&(?!lt;)(?=#?\w+;)", "&amp;", text)
    text = re.sub(r"([\\`*\[\]|]|(?<!\w)_|_(?!\w))", r"\\\1", text)
    return re.sub(r"^(?=[#>+~-])", r"\\", text)
