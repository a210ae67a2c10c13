"""Create a market: seal, pin and commit to a secret test set, clone the model, escrow, show one portion."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orchestrator.bindings import market as abi
from orchestrator.chain import Account
from orchestrator.errors import ContractReverted, DataError, ModelError, UsageError
from orchestrator.kernel.money import Currency, require_held
from orchestrator.kernel.session import Session
from orchestrator.models.online.clone import unit_of
from orchestrator.models.online.compositions import MARKET, Composition
from orchestrator.models.online.conversion import Converted
from orchestrator.models.online.descriptor import Descriptor, Quality
from orchestrator.models.online.factory import arguments_for, factory_of
from orchestrator.models.online.finding import check_name, publish
from orchestrator.models.online.funding import pay_in
from orchestrator.models.online.references import OnChainModel
from orchestrator.models.online.training import Table
from orchestrator.systems.market.contract import MarketContract
from orchestrator.systems.market.opening import open_market
from orchestrator.systems.market.provider import reveal
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.rules import LESSONS, Rules
from orchestrator.systems.market.reference.samples import decode_batch
from orchestrator.systems.market.secrets import folder_of, keep_provider, provider_master
from orchestrator.systems.market.testset import LONGEST_PORTION, Sample, SecretTest, cut
from orchestrator.types import Address, Report

MOST_WORDS = 256
MOST_GAS = 7_000_000
"""That predicting a portion may take: an eighth less than the contract allows."""


@dataclass(frozen=True)
class Offer:
    """What a provider offers; amounts are in the smallest unit of `money`.

    `rules.samples` may be 0: as many for each portion as there are. `tips` None: what measuring the first
    model takes. `most` is what may be paid of a token that keeps a part of each payment; None: the escrow.
    """

    rules: Rules
    money: Currency
    bounty: int
    bond: int
    tips: int | None = 0
    most: int | None = None

    @property
    def provided(self) -> int:
        """The tips, in the smallest unit."""
        if self.tips is not None:
            return self.tips
        rules = self.rules
        return rules.tip * unit_of(self.money) * (rules.steps - 1 + LESSONS * rules.samples)

    @property
    def escrow(self) -> int:
        """All that the provider puts down."""
        return self.bounty + self.bond + self.provided


@dataclass(frozen=True)
class Draft:
    """Everything that a creation sends. `skipped` rows cannot be encoded, `unused` fill no portion."""

    name: str
    converted: Converted
    quality: Quality | None
    offer: Offer
    nonce: bytes
    master: bytes
    secret: SecretTest
    skipped: int
    unused: int

    @property
    def accuracy(self) -> float:
        """The initial model's, on the whole test set."""
        samples = [sample for batch in self.secret.batches for sample in decode_batch(batch)]
        return sum(self.converted.model.classify(x) == y for x, y in samples) / len(samples)


@dataclass(frozen=True)
class CreatedMarket:
    """`gas_used` is of what was sent now; `trial` is None if the trial portion is not revealed yet."""

    address: Address
    descriptor: Descriptor
    gas_used: int
    trial: int | None


def prepare(
    session: Session,
    name: str,
    converted: Converted,
    test: Table,
    offer: Offer,
    provider: Account,
    quality: Quality | None = None,
) -> Draft:
    """Encode, cut and salt the test set; nothing is sent, and nothing leaves this machine.

    Raises DataError, ModelError for a model that no market takes, UsageError for an offer of nothing.
    """
    _check(converted.model, offer)
    samples = _encode(converted, test)
    key = _key(name, offer, samples, provider.address, session.chain.genesis_hash)
    nonce = folder_of(session).nonce(session, key)
    master = provider_master(session, provider, nonce)
    batches = _cut(samples, offer.rules, master)
    size = sum(1 for _ in decode_batch(batches[0]))
    secret = SecretTest.of(batches, master)
    return Draft(
        name=name,
        converted=converted,
        quality=quality,
        offer=replace(offer, rules=replace(offer.rules, samples=size)),
        nonce=nonce,
        master=master,
        secret=secret,
        skipped=len(test) - len(samples),
        unused=len(samples) - size * len(batches),
    )


def create(
    session: Session,
    draft: Draft,
    provider: Account,
    *,
    wait: bool = True,
    dry_run: bool = False,
    progress: Report | None = None,
    agree: Callable[[Address], None] | None = None,
) -> CreatedMarket:
    """Create the market of `draft`; with `wait`, up to the trial portion, whereupon participation begins.

    Done twice, or killed and done again, nothing happens twice. A dry run prices the first transaction.
    `agree` is called with the market's address before anything is paid; it raises where somebody does not.
    Raises ModelError where the provider has another market of that name, InsufficientFunds, ContractReverted.
    """
    offer, chain, plan = draft.offer, session.chain, _planned(session, draft, provider, pin=not dry_run)
    address, descriptor = plan.address, plan.descriptor
    market = MarketContract(plan.composition, abi.PredictionMarket(chain, address))
    gas, exists = 0, bool(chain.code(address))
    if not exists:
        check_name(session, draft.name, provider.address)
        require_held(chain, offer.money.of(offer.escrow), provider)
    if agree and not dry_run and not (exists and market.phase() is not Phase.CREATED):
        agree(address)
    if not exists:
        function = factory_of(session).create(plan.implementation, descriptor.digest, plan.arguments)
        if not dry_run:
            publish(session, descriptor)
            keep_provider(session, address, draft.master)
            session.known.remember(address, "market")
        purpose = f"sum-market-create-{address}"
        gas += session.send(function, provider, dry_run=dry_run, once=purpose).gas_used
    if dry_run:
        return CreatedMarket(address, descriptor, gas, None)
    if market.phase() is Phase.CREATED:
        gas += _offer(session, market, draft, provider)
    if wait and market.phase() is Phase.TRIAL:
        opened = open_market(session, address)
        gas += sum(each.gas_used for each in reveal(session, opened, provider, progress=progress))
    begun = market.phase() is not Phase.TRIAL
    return CreatedMarket(address, descriptor, gas, market.state().trial if begun else None)


