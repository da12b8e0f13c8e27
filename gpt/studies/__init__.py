"""Studies: lists of recipes trained and asked alike, one study a file; `STUDIES` finds them."""

from __future__ import annotations

from gpt.studies.ablations import ABLATIONS
from gpt.studies.best import BEST_VARIANTS
from gpt.studies.capacity import CAPACITY
from gpt.studies.entry import Study
from gpt.studies.minutes import MINUTES
from gpt.studies.variants import VARIANTS

STUDIES: dict[str, Study] = {
    study.name: study for study in (ABLATIONS, VARIANTS, MINUTES, BEST_VARIANTS, CAPACITY)
}
