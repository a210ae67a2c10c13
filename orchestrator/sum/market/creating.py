"""Create a market: seal, pin and commit to a secret test set, clone the model, escrow, show one portion."""

import hashlib
import secrets as randomness
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orchestrator.chain import Account, artifact_names
from orchestrator.errors import ChainError, ContractReverted, DataError, ModelError, UsageError
from orchestrator.learning.onchain import OnChainModel
from orchestrator.learning.onchain.market import Phase
from orchestrator.learning.onchain.market_rules import LESSONS, Rules
from orchestrator.learning.onchain.samples import decode_run
from orchestrator.sum.adding import bring
from orchestrator.sum.connection import Connection
from orchestrator.sum.conversion import Converted
from orchestrator.sum.creating import arguments_for, check_name, publish
from orchestrator.sum.descriptor import Descriptor, Quality
from orchestrator.sum.market.contract import MarketContract
from orchestrator.sum.market.providing import reveal
from orchestrator.sum.market.secrets import folder_of, keep_provider, provider_master
from orchestrator.sum.market.testset import LONGEST_PORTION, Sample, SecretTest, cut
from orchestrator.sum.money import Money, require_held
from orchestrator.sum.opening import Opened, open_market
from orchestrator.sum.replaying import replay
from orchestrator.sum.training import Table
from orchestrator.types import Address, Wei

Progress = Callable[[int, int], None]
MOST_WORDS = 256
MOST_GAS = 7_000_000
"""That predicting a portion may take: an eighth less than the contract allows."""


@dataclass(frozen=True)
class Offer:
    """What a provider offers; amounts are in the smallest unit of `money`.

    `rules.samples` may be 0: as many for each portion as there are. `tips` None: what measuring the first
    model takes.
    """

    rules: Rules
    money: Money
    bounty: int
    bond: int
    tips: int | None = 0

    @property
    def provided(self) -> int:
        """The tips, in the smallest unit."""
        if self.tips is not None:
            return self.tips
        rules = self.rules
        return rules.tip * self.money.unit * (rules.steps - 1 + LESSONS * rules.samples)

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
        samples = [sample for run in self.secret.runs for sample in decode_run(run)]
        return sum(self.converted.model.classify(x) == y for x, y in samples) / len(samples)


@dataclass(frozen=True)
class CreatedMarket:
    """`gas_used` is of what was sent now; `trial` is None if the trial portion is not revealed yet."""

    address: Address
    descriptor: Descriptor
    gas_used: int
    trial: int | None


def start_from(opened: Opened) -> Converted:
    """A shared model as it is now, as a market's first model. Raises VerificationFailed as `replay` does."""
    done = replay(opened)
    return Converted(opened.descriptor.encoder, done.twin, opened.descriptor.labels)


def prepare(
    connection: Connection,
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
    key = _key(name, offer, samples, provider.address, connection.chain.genesis_hash)
    nonce = _nonce(connection, key)
    master = provider_master(connection, provider, nonce)
    runs = _cut(samples, offer.rules, master)
    size = sum(1 for _ in decode_run(runs[0]))
    secret = SecretTest.of(runs, master)
    return Draft(
        name=name,
        converted=converted,
        quality=quality,
        offer=replace(offer, rules=replace(offer.rules, samples=size)),
        nonce=nonce,
        master=master,
        secret=secret,
        skipped=len(test) - len(samples),
        unused=len(samples) - size * len(runs),
    )


def create(
    connection: Connection,
    draft: Draft,
    provider: Account,
    *,
    wait: bool = True,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> CreatedMarket:
    """Create the market of `draft`; with `wait`, up to the trial portion, whereupon participation begins.

    Done twice, or killed and done again, nothing happens twice. A dry run prices the first transaction.
    Raises ModelError where the provider has another market of that name, InsufficientFunds, ContractReverted.
    """
    converted, offer, chain = draft.converted, draft.offer, connection.chain
    content = draft.secret.sealed(draft.nonce).to_bytes()
    stored = connection.storage.put(content, pin=not dry_run)
    part = converted.model.part
    descriptor = Descriptor(
        draft.name, part, converted.labels, converted.encoder, quality=draft.quality, sealed=stored.cid
    )
    composition = part + "Market"
    implementation = connection.deployments.get(composition)
    arguments = arguments_for(converted.model, offer.rules, offer.money.token, offer.money.unit)
    salt = descriptor.digest
    address = connection.factory.address_of(implementation, provider.address, salt, arguments)
    gas = 0
    if not chain.code(address):
        check_name(connection, draft.name, provider.address)
        require_held(chain, offer.money, provider, offer.escrow)
        function = connection.factory.create(implementation, salt, arguments)
        if not dry_run:
            publish(connection, descriptor)
            keep_provider(connection, address, draft.master)
            connection.known.remember(address, "market")
        purpose = f"sum-market-create-{address}"
        gas += connection.journal.send(purpose, function, provider, dry_run=dry_run).gas_used
    if dry_run:
        return CreatedMarket(address, descriptor, gas, None)
    market = MarketContract(chain, address, composition)
    if market.phase() is Phase.CREATED:
        gas += _offer(connection, market, draft, provider)
    if wait and market.phase() is Phase.TRIAL:
        opened = open_market(connection, address)
        gas += sum(each.gas_used for each in reveal(connection, opened, provider, progress=progress))
    begun = market.phase() is not Phase.TRIAL
    return CreatedMarket(address, descriptor, gas, market.state().trial if begun else None)


def _offer(connection: Connection, market: MarketContract, draft: Draft, provider: Account) -> int:
    """Escrow, once it is sure that what is committed to can be revealed."""
    offer = draft.offer
    heaviest = max(draft.secret.runs, key=len)
    try:
        needed = connection.chain.send(market.evaluate(heaviest, 1 << 16), provider, dry_run=True).gas_used
    except ContractReverted as error:
        raise DataError(f"the market refuses the test set: {error.message}") from error
    if needed > MOST_GAS:
        raise DataError(
            f"predicting a portion of the test set takes {needed} gas, of at most {MOST_GAS}",
            "Cut it into more --portions, or give each fewer --samples.",
        )
    value, _ = bring(connection, market, provider, Wei(offer.escrow))
    root = draft.secret.tree(market.place, provider.address).root
    function = market.offer(root, offer.bounty, offer.bond, offer.provided)
    purpose = f"sum-market-offer-{market.address}"
    return connection.journal.send(purpose, function, provider, value=value).gas_used


def _check(model: OnChainModel, offer: Offer) -> None:
    known = [name.removesuffix("Market") for name in artifact_names() if name.endswith("Market")]
    if model.part not in known:
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


def _nonce(connection: Connection, key: str) -> bytes:
    """Random, but the same when a creation is run again."""
    folder = folder_of(connection)
    with connection.journal.alone(f"draft {key}"):
        known = folder.read(key)
        if known is None:
            known = {"nonce": randomness.token_hex(32)}
            folder.write(key, known)
    try:
        return bytes.fromhex(known["nonce"])
    except (KeyError, ValueError) as error:
        raise ChainError(f"the draft {key} is damaged", "Move it away, and run it again.") from error
