"""Scenarios: TOML files that say what is simulated, and those that ship with DILN."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.errors import SpecError

S = TypeVar("S", bound=BaseModel)


def read_scenario(kind: type[S], reference: str, shipped: Path, page: str) -> S:
    """A scenario by its file, or by the name of one in the folder `shipped`; `page` documents the format.

    Raises SpecError.
    """
    known = {each.stem: each for each in sorted(shipped.glob("*.toml"))}
    path = Path(reference)
    if not path.is_file():
        if reference not in known:
            hint = f"Give a TOML file, or one of {', '.join(known)}."
            raise SpecError(f"there is no scenario {reference}", hint)
        path = known[reference]
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} is not valid TOML: {error}", "Correct the line that it names.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SpecError(f"{path}: {where}: {first['msg']}", f"Compare it with {page}.") from error
