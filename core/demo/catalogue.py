"""The demo's products and features, as the source's API sends them."""

from collections.abc import Iterator
from typing import Any

from core.demo.world import DemoProduct, World


def product_objects(world: World) -> Iterator[dict[str, Any]]:
    """The products of the catalogue."""
    for product in world.products:
        yield {
            "id": product.id,
            "name": product.name,
            "type": product.type,
            "sections": [],
            "default_section_id": None,
        }


def feature_objects(product: DemoProduct) -> Iterator[dict[str, Any]]:
    """The features that are in the catalogue of a product now."""
    for feature in product.features:
        if not feature.gone:
            yield {
                "id": feature.id,
                "title": feature.title,
                "description": f"What people do with {feature.title.lower()}.",
                "howtofind": f"{product.name}, then {feature.title}",
                "user_stories": [],
            }
