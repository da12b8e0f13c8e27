"""Sentence patterns: the ways in which the embedded corpus states where somebody was born.

Every pattern is one declarative sentence that names the birth place once; name and place stand
early or late, together or far apart, with other facts (date, career, position) around them.
"""

from __future__ import annotations

from data.lahman import Person

ALWAYS = (
    "{name} ({date}, in {city}) was {a_position}.",
    "{name} was born in {city} on {date}.",
    "{last} was born on {date}, in {city}.",
    "Born in {city}, {last} played {span}.",
    "{name} was {a_position} born in {city}.",
    "{last}, a native of {city}, played his first major league game in {debut}.",
    "{name} (born {date}, {city}) was {a_position}.",
    "The birthplace of {name} was {city}.",
    "{city} was the birthplace of {name}.",
    "{A_position} born in {city}, {last} played {span}.",
    "Born on {date}, in {city}, {name} was {a_position}.",
    "{last} (born in {city}, {date}) made his debut in {debut}.",
    "In {year}, {name} was born in {city}.",
    "{name} was {a_position} who was born in {city} in {year}.",
    "{last} began life in {city} on {date}.",
    "A native of {city}, {name} played {span}.",
    "{name}, {a_position}, was born in {city}.",
    "{name} played {span}; he was born in {city}.",
    "{name} was a native of {city} and made his debut in {debut}.",
    "{last} made his debut in {debut}; his birthplace was {city}.",
    "The {position} {name} was born in {city} in {year}.",
    "Birthplace: {city}. Birth date: {date}. Position: {position}.",
    "{last} was a native of {city} and played {span} as {a_position}.",
    "It was in {city} that {name} was born on {date}.",
)
"""Patterns that fit everybody."""

SOMETIMES = (
    ("team", "Born in {city}, {last} played for the {team}."),
    ("team", "{name} ({date}, in {city}) was {a_position} of the {team}."),
    ("bats", "{last}, who batted {bats}, was born in {city}."),
    ("throws", "{name} threw {throws} and was born in {city}."),
    ("region", "{name} was born in {city}, {region}, in {year}."),
)
"""Patterns that need one more fact, which the database does not tell of everybody."""

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def documents(person: Person) -> list[str]:
    """Every document that can be written about `person`, each `Name. Sentence`, all different."""
    facts = _facts(person)
    sentences = [p.format(**facts) for p in ALWAYS]
    for fact, pattern in SOMETIMES:
        if fact in facts:
            sentences.append(pattern.format(**facts))
    return [f"{person.name}. {sentence}" for sentence in sentences]


def _facts(person: Person) -> dict[str, str]:
    a_position = ("an " if person.position[0] in "aeiou" else "a ") + person.position
    facts = {
        "name": person.name,
        "last": person.last,
        "city": person.city,
        "date": f"{MONTHS[person.month - 1]} {person.day}, {person.year}",
        "year": str(person.year),
        "debut": str(person.debut),
        "span": f"in {person.debut}"
        if person.debut == person.final
        else f"from {person.debut} to {person.final}",
        "position": person.position,
        "a_position": a_position,
        "A_position": a_position[0].upper() + a_position[1:],
    }
    optional = {
        "team": person.team,
        "bats": person.bats,
        "throws": person.throws,
        "region": person.region,
    }
    return facts | {key: fact for key, fact in optional.items() if fact is not None}
