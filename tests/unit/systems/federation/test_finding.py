"""Federations by their names, among those whose descriptors nobody provides."""

from dataclasses import replace

import pytest

from orchestrator.errors import ChainError, ConfigError
from orchestrator.kernel.session import Session
from orchestrator.systems.federation import finding
from orchestrator.types import Digest
from tests.unit.systems.federation.stage import begin


@pytest.fixture
def dead(session, tmp_path):
    """Two of a stranger's: nobody provides what they are."""
    made = begin(session, tmp_path)
    factory = finding.factory_of(session)
    for number in (1, 2):
        terms = replace(made.terms, descriptor=Digest(bytes([number]) * 32))
        call = factory.create(terms, Digest(bytes([number]) * 32))
        session.send(call, session.account("dave"), value=terms.rounds * terms.reward * terms.unit)
    return made


def test_find__descriptors_that_nobody_gives__are_sought_together_and_never_read(session, dead, monkeypatch):
    """Each read would take as long as peers are searched, and a stranger can make any number of them."""
    sought = []
    real = session.storage.at_hand

    def at_hand(cids, *rest):
        sought.append(len(cids))
        return real(cids, *rest)

    def read(*_, **__):
        raise AssertionError("one after the other")

    monkeypatch.setattr(session.storage, "at_hand", at_hand)
    for name in ("read", "has", "verify", "block"):
        monkeypatch.setattr(session.storage, name, read)
    assert finding.find(session, "clinics").address == dead.address
    with pytest.raises(ChainError, match="`none` here; names not read: 2, whose desc"):
        finding.find(session, "none")
    assert max(sought) == 3
    sought.clear()
    assert finding.find(session, dead.address).address == dead.address
    assert sought == []
    assert list(finding.names(session, finding.federations(session)).values()) == ["clinics", "", ""]


def test_find__address_of_kubo_that_is_none__is_said(session, dead, monkeypatch):
    storage = replace(session.settings.storage, kind="kubo", kubo="http://127.0.0.1:5001")
    with Session(replace(session.settings, storage=storage)) as other, pytest.raises(ConfigError) as raised:
        finding.find(other, "clinics")
    assert "/ip4/127.0.0.1/tcp/5001/http" in raised.value.hint
