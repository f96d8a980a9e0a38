"""What a registration needs, and a person as he is kept now."""

from __future__ import annotations

from thserver.domain.people import Person
from thserver.services.all import Services

ADDRESS = "198.51.100.77"


async def again(services: Services, person: Person) -> Person:
    """The person as he is kept now."""
    found = await services.people._people.get(person.id)
    assert found is not None
    return found
