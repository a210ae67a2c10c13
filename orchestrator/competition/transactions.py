"""What transactions that others sent to a competition carried."""

from typing import TYPE_CHECKING, Any, cast

from orchestrator.competition.contracts import CompetitionReader
from orchestrator.competition.records import Group
from orchestrator.errors import ChainError

if TYPE_CHECKING:
    from web3.types import EventData


def call_argument(competition: CompetitionReader, event: "EventData", function: str, name: str) -> Any:
    """An argument of the transaction that emitted `event`. Raises ChainError if it called something else."""
    transaction = cast(Any, competition.chain.web3.eth.get_transaction(event["transactionHash"]))
    try:
        called, arguments = competition.contract.decode_function_input(transaction["input"])
        if called.fn_name == function and transaction["to"] == competition.address:
            return arguments[name]
    except ValueError:
        pass
    raise ChainError(
        f"transaction {transaction['hash'].to_0x_hex()} calls the competition through another contract",
        "Its data cannot be read from the transaction: ask whoever sent it.",
    )


def group_argument(found: Any) -> Group:
    """A group as it was opened."""
    return Group(bytes(found["salt"]), bytes(found["data"]), tuple(bytes(each) for each in found["proof"]))
