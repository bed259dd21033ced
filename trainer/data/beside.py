"""What a file says of pictures: a line of JSON, or of a table with a header, for each of them.

Pictures of a folder are found by their paths within it; those of an array have their lines in their
order.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from trainer.catalogue import Folder, Npz
from trainer.config.experiment import Data
from trainer.data.reading import Source, opened, readable
from trainer.data.sources import folder
from trainer.errors import ConfigError

_ENDINGS = (".jsonl", ".csv")
# Names that a message shows.
_SHOWN = 3


class Line(NamedTuple):
    """A line of a file: its number, and its values by their keys or columns."""

    number: int
    values: Mapping[str, object]


class About(Protocol):
    """What is read off a line; `picture` is None where lines are in the pictures' order."""

    @property
    def picture(self) -> str | None:
        """The path of the picture within its folder."""
        ...


_About = TypeVar("_About", bound=About)


@dataclass(frozen=True)
class Beside:
    """A file of lines, one or several for each picture.

    Attributes:
        option: of `data.source` that names the file, for messages.
        path: of it.
        picture: the key or column of a picture's path.
        example: of a line of JSON, for messages.
    """

    option: str
    path: Path
    picture: str
    example: str

    @property
    def identity(self) -> list[object]:
        """JSON values that change when the file does."""
        status = self.path.stat()
        return [str(self.path.resolve()), status.st_size, status.st_mtime_ns]

    def lines(self) -> list[Line]:
        """All lines that are not empty.

        Raises:
            ConfigError: for a file that cannot be read, or of another kind.
        """
        if self.path.suffix.lower() not in _ENDINGS:
            raise ConfigError(
                f"data.source.{self.option}: received {str(self.path)!r}; give a .jsonl file of an "
                "object a line or a .csv file with a header."
            )
        try:
            return list(self._read())
        except OSError as error:
            raise ConfigError(
                f"data.source.{self.option}: {self.path} cannot be read ({error.strerror}); give "
                "the path of a file on a local disk."
            ) from error
        except UnicodeDecodeError as error:
            raise ConfigError(
                f"data.source.{self.option}: {self.path} is not UTF-8 text (byte {error.start}); "
                "save it as UTF-8."
            ) from error
        except csv.Error as error:
            raise ConfigError(
                f"data.source.{self.option}: {self.path} cannot be read as CSV ({error}); write it "
                "with quotes around what holds a comma."
            ) from error

    def text(self, line: Line, key: str, named_by: str) -> str:
        """What a line has under a key that an option of the source names.

        Raises:
            ConfigError: where that is nothing.
        """
        value = line.values.get(key)
        if isinstance(value, str) and value.strip():
            return value
        raise ConfigError(
            f"data.source.{self.option}: line {line.number} of {self.path} has no {key!r} (it has "
            f"{', '.join(map(str, line.values)) or 'nothing'}); name the key or column by "
            f"data.source.{named_by}, and leave no line empty."
        )

    def of_folder(self, found: Sequence[_About], root: Path) -> list[list[_About]]:
        """What is said of each picture of a folder, in the order in which they are read.

        Raises:
            ConfigError: for a picture without a line, and a line whose picture is not there.
        """
        self._refuse_few(found)
        said: dict[str, list[_About]] = {}
        for about in found:
            assert about.picture is not None
            said.setdefault(Path(about.picture).as_posix(), []).append(about)
        names = [file.relative_to(root).as_posix() for file in folder.image_files(root)]
        missing, extra = sorted(set(said) - set(names)), sorted(set(names) - set(said))
        if missing or extra:
            problems = [
                f"{len(some)} {what} ({listed(some)})"
                for some, what in (
                    (missing, f"pictures of {self.path} are not there"),
                    (extra, "pictures have no line in it"),
                )
                if some
            ]
            raise ConfigError(
                f"data.source.{self.option}: in {root} {' and '.join(problems)}; give each picture "
                f"a line whose {self.picture!r} is its path within the folder."
            )
        return [said[name] for name in names]

    def of_array(self, found: Sequence[_About], count: int, pictures: Path) -> list[list[_About]]:
        """What is said of each picture of an array.

        Raises:
            ConfigError: when there are more lines, or fewer.
        """
        self._refuse_few(found)
        if len(found) != count:
            raise ConfigError(
                f"data.source.{self.option}: {self.path} has {len(found)} {self.option} for the "
                f"{count} pictures of {pictures}; give one a picture, in their order."
            )
        return [[about] for about in found]

    def _refuse_few(self, found: Sequence[About]) -> None:
        if len(found) < 2:
            raise ConfigError(
                f"data.source.{self.option}: {self.path} holds {len(found)} {self.option}, and "
                "training needs at least 2; put one example on each line."
            )

    def _read(self) -> Iterator[Line]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            if self.path.suffix.lower() == ".csv":
                reader = csv.DictReader(file, restkey="")
                for values in reader:
                    yield Line(reader.line_num, values)
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield Line(number, self._object(line, number))

    def _object(self, line: str, number: int) -> Mapping[str, object]:
        try:
            values = json.loads(line)
            problem = "" if isinstance(values, dict) else f"no object but {line.strip()[:40]}"
        except ValueError as error:
            problem = f"no JSON ({error})"
        if problem:
            raise ConfigError(
                f"data.source.{self.option}: line {number} of {self.path} is {problem}; put an "
                f"object on each line, such as {self.example}."
            )
        return dict(values)


def opened_pictures(pictures: Path, data: Data) -> Source:
    """A folder of pictures, or arrays of them.

    Raises:
        ConfigError: as these sources do.
    """
    kind = Folder if pictures.is_dir() else Npz
    return opened(kind(path=str(pictures)), data)


def listed(names: Sequence[str]) -> str:
    """The first names of many."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(readable, names[:_SHOWN])) + more
