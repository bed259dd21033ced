"""An evaluation as one HTML page that needs nothing from anywhere."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from trainer.evaluation import formatting
from trainer.evaluation.charts import Chart, evaluation_charts, instrument_charts, training_charts
from trainer.evaluation.requirements import GateResult
from trainer.evaluation.results import Evaluation
from trainer.run import pictures
from trainer.run.health import destroyed


@dataclass(frozen=True)
class Picture:
    """One picture, such as a grid of samples or a density map.

    Attributes:
        title: a few words above it.
        pixels: uint8 [h, w], or [h, w, c] with 1 to 4 channels.
        caption: a sentence below it; may be empty.
    """

    title: str
    pixels: np.ndarray
    caption: str = ""


@dataclass(frozen=True)
class Neighbour:
    """A generated sample beside the training example that is nearest to it.

    Attributes:
        fake: uint8 pixels, as of a `Picture`.
        real: likewise.
        distance: between them.
        caption: such as the training example's label; may be empty.
    """

    fake: np.ndarray
    real: np.ndarray
    distance: float
    caption: str = ""


@dataclass(frozen=True)
class ClassPictures:
    """Samples of one class: a row of real ones and a row of generated ones, each one picture."""

    name: str
    real: np.ndarray
    fake: np.ndarray


@dataclass(frozen=True)
class Quiz:
    """Real and generated pictures mixed, for a reader to tell apart.

    Attributes:
        pictures: uint8 pixels, as of a `Picture`.
        is_real: of each, whether it is real.
    """

    pictures: Sequence[np.ndarray]
    is_real: Sequence[bool]

    @property
    def key(self) -> str:
        """The answers, a 1 for each real picture and a 0 for each generated one."""
        return "".join(str(int(is_real)) for is_real in self.is_real)


@dataclass(frozen=True)
class Report:
    """What a page shows; whatever is empty is left out.

    Attributes:
        evaluation: the numbers.
        gate: what came of each requirement.
        pictures: shown side by side, such as a grid of generated samples and one of real ones.
        texts: likewise by title, where samples are texts.
        neighbours: in the order in which they should appear.
        distance: what the neighbours' distance is measured in, such as "features of mnistcnn-3f2a".
        classes: one a class.
        quiz: pictures to be told apart; None where the samples are no pictures.
        history: evaluations of the same run at other steps.
        metric_rows: the rows of the run's metrics.jsonl.
        advice: what its instruments showed, with what may help.
        config: the resolved experiment as YAML.
        command: what makes this evaluation again.
    """

    evaluation: Evaluation
    gate: Sequence[GateResult] = ()
    pictures: Sequence[Picture] = ()
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    neighbours: Sequence[Neighbour] = ()
    distance: str = ""
    classes: Sequence[ClassPictures] = ()
    quiz: Quiz | None = None
    history: Sequence[Evaluation] = ()
    metric_rows: Sequence[Mapping[str, Any]] = ()
    advice: Sequence[str] = ()
    config: str = ""
    command: str = ""

    @cached_property
    def subject(self) -> str:
        """What was evaluated, in one line."""
        return formatting.subject(self.evaluation)

    @cached_property
    def destroyed(self) -> str | None:
        """What is wrong with the game at the end of its training; None where nothing is."""
        return destroyed(self.metric_rows)

    @cached_property
    def charts(self) -> dict[str, list[Chart]]:
        """Curves over training, by what they show."""
        charts = {
            "Training": training_charts(self.metric_rows),
            "Instruments": instrument_charts(self.metric_rows),
            "Evaluations": evaluation_charts(self.evaluation, self.history),
        }
        return {title: drawn for title, drawn in charts.items() if drawn}

    @cached_property
    def protocol(self) -> Iterator[tuple[str, Any]]:
        """How the numbers were made: what it is called, and its value."""
        e, p = self.evaluation, self.evaluation.protocol
        accuracy = p.extractor_accuracy
        facts = {
            "target": e.target,
            "step": e.step,
            "configuration hash": e.config_hash,
            "generated samples": p.num_fake,
            "real samples": p.num_real,
            "reference": f"{p.reference}, split {p.split}",
            "reference fingerprint": p.reference_fingerprint,
            "feature extractor": p.extractor,
            "extractor hash": p.extractor_hash,
            "extractor accuracy": None if accuracy is None else f"{accuracy:.2%} on held-out data",
            "seed": p.seed,
            "measured": e.time,
            "duration": f"{e.seconds:.1f} s" if e.seconds else None,
            "versions": ", ".join(f"{name} {number}" for name, number in e.versions.items()),
        }
        return ((name, value) for name, value in facts.items() if value not in (None, ""))


def html(report: Report) -> str:
    """The page: one document whose pictures are inside it, and without scripts but a quiz's."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trainer.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "data_uri": data_uri,
        "value": lambda number: formatting.value_text(number.value, number.error),
        "error": lambda number: "" if number.error is None else formatting.error_text(number.error),
        "arrow": formatting.arrow,
        "direction": formatting.direction_text,
        "svg": lambda chart: Markup(chart.svg),  # noqa: S704 - drawn here, of numbers
    }
    environment.filters |= filters
    script = environment.get_template("quiz.js").render()
    template = environment.get_template("report.html")
    page = {"report": report, "script_hash": _hash(script)}
    return template.render(page, script=Markup(script))  # noqa: S704 - the package's own file


def _hash(script: str) -> str:
    """What a page's policy calls the one script that it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def data_uri(pixels: np.ndarray) -> str:
    """A picture as a PNG inside its own address."""
    picture = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    return f"data:image/png;base64,{base64.b64encode(pictures.png(picture)).decode()}"
