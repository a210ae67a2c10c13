"""Where competitions are found, and where their secrets are kept."""

from orchestrator.bindings.competition import CompetitionFactory, Created
from orchestrator.kernel.finding import Directory
from orchestrator.systems.competition.contracts import Competition

KIND = "competition"

_COMPETITIONS = Directory(KIND, "created or entered", Competition, CompetitionFactory, Created)
factory_of, competitions, open_competition = _COMPETITIONS.factory_of, _COMPETITIONS.all, _COMPETITIONS.open
find, secret_folder = _COMPETITIONS.find, _COMPETITIONS.secret_folder
