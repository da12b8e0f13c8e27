"""A tally against a law: how far they are apart, from where on that cannot be chance, and what
difference would have been noticed.

Every threshold and every p-value is a theorem for any sample size, not an approximation for large
ones: the exact binomial law (Clopper, Pearson 1934), the inequality of Dvoretzky, Kiefer and
Wolfowitz with Massart's constant (1990), Bousquet's (2002), Hoeffding's (1963), and a confidence
sequence of Waudby-Smith and Ramdas (2023) where it is not fixed in advance when to stop. Values
without bounds need one on their variance (Catoni 2012).
"""

from simulate.statistics.binomial import Probability
from simulate.statistics.bounded_mean import Mean
from simulate.statistics.confidence_sequence import ConfidenceSequence, Sequential
from simulate.statistics.cramer_von_mises import CramerVonMises
from simulate.statistics.exact_checks import ROUNDING, Bound, Identity
from simulate.statistics.heavy_mean import UnboundedMean
from simulate.statistics.judgement import MISS, Check, Judgement, Range, Verdict
from simulate.statistics.kolmogorov_smirnov import Distribution

__all__ = [
    "MISS", "ROUNDING", "Bound", "Check", "ConfidenceSequence", "CramerVonMises", "Distribution",
    "Identity", "Judgement", "Mean", "Probability", "Range", "Sequential", "UnboundedMean",
    "Verdict",
]  # fmt: skip
