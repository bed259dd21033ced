"""MolGAN: all atoms and bonds of a molecule at once, judged by relational graph convolutions."""

from typing import Any

import keras

from trainer import catalogue
from trainer.data.molecules.molecule import ORDERS
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.layers.graphs import (
    GraphAggregation,
    GraphParts,
    RelationalConvolution,
    RelaxedGraph,
)
from trainer.networks.conditioning import joined
from trainer.networks.heads import heads
from trainer.networks.ports import Ports


class MolGAN:
    """Dense layers that make a graph; convolutions over its bonds and a gated sum that judge it.

    What judges does not depend on the order of atoms.

    Reference: De Cao & Kipf 2018, "MolGAN: an implicit generative model for small molecular
    graphs", section 3 and appendix A.
    """

    def __init__(self, options: catalogue.MolGAN) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """Latent [b, z] and the conditioning → a graph."""
        inputs = ports.keras_inputs(key=True)
        ((name, field),) = ports.outputs.items()
        _require_graph(field)
        (key,) = (inputs[name] for name in ports.of_kind("key"))
        x = joined({name: x for name, x in inputs.items() if x is not key})
        for units in self.options.units:
            x = keras.layers.Dense(units, activation="tanh")(x)
        atoms, types = field.fixed_shape[0], len(field.names)
        logits = [_logits(x, atoms, types), _logits(x, atoms * (atoms - 1) // 2, ORDERS)]
        layer = RelaxedGraph(
            self.options.making, self.options.temperature, name=name, dtype="float32"
        )
        return keras.Model(inputs, {name: layer([*logits, key])}, name="generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """A graph and the conditioning → the game's outputs, such as {"logits": [b]}.

        Of a pack of graphs, side by side in the last axis, each is read by itself by the same
        weights, and all of them are judged together.
        """
        inputs = ports.keras_inputs()
        name = str(next(iter(ports.of_kind("graph")), None))
        _require_graph(ports.inputs.get(name, next(iter(ports.inputs.values()))))
        vectors = self._vectors(inputs[name], ports.inputs[name])
        x = joined({**vectors, **{n: value for n, value in inputs.items() if n != name}})
        for units in self.options.discriminator_units:
            x = keras.layers.Dense(units, activation="tanh")(x)
        return keras.Model(inputs, heads(x, ports), name="discriminator")

    def _vectors(self, graphs: Any, field: Field) -> dict[str, Any]:
        """What is read of each graph of a pack, [b, d]."""
        atoms, numbers = field.fixed_shape
        count = numbers // (len(field.names) + atoms * ORDERS)
        parts = GraphParts(len(field.names))
        convolutions = [RelationalConvolution(units) for units in self.options.convolutions]
        aggregation = GraphAggregation(self.options.aggregation)

        def vector(graph: Any) -> Any:
            atoms, bonds = parts(graph)
            hidden = atoms
            for number, convolution in enumerate(convolutions):
                # From the second layer on atoms see again what they are.
                seen = keras.layers.Concatenate()([hidden, atoms]) if number else hidden
                hidden = convolution([seen, bonds])
            return aggregation(keras.layers.Concatenate()([hidden, atoms]))

        single = keras.ops.split(graphs, count, axis=-1) if count > 1 else [graphs]
        return {f"graph {number}": vector(graph) for number, graph in enumerate(single)}


def _logits(x: Any, rows: int, size: int) -> Any:
    x = keras.layers.Dense(rows * size, dtype="float32")(x)
    return keras.layers.Reshape((rows, size), dtype="float32")(x)


def _require_graph(field: Field) -> None:
    if field.kind != "graph":
        raise ConfigError(
            f"network: received 'molgan' with samples of kind {field.kind!r}, but it makes and "
            "judges graphs of atoms; set data.source=molecules or smiles:PATH."
        )
