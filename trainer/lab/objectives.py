"""What generators minimise, and the gradient that each objective sends through D's logit."""

from typing import Any

import tensorflow as tf
from matplotlib.figure import Figure

from trainer import catalogue
from trainer.lab import drawing
from trainer.lab.drawing import listed

# Name → the objective; a further one is a further line.
GENERATORS: dict[str, catalogue.Objective] = {
    "minimax": catalogue.Minimax(),
    "non-saturating": catalogue.NonSaturating(),
    "least squares": catalogue.LeastSquares(),
    "hinge, Wasserstein": catalogue.Hinge(),
}
_FORMULAS = {
    "minimax": r"minimax:  $\log(1 - \sigma(a))$",
    "non-saturating": r"non-saturating:  $-\log\,\sigma(a)$",
    "least squares": r"least squares:  $\frac{1}{2}(a - 1)^2$",
    "hinge, Wasserstein": r"hinge, Wasserstein:  $-a$",
}


def measure(points: int = 241) -> dict[str, Any]:
    """Each generator's loss and its derivative at logits a of -6 to 6."""
    logits = tf.linspace(-6.0, 6.0, points)
    losses, gradients = {}, {}
    for name, options in GENERATORS.items():
        objective = catalogue.resolve(options)(options)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = objective.generator(logits, None)
        losses[name] = listed(loss)
        gradients[name] = listed(tape.gradient(loss, logits))
    return {
        "logits": listed(logits),
        "probabilities": listed(tf.sigmoid(logits)),
        "losses": losses,
        "gradients": gradients,
    }


def draw(numbers: dict[str, Any]) -> Figure:
    """Losses over D(G(z)), and derivatives over the logit."""
    figure, ((left, right),) = drawing.panels(1, 2, (8.0, 3.4))
    for (name, losses), colour in zip(numbers["losses"].items(), drawing.SERIES, strict=False):
        style = {"color": colour, "label": _FORMULAS.get(name, name)}
        left.plot(numbers["probabilities"], losses, **style)
        right.plot(numbers["logits"], numbers["gradients"][name], **style)
    drawing.label(left, "What the generator minimises", "D(G(z)) = σ(a)", "loss")
    left.set(ylim=(-6, 6), xlim=(0, 1))
    drawing.label(right, "The gradient it receives", "logit a of a fake", "d loss / d a")
    right.axvspan(-6, -2, color="#f2f2f2", zorder=0)
    right.text(-5.8, 0.14, "D wins here", fontsize=8, color="#555555")
    right.axhline(0.0, color=drawing.GREY, linewidth=0.8)
    right.set(ylim=(-2.0, 0.5), xlim=(-6, 6))
    right.annotate(
        "minimax: no gradient left",
        (-4.5, -0.02),
        (-5.8, -0.55),
        fontsize=8,
        color=drawing.BLUE,
        arrowprops={"arrowstyle": "-", "color": drawing.BLUE},
    )
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
