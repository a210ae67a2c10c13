"""What a node adds to its ClientApp: it signs a commitment to its update, and shows the update when all have.

    seal = Seal(place)
    app = ClientApp(mods=[seal])
    seal.register(app)

A node needs neither ether nor an RPC endpoint: its signature goes with Flower's reply, and the server, or
anybody, sends it.
"""

import hashlib
from collections.abc import Callable

from eth_utils.address import to_checksum_address
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MessageType, RecordDict
from flwr.clientapp import ClientApp
from flwr.clientapp.typing import ClientAppCallable

from orchestrator.chain import Account, Accounts
from orchestrator.config import load_settings
from orchestrator.errors import AccountError, DataError
from orchestrator.kernel.secrets import derive
from orchestrator.learning.aggregation import Update, quantize
from orchestrator.systems.federation.envelopes import Place, reveal_entry, signed_entry
from orchestrator.systems.federation.flower import VERSION
from orchestrator.systems.federation.flower.records import template_of, to_units

REVEAL = "query.reveal"
HELD, METRICS = "diln-held", "diln-metrics"


def wallet_of(context: Context) -> Account:
    """The wallet that a node's configuration names: `diln-account`, in the state folder `diln-home`.

    Raises AccountError, ConfigError.
    """
    home, name = (str(context.node_config.get(f"diln-{each}", "")) for each in ("home", "account"))
    if not name:
        raise AccountError(
            "this node has no wallet",
            'Start it with --node-config \'diln-home=".diln" diln-account="NAME"\'.',
        )
    return Accounts(load_settings(home=home or None)).get(name)


class Seal:
    """`place` is the only federation that a node signs for; `account_of` gives its wallet by its context.

    The arrays of a training message are expected under `arrays`, those of a reply too, with `metrics`.
    """

    def __init__(
        self,
        place: Place,
        account_of: Callable[[Context], Account] = wallet_of,
        arrays: str = "arrays",
        metrics: str = "metrics",
        weight: str = "num-examples",
    ) -> None:
        self._account_of, self._place = account_of, place
        self._arrays, self._metrics, self._weight = arrays, metrics, weight

    def register(self, app: ClientApp) -> None:
        """Let `app` answer when it is asked to reveal."""
        app.query("reveal")(self.reveal)

    def __call__(self, message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        """Train, hold the update back, and reply with a signed commitment. Raises DataError."""
        if message.metadata.message_type != MessageType.TRAIN:
            return call_next(message, context)
        asked = message.content["config"]
        number, width, most = (int(asked[f"diln-{name}"]) for name in ("round", "width", "weight"))
        place = Place(int(asked["diln-chain"]), to_checksum_address(str(asked["diln-contract"])))
        if place != self._place:
            raise DataError("the server asks for another federation than this node takes part in")
        before: ArrayRecord = message.content[self._arrays]
        template = template_of(before)
        start = to_units(template, before)
        trained = call_next(message, context)
        if trained.has_error():
            return trained
        update = quantize(to_units(template, trained.content[self._arrays]) - start, width)
        metrics = trained.content[self._metrics]
        weight = min(int(metrics[self._weight]), most)
        if weight < 1:
            raise DataError("this node has no rows to train on", "Take part once it has.")
        account = self._account_of(context)
        signed = self._hold(context, account, number, update, weight)
        context.state[METRICS] = metrics
        content = ConfigRecord({"party": account.address, "entry": signed, "flower": VERSION})
        return Message(RecordDict({"commitment": content}), reply_to=message)

    def _hold(self, context: Context, account: Account, number: int, update: Update, weight: int) -> bytes:
        """Keep what is revealed later; returns the entry that commits to it."""
        cid = hashlib.sha256(update.data).digest()
        digest = update.digest(weight, cid)
        place = self._place
        salt = derive(
            account, "DILN federation secrets", place.chain_id, f"round {number}", digest, place.contract
        )
        commitment = place.commitment(account.address, number, digest, salt)
        message = place.message("Update", round=number, commitment=commitment)
        entry = reveal_entry(account.address, update.root, weight, update.shift, cid, salt)
        context.state[HELD] = ConfigRecord({"data": update.data, "entry": entry})
        return signed_entry(commitment, account.sign_typed_data(message))

    def reveal(self, message: Message, context: Context) -> Message:
        """Show what was committed to. Raises DataError where nothing was."""
        if HELD not in context.state:
            raise DataError("this node has committed to nothing")
        shown = RecordDict({"held": context.state[HELD], "metrics": context.state[METRICS]})
        return Message(shown, reply_to=message)
