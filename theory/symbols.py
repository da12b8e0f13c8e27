"""The notation of the derivations, and the range of each parameter.

Scores in questions 2a to 2e carry no 1/√d. β is the gain of a query in 2a to 2d and the norm of
the vectors u in 2e, where the gain is γ.
"""

from __future__ import annotations

import sympy as sp

from theory.proof.law import Parameter

n = sp.Symbol("n", integer=True, positive=True)
size = sp.Symbol("m", integer=True, positive=True)
beta = sp.Symbol("beta", positive=True)
gamma = sp.Symbol("gamma", positive=True)
alpha = sp.Symbol("alpha", positive=True)
radial = sp.Symbol("r", nonnegative=True)
epsilon = sp.Symbol("varepsilon", positive=True)
delta = sp.Symbol("delta", positive=True)
margin = sp.Symbol("Delta", real=True)
diameter = sp.Symbol("D", nonnegative=True)
share = sp.Symbol("s", positive=True)
weight = sp.Symbol("w", positive=True)
added_c, added_d = sp.symbols("a_c a_d", nonnegative=True)
logit = sp.Symbol("x", real=True)

KEYS = Parameter("n", n, lower=2, integer=True)
MORE_KEYS = Parameter("n", n, lower=3, integer=True)
SIZE = Parameter("size", size, lower=1, integer=True)
GAIN_OF_QUERY = Parameter("beta", beta, lower=0)
POSITIVE_GAIN = Parameter("beta", beta, lower=0, open=True)
NORM = Parameter("beta", beta, lower=0, open=True)
GAIN = Parameter("gain", gamma, lower=0, open=True)
NOISE = Parameter("alpha", alpha, lower=0, open=True)
RADIAL = Parameter("radial", radial, lower=0)
TOLERANCE = Parameter("epsilon", epsilon, lower=0, upper=1, open=True)
HALF = Parameter("delta", delta, lower=0, upper=0.5, open=True)
ADD_C = Parameter("add_c", added_c, lower=0, upper=1, integer=True)
ADD_D = Parameter("add_d", added_d, lower=0, upper=1, integer=True)
MULTIPLE_C = Parameter("add_c", added_c, lower=0)
MULTIPLE_D = Parameter("add_d", added_d, lower=0)
ERROR = Parameter("epsilon", epsilon, lower=0, open=True)
MARGIN = Parameter("margin", margin)
DIAMETER = Parameter("diameter", diameter, lower=0)
SHARE = Parameter("s", share, lower=0, upper=1, open=True)
WEIGHT = Parameter("w", weight, lower=0, upper=1, open=True)
LOGIT = Parameter("x", logit)

POSITIVE = (sp.Integer(0), sp.oo)
NONNEGATIVE = POSITIVE
UNIT = (sp.Integer(0), sp.Integer(1))
ANY = (-sp.oo, sp.oo)
