"""The ancestry of a version: which models it was made from, and those from, back to the first."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.errors import VerificationFailed
from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import Project, Version
from orchestrator.types import Digest

DEEPEST = 200
"""How many generations are followed."""

MOST = 1_000
"""How many ancestors are read: anybody may name any number of versions as parents."""


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
    versions = _ancestors(registry, version)
    missing = {each.project_id for each in versions.values()} - ({project.id} if project else set())
    projects = {each.id: each for each in registry.projects_by_id(sorted(missing))}
    if project:
        projects[project.id] = project
    seen: set[Digest] = set()

    def grow(each: Version, depth: int) -> Lineage:
        home = projects.get(each.project_id)
        if home is None:
            raise VerificationFailed("the node does not show a version's project", "Ask another node.")
        followed = depth < DEEPEST and all(parent in versions for parent in each.parents)
        if each.id in seen or (each.parents and not followed):
            return Lineage(each, home, repeated=each.id in seen, cut=each.id not in seen)
        seen.add(each.id)
        return Lineage(each, home, tuple(grow(versions[parent], depth + 1) for parent in each.parents))

    return grow(version, 0)


def _ancestors(registry: RegistryReader, version: Version) -> dict[Digest, Version]:
    """The version and its ancestors by id, a generation after the other, until there are MOST."""
    found = {version.id: version}
    generation = [version]
    while generation:
        wanted = sorted({parent for each in generation for parent in each.parents} - found.keys())
        if len(found) + len(wanted) > MOST:
            break
        parents = registry.versions_by_id(wanted)
        hidden = next((each for each in wanted if each not in parents), None)
        if hidden:
            raise VerificationFailed(
                f"the node does not show the parent version {hidden.hex()[:12]}…", "Ask another node."
            )
        found |= parents
        generation = list(parents.values())
    return found
