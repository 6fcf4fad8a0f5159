"""The names that a filter offers."""

from collections import Counter

from sqlalchemy import select

from core.store import Product, Scope, table


def product_names(scope: Scope) -> dict[int, str]:
    """The account's products by id, in the order of their names; names that two share tell the id.

    Products that left the catalogue are among them: their test cycles still count.
    """
    products = table(Product)
    asked = select(products.c.id, products.c.name).where(products.c.account_id == scope.account)
    with scope.read() as session:
        found = session.connection().execute(asked).all()
    names = {product_id: name or "Unnamed product" for product_id, name in found}
    seen = Counter(names.values())
    return {
        product_id: name if seen[name] == 1 else f"{name} ({product_id})"
        for product_id, name in sorted(names.items(), key=lambda item: (item[1], item[0]))
    }
