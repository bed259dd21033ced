"""Loans that the library makes: mixed columns with gaps, whose dependences are known.

What a client earns depends on the job and the age, most have saved nothing, and who repays follows
from all of it by a known rule, so that no classifier can be right more often than the rule's dice
let it. Incomes have a mode for every job; savings are zero or lognormal; some incomes are missing.
"""

import numpy as np

from trainer.catalogue import Loans
from trainer.config.experiment import Data
from trainer.data.columns import Cells
from trainer.data.reading import Source
from trainer.data.tables import source_of

JOBS = ("driver", "nurse", "engineer", "lawyer", "student")
_SHARES = (0.35, 0.3, 0.2, 0.1, 0.05)
_INCOMES = (24_000.0, 32_000.0, 55_000.0, 90_000.0, 6_000.0)
PURPOSES = ("car", "home", "study", "boat")
_PURPOSES = (0.45, 0.4, 0.05, 0.1)
# Of the rows, whose income is missing.
GAPS = 0.05
# Of the choice, not of a run: the loans are the same ones for ever.
_SEED = 20190701


def open_source(data: Data) -> Source:
    """Draws the loans; see `trainer.data.tables` for what becomes of them."""
    assert isinstance(data.source, Loans)
    columns = draw(data.source.rows)
    cells = {name: Cells(values, ()) for name, values in columns.items()}
    return source_of(cells, data, "loans", identity={"source": "loans", "rows": data.source.rows})


def draw(count: int) -> dict[str, list[str]]:
    """The cells of so many loans, by column."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    job = random.choice(len(JOBS), count, p=_SHARES)
    age = np.where(job == JOBS.index("student"), 18 + random.poisson(5, count), 0)
    age = np.where(age > 0, age, np.clip(np.rint(random.normal(42, 11, count)), 18, 75)).astype(int)
    income = np.array(_INCOMES)[job] * np.exp(0.12 * random.normal(size=count)) + 150 * age
    saves = random.uniform(size=count) < 0.25
    savings = np.where(saves, np.rint(np.exp(random.normal(8.5, 0.8, count))), 0.0)
    purpose = np.where(
        age < 28, random.choice(3, count, p=(0.4, 0.1, 0.5)), random.choice(4, count, p=_PURPOSES)
    )
    amount = np.rint(income * random.uniform(0.1, 1.5, count) / 100) * 100
    repaid = random.uniform(size=count) < chance(income, savings, amount)
    gaps = random.uniform(size=count) < GAPS
    return {
        "age": [str(value) for value in age],
        "job": [JOBS[value] for value in job],
        "income": ["" if gap else f"{x:.2f}" for x, gap in zip(income, gaps, strict=True)],
        "savings": [str(int(value)) for value in savings],
        "purpose": [PURPOSES[value] for value in purpose],
        "amount": [str(int(value)) for value in amount],
        "repaid": ["yes" if value else "no" for value in repaid],
    }


def chance(income: np.ndarray, savings: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """How likely loans [n] are repaid: a logistic function of what is owed and owned."""
    score = 3.0 - 4.0 * amount / income + 1.5 * (savings > 0)
    chances: np.ndarray = 1.0 / (1.0 + np.exp(-score))
    return chances
