"""Every recipe of the package, small enough for a test: its own game on little data."""

import functools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from trainer import catalogue
from trainer.config.experiment import Experiment
from trainer.config.recipe import load_experiment, recipe_names
from trainer.data import loading
from trainer.data.examples import DataSpec
from trainer.evaluation.extractors import classifier_folder
from trainer.evaluation.extractors.classifier_network import build
from trainer.evaluation.extractors.classifier_training import Classifier

# Options of networks that make them small, wherever a family has them.
_SMALL = {
    "base_filters": 4,
    "hidden_filters": 4,
    "picture_filters": 2,
    "filters": 4,
    "units": [8],
    "blocks": 1,
    "mapping_layers": 1,
    "discriminator_group": 4,
}
# Options of sources that make little, where nothing else follows from it.
_FEW = {
    catalogue.ClipFrames: ("of.clips=20",),
    catalogue.ThickDigits: ("pictures=200",),
    catalogue.StrokeDigits: ("pictures=200",),
    catalogue.Crowns: ("crowns=200",),
    catalogue.Rooms: ("pairs=200",),
    catalogue.Grammar: ("sentences=300",),
    catalogue.Described: ("of={name: captioned_digits, pictures: 200}",),
    catalogue.OracleSequences: ("sequences=200", "symbols=20", "length=5"),
    catalogue.Sines: ("series=300", "length=8"),
    catalogue.Loans: ("rows=300",),
    catalogue.Motifs: ("sequences=200", "length=12"),
    catalogue.Affinities: ("sequences=400", "length=12"),
    catalogue.Molecules: ("molecules=100", "atoms=6"),
}
_RUN = (
    "train.batch_size=16",
    "run.log_every=2",
    "run.sample_every=4",
    "run.checkpoint_every=2",
    "run.grid=[2,10]",
    "devices.steps_per_execution=2",
    "evaluate.every=null",
)


def small(recipe: str, folder, *overrides: str) -> Experiment:
    """A recipe with tiny networks; a stand-in, in `folder`, replaces data that must be fetched."""
    experiment = load_experiment(recipe)
    changes = [*_RUN, *_small_network("network", experiment.network)]
    for role, network in experiment.networks.items():
        changes += _small_network(f"networks.{role}", network)
    if hasattr(experiment.prior, "size"):
        changes.append("prior.size=8")
    changes += [
        f"round.{n}=2"
        # A long search for negatives would magnify what processors round otherwise.
        for n in ("pretrain", "pretrain_generator", "game_steps", "steps")
        if hasattr(experiment.round, n)
    ]
    if hasattr(experiment.round, "pretrain_discriminator"):
        # The game itself is to be played, too.
        changes.append("round.pretrain_discriminator=0")
    if getattr(experiment.round, "discriminator_turns", 1) > 2:
        changes.append("round.discriminator_turns=2")
    if experiment.wrappers:
        changes.append(f"wrappers={_small_wrappers(experiment.wrappers)}")
    changes.append(f"export.searches={_short(experiment.export.searches)}")
    changes += _seen_untrained(experiment, folder)
    changes += _small_source(experiment.data.source, folder)
    return load_experiment(recipe, [*changes, *overrides])


def _seen_untrained(experiment: Experiment, folder) -> list[str]:
    """Terms that look through a classifier, which has learned nothing."""
    terms = [term.model_dump(mode="json") for term in experiment.terms]
    if "content" not in {term["name"] for term in terms}:
        return []
    path = str(untrained_classifier(loading.load(experiment.data).spec, folder / "classifier"))
    looks = {"extractor": {"name": "classifier", "path": path}}
    return [f"terms={json.dumps([t | looks if t['name'] == 'content' else t for t in terms])}"]


def untrained_classifier(spec: DataSpec, folder) -> Path:
    """A kept classifier that has learned nothing."""
    if not folder.exists():
        stored = classifier_folder.StoredClassifier(Classifier(build(spec, seed=0), spec), "data")
        classifier_folder.write(folder, stored, {})
    return folder


def _small_network(path: str, network) -> list[str]:
    inner = _small_network(f"{path}.of", network.of) if hasattr(network, "of") else []
    own = [f"{path}.{name}={value}" for name, value in _SMALL.items() if hasattr(network, name)]
    return own + inner


def _small_wrappers(wrappers) -> str:
    """The same wrappers, which look two steps ahead and two samples aside, and begin soon."""
    few = {"unroll": {"steps": 2}, "pack": {"samples": 2}, "pretrain": {"steps": 2}}
    return json.dumps([w.model_dump(mode="json") | few.get(w.name, {}) for w in wrappers])


