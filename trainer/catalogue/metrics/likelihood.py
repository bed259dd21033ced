"""How likely an autoencoder finds what it was not trained on."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class Likelihood(Metric):
    """Evidence lower bound and importance-sampled log-likelihood (Burda et al. 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures.likelihood:log_likelihood"
    expensive: ClassVar[bool] = True
    needs: ClassVar[Names] = ("log_weight",)
    values: ClassVar[Values] = {
        "elbo": MetricInfo(
            "Evidence lower bound",
            "higher",
            "Nats of a held-out example under an autoencoder, by a sampled bound. A Gaussian "
            "decoder gives a density on the scale of [-1, 1]; of grey levels as probabilities it "
            "is no likelihood.",
        ),
        "log_likelihood": MetricInfo(
            "Log-likelihood by importance sampling",
            "higher",
            "The same by the logarithm of a mean of importance weights: a bound too, which rises "
            "to the log-likelihood with the samples. Compare at equal numbers of them.",
        ),
    }
    name: Literal["likelihood"] = "likelihood"
    # Latents drawn for each example; the published numbers are of 5000.
    samples: int = Field(100, ge=1)
