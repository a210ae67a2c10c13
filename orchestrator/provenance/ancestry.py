"""The ancestry of a version: which models it was made from, and those from, back to the first."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.errors import VerificationFailed
from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import Project, Version
from orchestrator.types import Digest

DEEPEST = 200
"""How many generations are followed."""


@dataclass(frozen=True)
class Lineage:
    """A version and its parents' lineages.

    `repeated` marks one whose parents stand elsewhere in the tree already, `cut` one that is too far away to
    be followed; both have no parents here.
    """

    version: Version
    project: Project
    parents: tuple["Lineage", ...] = ()
    repeated: bool = False
    cut: bool = False

    def walk(self) -> Iterator["Lineage"]:
        """Yield the version's lineage, then those of its ancestors, depth first."""
        yield self
        for parent in self.parents:
            yield from parent.walk()

    def ancestors(self) -> list[Version]:
        """Every ancestor once, without the version itself."""
        found = {each.version.id: each.version for each in self.walk()}
        del found[self.version.id]
        return list(found.values())


def lineage(registry: RegistryReader, version: Version, project: Project | None = None) -> Lineage:
    """The ancestry of `version`, as the registry knows it; `project` is the version's, if it is known.

    Raises VerificationFailed if the node does not show a parent or a project that must exist.
    """
    seen: set[Digest] = set()
    projects = {project.id: project} if project else {}

    def project_of(project_id: Digest) -> Project:
        found = projects.get(project_id) or registry.project(project_id)
        if found is None:
            raise VerificationFailed("the node does not show a version's project", "Ask another node.")
        return projects.setdefault(project_id, found)

    def grow(each: Version, depth: int) -> Lineage:
        home = project_of(each.project_id)
        if each.id in seen or (each.parents and depth >= DEEPEST):
            return Lineage(each, home, repeated=each.id in seen, cut=each.id not in seen)
        seen.add(each.id)
        return Lineage(each, home, tuple(grow(_parent(registry, it), depth + 1) for it in each.parents))

    return grow(version, 0)


def _parent(registry: RegistryReader, version_id: Digest) -> Version:
    found = registry.version_by_id(version_id)
    if found is None:
        raise VerificationFailed(
            f"the node does not show the parent version {version_id.hex()[:12]}…", "Ask another node."
        )
    return found
