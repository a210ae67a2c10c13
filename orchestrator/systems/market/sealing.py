"""Contributions that are sealed until everybody has contributed: their data and salts, and opening them."""

from collections.abc import Iterable, Iterator, Sequence

from orchestrator.chain import Account
from orchestrator.errors import AccountError, ChainError, ContractReverted
from orchestrator.kernel.session import Session
from orchestrator.systems.market.contract import MarketContract
from orchestrator.systems.market.opening import PredictionMarket
from orchestrator.systems.market.records import Contribution
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.samples import contribution_commitment, encode_batch
from orchestrator.systems.market.secrets import kept_sealed, sealed_here, sealed_salt
from orchestrator.systems.market.testset import Sample
from orchestrator.types import Address

TIMES = 4
"""How often the same data may have been sealed, for their salt to be restored."""


def data_of(
    session: Session,
    market: MarketContract,
    given: Iterable[Contribution],
    owner: Account | None = None,
    samples: Sequence[Sample] = (),
) -> Iterator[tuple[Contribution, bytes, bytes]]:
    """Contributions with their data and salt (empty if they are open), as far as they can be known here.

    Told by the chain, by the state folder, or found among `samples` by `owner`'s wallet.
    """
    for each in given:
        if each.batch is not None:
            yield each, each.batch, b""
            continue
        secret = kept_sealed(session, market, each) or _found(session, market, each, owner, samples)
        if secret:
            yield each, *secret


def openable(session: Session, market: MarketContract, who: Address) -> list[Contribution]:
    """What is still sealed and is of `who`, or whose data are on this machine."""
    return market.index.refresh().sealed(who, sealed_here(session, market.address))


def open_sealed(
    session: Session, opened: PredictionMarket, sender: Account, samples: Sequence[Sample] = ()
) -> Iterator[Contribution]:
    """Open all that is sealed and can be known here (see `data_of`). Anyone who knows it may send it.

    Raises ChainError out of time, AccountError where `sender` has sealed what is not known here.
    """
    market = opened.shared
    phase = market.phase()
    if phase not in (Phase.PARTICIPATION, Phase.OPENING):
        raise ChainError(
            f"nothing can be opened: {opened.name} is in the phase `{phase.name.lower()}`",
            f"`diln market show {opened.name}` tells the times.",
        )
    sealed = openable(session, market, sender.address)
    known = set()
    for each, batch, salt in data_of(session, market, sealed, sender, samples):
        try:
            session.send(market.contract.open(each.index, batch, salt), sender)
        except ContractReverted as error:
            if error.error != "OpenedAlready":  # by another keeper, meanwhile
                raise
        known.add(each.index)
        yield each
    for each in sealed:
        if each.contributor == sender.address and each.index not in known:
            raise AccountError(
                f"the data of contribution {each.index} are not in {session.settings.home}",
                "Give what you contributed with --csv: the salt is restored from your wallet.",
            )


def _found(
    session: Session,
    market: MarketContract,
    given: Contribution,
    owner: Account | None,
    samples: Sequence[Sample],
) -> tuple[bytes, bytes] | None:
    if owner is None or given.contributor != owner.address:
        return None
    starts = range(len(samples) - given.samples + 1)
    salts = sealed_salt(session, market.address, owner) if starts else None
    for start in starts:
        part = samples[start : start + given.samples]
        batch = encode_batch([x for x, _ in part], [y for _, y in part])
        for times in range(TIMES):
            salt = salts.of(batch, times) if salts else b""
            if contribution_commitment(market.domain, owner.address, batch, salt) == given.commitment:
                return batch, salt
    return None
