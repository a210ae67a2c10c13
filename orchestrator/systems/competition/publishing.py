"""Put a submission's model into the model registry: hash, licence, data, and the score the contract gave."""

import hashlib
import platform
from importlib.metadata import version
from typing import Any

from orchestrator.bindings.competition import Outcome, Status
from orchestrator.chain import Account
from orchestrator.errors import ChainError
from orchestrator.kernel.publishing import Published, publish_model
from orchestrator.kernel.session import Session
from orchestrator.models.integer import decode_model, readable_score
from orchestrator.provenance import Manifest, describe
from orchestrator.storage import PutResult
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.overview import stands
from orchestrator.systems.competition.training import read_archive
from orchestrator.times import utc


def publish(
    session: Session, competition: Competition, number: int, owner: Account, licence: str | None = None
) -> Published:
    """Publish the model of one's own submission, as deployable if it won a place; twice, it happens once.

    The artifact is the very bytes that the competition runs. Raises ChainError before the end and for
    somebody else's submission.
    """
    submission = competition.submission(number)
    if submission.submitter != owner.address or submission.status is not Status.REVEALED:
        raise ChainError(
            f"submission {number} is not a revealed one of {owner.name}", "Look at `diln competition show`."
        )
    if competition.progress().outcome is not Outcome.DECIDED or not stands(competition, number):
        raise ChainError(f"the score of submission {number} is not decided", "Publish it after the end.")
    content = competition.model_bytes(number)
    stored = session.storage.put(content)
    manifest = _manifest(session, competition, number, content, stored, licence)
    won = number in competition.ranking()
    return publish_model(session, manifest, _project(competition), competition.address, owner, deployable=won)


def _project(competition: Competition) -> str:
    return f"competition-{competition.address}"


def _manifest(
    session: Session,
    competition: Competition,
    number: int,
    content: bytes,
    stored: PutResult,
    licence: str | None,
) -> Manifest:
    terms, archive = competition.terms, read_archive(session, competition)
    at = _time(competition.progress().drawn_at)
    return describe(
        name=f"submission-{number}.bin",
        sha256=hashlib.sha256(content).hexdigest(),
        cid=stored.cid,
        artifact={"size": stored.size, "profile": stored.profile, "format": "diln-integer-model"},
        project=_project(competition),
        data=[
            {
                "source": f"competition:{competition.address}",
                "sha256": hashlib.sha256(session.storage.read(terms.cid)).hexdigest(),
                "cid": terms.cid,
                "files": (),
                "rows": terms.groups * terms.group_size,
                "columns": {},
                "cleaning": {},
                "collected": at,
            }
        ],
        training=_training(competition, archive.encoding.features, archive.encoding.target, content),
        environment={"python": platform.python_version(), "libraries": _libraries(), "git": None},
        evaluation=_evaluation(competition, number),
        licence=licence,
        created=at,
    )


def _training(
    competition: Competition, features: tuple[str, ...], target: str, content: bytes
) -> dict[str, Any]:
    terms, model = competition.terms, decode_model(content)
    return {
        "algorithm": f"orchestrator.models.integer.{type(model).__name__}",
        "steps": (f"integer {model.kind}",),
        "hyperparameters": {},
        "search": None,
        "features": tuple({"name": name, "type": "numeric", "optional": False} for name in features),
        "reading": None,
        "target": target,
        "task": "classification" if terms.classes else "regression",
        "split": {"groups": terms.groups, "testGroups": competition.test_groups()},
        "seed": None,
    }


def _evaluation(competition: Competition, number: int) -> dict[str, Any]:
    """What the contract found, and whether that passed the criterion."""
    terms = competition.terms
    value = readable_score(terms.metric_name, competition.result_of(number).score)
    mae = terms.classes == 0
    threshold = terms.criterion / (10**6 if mae else 10**9)
    passed = value <= threshold if mae else value >= threshold
    condition = {
        "metric": terms.metric_name,
        "relation": "<=" if mae else ">=",
        "threshold": float(threshold),
        "value": float(value),
        "passed": passed,
    }
    return {
        "metrics": {terms.metric_name: float(value), "samples": terms.test_samples},
        "gate": {"passed": passed, "conditions": (condition,)},
    }


def _libraries() -> dict[str, str]:
    return {name: version(name) for name in ("numpy", "scikit-learn")}


def _time(timestamp: int) -> str:
    return utc(timestamp).strftime("%Y-%m-%dT%H:%M:%SZ")
