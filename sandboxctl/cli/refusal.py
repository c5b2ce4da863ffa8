"""Problems of specs as the error that ends a command."""

from __future__ import annotations

from collections.abc import Sequence

from sandboxctl.errors import InvalidError
from sandboxctl.problems import Problem, errors


class RefusedError(InvalidError):
    """What the specs say is wrong, or cannot be had on the engine; the whole list comes with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        wrong = errors(problems)
        places = sorted({problem.range.filename for problem in wrong if problem.range})
        where = f" in {places[0]}" if len(places) == 1 else f" in {len(places)} files" if places else ""
        count = "an error" if len(wrong) == 1 else f"{len(wrong)} errors"
        super().__init__(f"{count}{where}: nothing was done")
        self.problems = tuple(problems)
