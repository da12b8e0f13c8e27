"""Learning-rate factors as functions of progress."""

from __future__ import annotations

import math

COURSE_WARMUP_LABELS = 512 * 20
COURSE_FINAL_EPOCHS = 200


def course_factor(labels: int, final_labels: int) -> float:
    """The course's factor after `labels` labels (PAD counted): warm-up, then cosine to a tenth.

    The cosine is not stopped at `final_labels` (200 epochs of pretraining): it is back at 1 near
    epoch 400 and at a tenth again near 600, as in the course's trainer.
    """
    if labels < COURSE_WARMUP_LABELS:
        return labels / COURSE_WARMUP_LABELS
    progress = (labels - COURSE_WARMUP_LABELS) / max(1, final_labels - COURSE_WARMUP_LABELS)
    return max(0.1, 0.5 * (1.0 + math.cos(math.pi * progress)))


def linear_factor(step: int, steps: int) -> float:
    """Linear warm-up over the first 2 % of the steps, then linear decay towards 0.

    step: number of steps done, from 0; the factor of the next step is in (0, 1].
    """
    warmup = max(1, steps // 50)
    return min((step + 1) / warmup, (steps - step) / max(1, steps - warmup + 1))
