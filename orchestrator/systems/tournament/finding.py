"""Where tournaments are found, what their organizers say of them, and where their secrets are kept."""

from dataclasses import dataclass
from typing import ClassVar

from orchestrator.bindings.tournament import Created, Funded, Tournament, TournamentFactory, Withdrawn
from orchestrator.kernel import finding
from orchestrator.kernel.balances import Balances

KIND = "tournament"
LARGEST_DATA = 64 << 20


@dataclass(frozen=True)
class Descriptor(finding.Descriptor):
    """What an organizer says of a tournament.

    `id` and `target` name columns, `source` says where targets come from; `train` is the CID of the data to
    train on, `live` those of each round's rows (ids and features), `baseline` that of a public model or "".
    """

    FORMAT: ClassVar[str] = "diln-tournament/1"

    id: str
    target: str
    features: tuple[str, ...]
    train: str
    live: tuple[str, ...]
    source: str = ""
    baseline: str = ""


_TOURNAMENTS = finding.Named(KIND, "created or entered", Tournament, TournamentFactory, Created, Descriptor)
factory_of, tournaments, open_tournament = _TOURNAMENTS.factory_of, _TOURNAMENTS.all, _TOURNAMENTS.open
find, descriptor_of, name_of = _TOURNAMENTS.find, _TOURNAMENTS.descriptor_of, _TOURNAMENTS.name_of
names = _TOURNAMENTS.names
secret_folder, act = _TOURNAMENTS.secret_folder, _TOURNAMENTS.act

_BALANCES = Balances[Tournament](KIND, Funded, Withdrawn)
money_of, fund, withdraw, value_for = (
    _BALANCES.money_of,
    _BALANCES.fund,
    _BALANCES.withdraw,
    _BALANCES.value_for,
)