@dataclass(frozen=True)
class _Planned:
    """What the factory is told, and where the market comes to stand."""

    composition: Composition
    descriptor: Descriptor
    implementation: Address
    arguments: bytes
    address: Address


def _planned(session: Session, draft: Draft, provider: Account, *, pin: bool) -> _Planned:
    converted, offer = draft.converted, draft.offer
    stored = session.storage.put(draft.secret.sealed(draft.nonce).to_bytes(), pin=pin)
    part = converted.model.part
    descriptor = Descriptor(
        draft.name, part, converted.labels, converted.encoder, quality=draft.quality, sealed=stored.cid
    )
    composition = Composition(type(converted.model), MARKET)
    implementation = session.deployments.get(composition.name)
    arguments = arguments_for(converted.model, offer.rules, offer.money.address, unit_of(offer.money))
    address = factory_of(session).address_of(implementation, provider.address, descriptor.digest, arguments)
    return _Planned(composition, descriptor, implementation, arguments, address)


def _offer(session: Session, market: MarketContract, draft: Draft, provider: Account) -> int:
    """Escrow, once it is sure that what is committed to can be revealed."""
    offer = draft.offer
    heaviest = max(draft.secret.batches, key=len)
    try:
        needed = session.send(market.contract.evaluate(heaviest, 1 << 16), provider, dry_run=True).gas_used
    except ContractReverted as error:
        raise DataError(f"the market refuses the test set: {error.message}") from error
    if needed > MOST_GAS:
        raise DataError(
            f"predicting a portion of the test set takes {needed} gas, of at most {MOST_GAS}",
            "Cut it into more --portions, or give each fewer --samples.",
        )
    value, _ = pay_in(session, market, provider, offer.escrow, offer.most or offer.escrow)
    root = draft.secret.tree(market.domain, provider.address).root
    function = market.contract.offer(root, offer.bounty, offer.bond, offer.provided)
    purpose = f"sum-market-offer-{market.address}"
    return session.send(function, provider, value=value, once=purpose).gas_used


def _check(model: OnChainModel, offer: Offer) -> None:
    if type(model) not in MARKET.models:
        known = [each.part for each in MARKET.models]
        raise ModelError(f"there is no market for a {model.part}", f"There is one for {', '.join(known)}.")
    if (words := len(model.words())) > MOST_WORDS:
        raise ModelError(
            f"the model has {words} words of 256 bits; a market takes {MOST_WORDS}",
            "Train it with fewer --words or --buckets.",
        )
    if not offer.bounty or not offer.bond or not offer.rules.stake:
        raise UsageError("bounty, bond and stake are above zero", "Give --bounty, --bond and --stake.")
    if offer.rules.validation > max(0, offer.rules.portions - 2):
        raise UsageError(
            f"of {offer.rules.portions} portions, {offer.rules.validation} cannot validate",
            "One is shown, and one at least pays: choose fewer with --validation.",
        )
    if trap := offer.rules.trap():
        raise UsageError(f"no market can have these rules: {trap}", "Choose others.")
    try:
        offer.rules.pack()
    except ValueError as error:
        raise UsageError(f"no market can have these rules: {error}", "Give a smaller value.") from error


def _encode(converted: Converted, test: Table) -> list[Sample]:
    """What can be encoded, each once: a sample that is there twice would be seen in the trial portion."""
    samples: dict[bytes, int] = {}
    for row, label in zip(test.rows(), test.labels, strict=True):
        try:
            x = converted.encoder.encode(row)
            converted.model.classify(x)
        except DataError:
            continue
        if label in converted.labels:
            samples.setdefault(x, converted.labels.index(label))
    if not samples:
        raise DataError(
            "no test sample can be encoded", f"The labels are {', '.join(converted.labels)}; look at --test."
        )
    return list(samples.items())


def _cut(samples: Sequence[Sample], rules: Rules, seed: bytes) -> tuple[bytes, ...]:
    if rules.samples:
        return cut(samples, rules.portions, rules.samples, seed)
    longest = max(len(x) for x, _ in samples)
    fits = min(len(samples) // max(rules.portions, 1), LONGEST_PORTION // (longest + 3), (1 << 16) - 1)
    return cut(samples, rules.portions, fits, seed)


def _key(name: str, offer: Offer, samples: Sequence[Sample], provider: Address, genesis: str) -> str:
    content = hashlib.sha256(f"{genesis} {provider} {name} {offer}".encode())
    for x, y in samples:
        content.update(len(x).to_bytes(4, "big") + x + bytes([y]))
    return f"draft-{content.hexdigest()[:24]}"
