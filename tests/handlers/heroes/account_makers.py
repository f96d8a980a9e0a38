"""What a registration over contract heroes sends."""

from __future__ import annotations

REGISTRATION = {
    "first_name": "Cam",
    "last_name": "Newton",
    "email": "test@test.com",
    "password": "password1",
    "phone": "5555555555",
    "phone_token": "abc123",
    "timezone": "America/Chicago",
}
