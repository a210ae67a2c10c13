"""What git says of a folder."""

import subprocess
from pathlib import Path


def git(folder: Path, *words: str) -> str:
    """Raises OSError where there is no git, CalledProcessError where it refuses: outside a repository."""
    command = ["git", "-C", str(folder.resolve()), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
