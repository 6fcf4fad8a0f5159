"""How many test cycles the bugs are asked of in one request: sized by the answers."""

# About so many bugs in an answer: few requests, short units, and little memory.
BUGS = 500
SECONDS = 8.0
MOST_CYCLES = 200
# Before anything is known of the account.
FIRST_CYCLES = 10
# So many answers in a row that came whole, and a size at which the source failed is tried again.
WHOLE_ANSWERS = 20


class BatchSize:
    """The size of the next batch; `cycles` and `bugs` are how many the store has already."""

    def __init__(self, cycles: int = 0, bugs: int = 0) -> None:
        self.is_known = cycles > 0
        self.cycles = FIRST_CYCLES
        self._most = MOST_CYCLES
        self._whole = 0
        if self.is_known:
            self.cycles = self._fitting(cycles, bugs)

    def answered(self, cycles: int, bugs: int, seconds: float, *, largest: int) -> None:
        """An answer came, after `seconds`; `largest` is the largest part of it in one request."""
        fits = self._fitting(cycles, bugs)
        if seconds > SECONDS:
            fits = min(fits, int(cycles * SECONDS / seconds))
        if largest < cycles:
            self._most, self._whole = largest, 0
        else:
            self._whole += 1
            if self._whole >= WHOLE_ANSWERS:
                self._most, self._whole = min(MOST_CYCLES, self._most + self._most // 2 + 1), 0
        # Not more than twice at a time: a few empty cycles say nothing of the next ones.
        self.cycles = max(1, min(fits, 2 * max(cycles, self.cycles), self._most))
        self.is_known = True

    def _fitting(self, cycles: int, bugs: int) -> int:
        return max(1, min(cycles * BUGS // bugs, MOST_CYCLES)) if bugs else MOST_CYCLES
