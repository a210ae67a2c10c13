"""The provider's duties: to reveal the trial portion, and in the end all others."""

import time

from orchestrator.chain import Account, Receipt
from orchestrator.errors import AccountError, ChainError, ContractReverted, IntegrityError
from orchestrator.kernel.session import Session
from orchestrator.systems.market.contract import MarketContract
from orchestrator.systems.market.opening import PredictionMarket
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.secrets import keep_provider, kept_provider, provider_master
from orchestrator.systems.market.testset import LARGEST, SealedTest, SecretTest, proves
from orchestrator.types import Report

LOOK = 2.0  # seconds between looks at a chain that is waited for


def sealed_test(session: Session, opened: PredictionMarket) -> SealedTest:
    """The sealed test set that the market's address commits to. Raises StorageError, DataError."""
    return SealedTest.parse(session.storage.read(opened.descriptor.sealed, limit=LARGEST))


def secret_test(session: Session, opened: PredictionMarket, account: Account | None = None) -> SecretTest:
    """The whole test set, by the secret kept on this machine, or else by `account`'s wallet.

    Raises AccountError where neither has it, IntegrityError where it is not what the market commits to.
    """
    market, sealed = opened.shared, sealed_test(session, opened)
    master = kept_provider(session, market.address)
    if master is not None and _fits(market, found := sealed.open_all(master)):
        return found
    if account is None or account.address != market.creator:
        if master is not None:
            raise _mismatch(opened)
        raise AccountError(
            f"the test set of {opened.name} is the secret of {market.creator}",
            "Run it as the provider: its wallet restores the salts.",
        )
    master = provider_master(session, account, sealed.nonce)
    found = sealed.open_all(master)
    if not _fits(market, found):
        raise _mismatch(opened)
    keep_provider(session, market.address, master)
    return found


def reveal(
    session: Session, opened: PredictionMarket, sender: Account, *, progress: Report | None = None
) -> list[Receipt]:
    """Reveal what is due: the trial portion (once a block has chosen it), or after participation the others.

    Anyone who has the secret may send it. Interrupted, it goes on with what is left. Raises ChainError that
    says when it is due, as `secret_test` does, ContractReverted.
    """
    market = opened.shared
    phase, now, deadline = session.chain.look(
        lambda: (market.phase(), session.chain.now(), market.contract.deadline())
    )
    if phase not in (Phase.TRIAL, Phase.REVEALING):
        raise ChainError(f"there is nothing to reveal: {opened.name} is in {_named(phase)}", _hint(phase))
    if now > deadline:
        raise ChainError(
            f"it is too late to reveal the test set of {opened.name}",
            f"`diln market settle {opened.name}` ends the market.",
        )
    secret = secret_test(session, opened, sender)
    if phase is Phase.TRIAL:
        return [_reveal_trial(session, opened, secret, sender, progress)]
    return _reveal_others(session, market, secret, sender, progress)


def check_portions(session: Session, opened: PredictionMarket) -> dict[int, bytes]:
    """The portions that are known, checked against the root and, if it is at hand, the sealed test set.

    Raises IntegrityError for a market whose test set does not match its commitments.
    """
    market = opened.shared
    told = market.portions()
    if not told:
        return {}
    root, known = market.contract.root(), {portion.index: portion.batch for portion in told}
    sealed = sealed_test(session, opened) if session.storage.has(opened.descriptor.sealed) else None
    for portion in told:
        proof = market.proof_in(portion)
        place = portion.index, market.rules.portions
        if proof is not None and not proves(
            market.domain, market.creator, root, *place, portion.batch, portion.salt, proof
        ):
            raise _mismatch(opened, portion.index)
        if sealed and sealed.open(portion.index, portion.salt) != portion.batch:
            raise _mismatch(opened, portion.index)
    if len(known) == market.rules.portions:
        ordered = sorted(told, key=lambda portion: portion.index)
        whole = SecretTest(tuple(each.batch for each in ordered), tuple(each.salt for each in ordered))
        if not _fits(market, whole):
            raise _mismatch(opened)
    return known


def _reveal_trial(
    session: Session,
    opened: PredictionMarket,
    secret: SecretTest,
    sender: Account,
    progress: Report | None,
) -> Receipt:
    market = opened.shared
    _await_choice(session, market, progress)
    if market.state().trial is None:
        session.send(market.contract.choose(), sender, once=f"sum-market-choose-{market.address}")
    index = market.state().trial
    if index is None:
        raise ChainError("the node does not show the choice of the trial portion", "Run it again.")
    tree = secret.tree(market.domain, market.creator)
    function = market.contract.reveal_trial(secret.batches[index], secret.salts[index], tree.proof(index))
    return session.send(function, sender, once=f"sum-market-trial-{market.address}")


def _reveal_others(
    session: Session,
    market: MarketContract,
    secret: SecretTest,
    sender: Account,
    progress: Report | None,
) -> list[Receipt]:
    known = {portion.index for portion in market.portions()}
    tree, receipts = secret.tree(market.domain, market.creator), []
    for index in range(len(secret.batches)):
        if index in known:
            continue
        function = market.contract.reveal(
            index, secret.batches[index], secret.salts[index], tree.proof(index)
        )
        try:
            receipts.append(session.send(function, sender))
        except ContractReverted as error:
            if error.error != "RevealedAlready":  # by another keeper, meanwhile
                raise
        if progress:
            progress(index + 1, len(secret.batches))
    return receipts


def _await_choice(session: Session, market: MarketContract, progress: Report | None) -> None:
    """Until the block is there whose hash chooses. On a development chain it is mined."""
    chain, target = session.chain, market.state().target
    first = chain.head().number
    while (number := chain.head().number) < target + 1:
        if progress:
            progress(number - first, target + 1 - first)
        if chain.development:
            chain.mine()
        else:
            time.sleep(LOOK)


def _fits(market: MarketContract, secret: SecretTest) -> bool:
    return secret.tree(market.domain, market.creator).root == market.contract.root()


def _mismatch(opened: PredictionMarket, index: int | None = None) -> IntegrityError:
    which = "the test set" if index is None else f"portion {index} of the test set"
    return IntegrityError(
        f"{which} of {opened.name} does not match the commitments of the market",
        "Do not contribute to it: the provider has changed its test set, or the node lies.",
    )


def _named(phase: Phase) -> str:
    return f"the phase `{phase.name.lower()}`"


def _hint(phase: Phase) -> str:
    if phase is Phase.CREATED:
        return "Run `diln market create` again, with the same data: it goes on where it was."
    if phase < Phase.REVEALING:
        return "The others are due when participation is over; `diln market show` says when."
    return "All portions are known: `diln market settle` does the rest."