def _small_source(source, folder) -> list[str]:
    """Less of what is made, and a stand-in for what must be fetched."""
    changes = []
    if isinstance(source, catalogue.MovingDigits):
        changes += ["data.source.clips=60", f"data.source.frames={4 if source.past else 2}"]
        changes += ["data.source.past=2"] if source.past else []
    changes += [f"data.source.{option}" for option in _FEW.get(type(source), ())]
    if isinstance(source, catalogue.Tfds):
        changes.append(f"data.source=npz:{_stand_in(folder)}")
    if isinstance(source, catalogue.Folder):
        changes += [f"data.source=folder:{_photographs(folder)}", "data.size=8"]
    if isinstance(source, catalogue.Stacked):
        of = f"npz:{_stand_in(folder)}"
        changes.append(f"data.source={{name: stacked, of: '{of}', count: 200}}")
    return changes


def _short(searches) -> str:
    """The same searches, of a few steps."""
    few = {"steps": 2, "group_steps": 2, "path_steps": 2, "pool": 8, "blending": 2}
    options = [search.model_dump(mode="json") for search in searches]
    return json.dumps(
        [{n: few[n] if o.get(n) and n in few else v for n, v in o.items()} for o in options]
    )


def _photographs(folder) -> str:
    """Coloured pictures of two sizes in a folder."""
    path = folder / "photographs"
    path.mkdir(exist_ok=True)
    random = np.random.RandomState(0)
    for number, size in enumerate(20 * [(9, 12), (16, 8)]):
        pixels = random.randint(0, 256, (*size, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(path / f"{number:02d}.png")
    return str(path)


def _stand_in(folder) -> str:
    """Grey 28x28 pictures of ten classes, as MNIST and Fashion-MNIST have them."""
    path = folder / "stand-in.npz"
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (120, 28, 28, 1)).astype(np.uint8)
    np.savez(path, images=images, labels=np.arange(120) % 10)
    return str(path)


# ---- Which of them go the harder half of the road ------------------------------------------------

# Modality of the sources that give no pictures.
_MODALITIES = {"ring": "vector", "grid": "vector", "grammar": "tokens", "text": "tokens"}
_MODALITIES |= {"oracle": "tokens", "motifs": "tokens", "affinities": "tokens", "sines": "vector"}
_MODALITIES |= {"loans": "table", "table": "table"}
_MODALITIES |= {"moving_digits": "clip", "clips": "clip"}


@functools.cache
def representatives() -> tuple[str, ...]:
    """Few recipes of every kind."""
    return _fewest(_kinds)


@functools.cache
def cover() -> tuple[str, ...]:
    """Few recipes that have every round, wrapper, term, condition and network between them."""
    return _fewest(_parts)


def _fewest(kinds_of: Callable[[Experiment], set[str]]) -> tuple[str, ...]:
    """Few recipes of every kind: again and again the plainest that adds the most kinds.

    Of equal ones it is one whose data a test makes shorter: long sequences take long to trace.
    """
    recipes = {name: load_experiment(name) for name in recipe_names()}
    kinds = {name: kinds_of(experiment) for name, experiment in recipes.items()}
    missing, chosen = set().union(*kinds.values()), []
    while missing:
        rank = {r: (len(own & missing), _plainness(recipes[r])) for r, own in kinds.items()}
        chosen.append(max(rank, key=rank.get))
        missing -= kinds[chosen[-1]]
    return tuple(chosen)


def _kinds(experiment: Experiment) -> set[str]:
    """What makes a recipe a representative: its round, its wrappers, its modality."""
    wrappers = [f"wrapper {wrapper.name}" for wrapper in experiment.wrappers]
    modalities = {_MODALITIES.get(experiment.data.source.name, "image")}
    modalities |= {"text"} & {experiment.condition.name}
    return {f"round {experiment.round.name}", *wrappers, *(f"modality {m}" for m in modalities)}


def _parts(experiment: Experiment) -> set[str]:
    """What a recipe's game is put together from."""
    terms = (*experiment.terms, *experiment.penalties)
    networks = (experiment.network, *experiment.networks.values())
    return _kinds(experiment) | {
        f"condition {experiment.condition.name}",
        *(f"term {term.name}" for term in terms),
        *(f"network {name}" for network in networks for name in _names(network)),
    }


def _names(network) -> list[str]:
    return [network.name, *(_names(network.of) if hasattr(network, "of") else [])]


def _plainness(e: Experiment) -> int:
    """How little there is to trace; 0 where there is nothing beside the round."""
    parts = sum(map(len, (e.terms, e.penalties, e.wrappers, e.networks, e.export.searches)))
    shortened = any(change.startswith("length=") for change in _FEW.get(type(e.data.source), ()))
    return shortened - 2 * parts
