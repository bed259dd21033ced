"""From a picture and strokes of colour to a picture that has both, by search."""

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.searches import terms
from trainer.game.searches.search import Rows, Search
from trainer.game.searches.subject import Subject, asked_fields, conditioning_of
from trainer.game.signatures.projection import LOSS
from trainer.game.signatures.signature import SEED, Signature

# Of red, green and blue in a grey of equal brightness (ITU-R BT.601).
_BRIGHTNESS = (0.299, 0.587, 0.114)


def editing(options: catalogue.Edit, subject: Subject) -> dict[str, Signature]:
    """`edit`: the picture G(ẑ) that has the painted colours and else stays near what it was.

        ẑ = argmin_z c Σ α (G(z) - colour)² + e · (edges) + κ Σ (1 - α) (G(z) - x)²
                     + λ · (the generator's loss)

    α is how opaque the strokes are, c `colours`, e `edges` (`terms.edges`), κ `keep`.

    Reference: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold",
    equation 5 and section 4.1: colours, sketches, and patches that are dragged or warped, which
    are strokes with the patch's pixels (`serving.strokes.dragged`).

    Raises:
        ConfigError: when samples are no pictures of 1 to 4 channels.
    """
    subject.require_pictures("edit")
    channels = subject.field.shape[-1]
    if channels not in (1, 2, 3, 4):
        raise ConfigError(
            f"export.searches: received 'edit' with pictures of {channels} channels, but strokes "
            "have colours for 1 to 4; leave it out, or set data.channels."
        )

    def data(made: tf.Tensor, rows: Rows) -> tf.Tensor:
        alpha = rows["alpha"]
        loss = options.colours * terms.squares(made, rows["colours"], alpha)
        if options.edges:
            drawn = _laid_over(rows["wanted"], rows["colours"], alpha)
            loss += options.edges * terms.edges(made, drawn, alpha)
        return loss + options.keep * terms.squares(made, rows["wanted"], 1.0 - alpha)

    search = Search(options, subject, data)

    def edit(strokes: tf.Tensor, seed: tf.Tensor, **given: tf.Tensor) -> Outputs:
        wanted = subject.seen(given[subject.output])
        colours, alpha = painted(strokes, channels)
        rows = {"wanted": wanted, "colours": colours, "alpha": alpha}
        begun = _laid_over(wanted, colours, alpha)
        best = search(seed, conditioning_of(subject, given), rows, begun)
        return {subject.output: subject.stored(best.sample), "loss": best.loss}

    strokes = Field((*subject.field.shape[:2], 4), "uint8", "strokes", range=(0.0, 255.0))
    return {
        "edit": Signature(
            asked_fields(subject, strokes=strokes, seed=SEED),
            {subject.output: subject.field, "loss": LOSS},
            edit,
        )
    }


def painted(strokes: tf.Tensor, channels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Strokes uint8 [n, h, w, 4] as colours on [-1, 1], [n, h, w, channels], and α on [0, 1].

    Grey is as bright as the colour; where pictures have an opacity, what is painted is opaque.
    """
    values = tf.cast(strokes, tf.float32) / 255.0
    colours, alpha = values[..., :3], values[..., 3:]
    if channels < 3:
        colours = tf.reduce_sum(colours * tf.constant(_BRIGHTNESS), axis=-1, keepdims=True)
    if channels in (2, 4):
        colours = tf.concat([colours, tf.ones_like(alpha)], axis=-1)
    return 2.0 * colours - 1.0, alpha


def _laid_over(picture: tf.Tensor, colours: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """The picture with the strokes on it."""
    return alpha * colours + (1.0 - alpha) * picture
