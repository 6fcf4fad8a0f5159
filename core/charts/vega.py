"""Charts as plain Vega-Lite specifications: what all of them are put together from."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

Part: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """A chart as its Vega-Lite specification; Streamlit takes it for an Altair chart.

    Altair takes some 50 ms to build and check one, which a page with many of them cannot wait for.
    """

    spec: Mapping[str, Any]

    def to_dict(self) -> Part:
        """The specification, to be changed by who asks."""
        return deepcopy(dict(self.spec))


GREY = "#97a1ac"
STRONG = "#6b7683"


def layered(
    frame: pd.DataFrame,
    layers: Sequence[Part],
    *,
    height: int,
    bottom: int = 4,
    config: Mapping[str, Part] | None = None,
) -> Drawn:
    """Layers over one frame, in the look that all charts share; `config` adds to it."""
    axis = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    more = config or {"axis": {"tickCount": 5}, "axisX": {"grid": False}}
    return Drawn(
        {
            "datasets": {"rows": records(frame)},
            "data": {"name": "rows"},
            "layer": list(layers),
            "height": height,
            "padding": {"left": 0, "top": 6, "right": 4, "bottom": bottom},
            "config": {"view": {"strokeOpacity": 0}, **more, "axis": axis | more.get("axis", {})},
        }
    )


def records(frame: pd.DataFrame) -> list[Part]:
    """The rows of a frame as JSON has them, unknown values as None."""
    plain = frame.astype(object)
    rows: list[Any] = plain.where(plain.notna(), None).to_dict("records")
    return rows


def quantity(field: str, **more: Any) -> Part:
    """A channel with the numbers of a column."""
    return {"field": field, "type": "quantitative", **more}


def nominal(field: str, **more: Any) -> Part:
    """A channel with the names of a column."""
    return {"field": field, "type": "nominal", **more}


def ordinal(field: str, **more: Any) -> Part:
    """A channel with the values of a column in their order."""
    return {"field": field, "type": "ordinal", **more}
