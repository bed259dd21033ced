"""Metrics of texts and other sequences of symbols."""

from typing import ClassVar, Literal

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values

_TOKENS: Names = ("tokens",)


class Bleu(Metric):
    """BLEU of each text against all real ones (Papineni et al. 2002; Zhu et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.texts:bleu"
    kinds: ClassVar[Names] = _TOKENS
    needs: ClassVar[Names] = ("words",)
    values: ClassVar[Values] = {
        f"bleu_{order}": MetricInfo(
            f"BLEU-{order}",
            "higher",
            f"How far runs of up to {order} symbols occur in real texts. More references make it "
            "larger, and so does one good text that is repeated: read self-BLEU beside it.",
        )
        for order in (2, 3, 4, 5)
    }
    name: Literal["bleu"] = "bleu"


class SelfBleu(Metric):
    """BLEU of each text against all other generated ones (Zhu et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.texts:self_bleu"
    kinds: ClassVar[Names] = _TOKENS
    needs: ClassVar[Names] = ("words",)
    values: ClassVar[Values] = {
        f"self_bleu_{order}": MetricInfo(
            f"Self-BLEU-{order}",
            "lower",
            f"How far runs of up to {order} symbols occur in other generated texts. It grows with "
            "their number; noise has the lowest: the note says what training texts have.",
        )
        for order in (2, 3, 4, 5)
    }
    name: Literal["self_bleu"] = "self_bleu"


class Distinct(Metric):
    """Share of different runs of symbols among all of them (distinct-n, Li et al. 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures.texts:distinct"
    kinds: ClassVar[Names] = _TOKENS
    needs: ClassVar[Names] = ("words",)
    values: ClassVar[Values] = {
        f"distinct_{size}": MetricInfo(
            f"Distinct-{size}",
            "higher",
            f"Different runs of {size} symbols over all of them. It falls with the number of "
            "texts, and noise has the highest: the note says what training texts have.",
        )
        for size in (1, 2, 3)
    }
    name: Literal["distinct"] = "distinct"


class Novelty(Metric):
    """Whether texts differ from one another and from those of training."""

    target: ClassVar[str] = "trainer.evaluation.measures.texts:novelty"
    kinds: ClassVar[Names] = _TOKENS
    values: ClassVar[Values] = {
        "unique_texts": MetricInfo(
            "Different texts",
            "higher",
            "Share of generated texts that remain when each is counted once. Real texts may repeat "
            "themselves, too: see the note.",
        ),
        "copied_texts": MetricInfo(
            "Texts that are training texts",
            None,
            "Share of generated texts that equal a training text. Short texts occur again anyway: "
            "compare with held-out ones, in the note.",
        ),
    }
    name: Literal["novelty"] = "novelty"


class Grammatical(Metric):
    """Share of texts that the grammar of their data allows."""

    target: ClassVar[str] = "trainer.evaluation.measures.texts:grammatical"
    kinds: ClassVar[Names] = _TOKENS
    needs: ClassVar[Names] = ("grammar",)
    values: ClassVar[Values] = {
        "grammatical": MetricInfo(
            "Grammatical texts",
            "higher",
            "Share of generated texts that are whole sentences of the grammar. One good sentence "
            "that is repeated scores 1: read the share of different texts beside it.",
        ),
    }
    name: Literal["grammatical"] = "grammatical"


class OracleLikelihood(Metric):
    """How likely the oracle that wrote the data finds generated sequences (Yu et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.texts:oracle_likelihood"
    kinds: ClassVar[Names] = _TOKENS
    needs: ClassVar[Names] = ("oracle",)
    values: ClassVar[Values] = {
        "oracle_nll": MetricInfo(
            "Negative log-likelihood under the oracle",
            "lower",
            "Nats a symbol. One likely sequence that is repeated scores lower than real ones do: "
            "read self-BLEU and what the model says of held-out sequences beside it.",
        ),
        "oracle_nll_real": MetricInfo(
            "Negative log-likelihood of real sequences under the oracle",
            None,
            "The same of the oracle's own sequences: below it lies only what repeats itself.",
        ),
        "oracle_nll_random": MetricInfo(
            "Negative log-likelihood of random sequences under the oracle",
            None,
            "The same of sequences of symbols that are all as frequent.",
        ),
    }
    name: Literal["oracle_likelihood"] = "oracle_likelihood"


class TextLikelihood(Metric):
    """How likely a writer finds real sequences that it was not trained on."""

    target: ClassVar[str] = "trainer.evaluation.measures.texts:text_likelihood"
    kinds: ClassVar[Names] = _TOKENS
    needs: ClassVar[Names] = ("log_probability",)
    values: ClassVar[Values] = {
        "text_nll": MetricInfo(
            "Negative log-likelihood of real texts",
            "lower",
            "Nats a symbol of the run's writer, ends among them; its exponential is the perplexity "
            "in the note. It sees what is missing, and not what is written badly.",
        ),
    }
    name: Literal["text_likelihood"] = "text_likelihood"
