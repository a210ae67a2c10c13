"""The pre-commit hook: `diln verify`, for files of a project that is named.

Anybody may publish any file in a project of their own, so a file that is anchored somewhere proves nothing.
"""

import sys
from collections.abc import Sequence

from orchestrator.cli import main


def verify(argv: Sequence[str]) -> None:
    """Verify the files in `argv` and exit as `diln verify` does; with 2 where no project is named."""
    if not any(each == "--project" or each.startswith("--project=") for each in argv):
        from orchestrator.console.printing import print_error
        from orchestrator.errors import UsageError

        print_error(
            UsageError(
                "the hook does not say whose models are meant, and anybody may publish any file",
                "Write in .pre-commit-config.yaml: args: [--project, CREATOR/NAME, --signed-by, NAME].",
            )
        )
        sys.exit(UsageError.exit_code)
    main(["verify", *argv])


if __name__ == "__main__":
    verify(sys.argv[1:])
