"""What the commands of `diln market` share."""

from typing import Annotated

import typer

MarketArgument = Annotated[str, typer.Argument(metavar="MARKET", help="A market's name or address.")]
