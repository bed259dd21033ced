"""What RDKit says of molecules, where it is installed."""

from types import ModuleType
from typing import Any

from trainer.errors import ConfigError


def require(field: str, value: str) -> ModuleType:
    """RDKit's module of molecules.

    Raises:
        ConfigError: when it is not installed, naming what asks for it.
    """
    try:
        from rdkit import Chem, rdBase
    except ImportError as error:
        raise ConfigError(
            f"{field}: received {value!r}, which needs the package 'rdkit', and it is not "
            "installed; pip install 'saddlepoint[chem]'."
        ) from error
    # It tells of every molecule that is none on the process' own error stream.
    rdBase.DisableLog("rdApp.*")
    chem: ModuleType = Chem
    return chem


def molecule(text: str) -> Any | None:
    """RDKit's molecule of a SMILES text; None where it is none."""
    made = require("rdkit", text).MolFromSmiles(text)
    return made if made is not None and made.GetNumAtoms() else None


def drug_likeness(text: str) -> float:
    """The quantitative estimate of drug-likeness on [0, 1]; 0 for what is no molecule.

    Reference: Bickerton et al. 2012, "Quantifying the chemical beauty of drugs".
    """
    made = molecule(text)
    if made is None:
        return 0.0
    from rdkit.Chem import QED

    estimate: Any = QED.qed
    return float(estimate(made))
