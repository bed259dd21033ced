"""Names of components: options, what they cannot go with, where their code lives; no TensorFlow.

A file a kind, or a folder with a file a family. A new component is a class and one more name in the
union at the end of its file, or in its folder's `__init__`.
"""

from trainer.catalogue.choice import *
from trainer.catalogue.conditions import *
from trainer.catalogue.extractors import *
from trainer.catalogue.metrics import *
from trainer.catalogue.networks import *
from trainer.catalogue.objectives import *
from trainer.catalogue.optimizers import *
from trainer.catalogue.priors import *
from trainer.catalogue.rounds import *
from trainer.catalogue.searches import *
from trainer.catalogue.sources import *
from trainer.catalogue.terms import *
from trainer.catalogue.wrappers import *

# What a recipe chooses by name, as fields of the experiment or of a component.
CHOICES = (
    *(DataSource, Network, Prior, Condition, Objective, Penalty, AnyTerm, Round, Wrapper),
    *(PlayerOptimizer, Schedule, AnyMetric, AnyExtractor, AnySearch),
)
COMPONENTS: tuple[type[Component], ...] = tuple(c for choice in CHOICES for c in members(choice))
