"""How accounts are plugged together: signing in, codes, people with their heroes, passwords and pictures; the rest of the
house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Clock
from thserver.gateways.images import Images
from thserver.gateways.password_hasher import PasswordHasher
from thserver.services.background import Background
from thserver.services.codes import Codes, TokenKinds
from thserver.services.confirmation_letters import ConfirmationLetters
from thserver.services.heroes import Heroes
from thserver.services.media import Media
from thserver.services.outbox import Outbox
from thserver.services.own_account import OwnAccount
from thserver.services.passwords import Passwords
from thserver.services.people import People
from thserver.services.phone_sign_in import PhoneSignIn
from thserver.services.sign_in import SignIn
from thserver.services.usernames import Usernames


@dataclass(frozen=True, kw_only=True)
class Accounts:
    codes: Codes
    token_kinds: TokenKinds
    heroes: Heroes
    media: Media
    people: People
    confirmations: ConfirmationLetters
    passwords: Passwords
    phone_sign_in: PhoneSignIn
    usernames: Usernames
    own_account: OwnAccount


def wire_sign_in(settings: Settings, database: Database, *, clock: Clock, hasher: PasswordHasher) -> SignIn:
    return SignIn(
        database=database,
        clock=clock,
        hasher=hasher,
        token_life=timedelta(days=settings.auth_token_exp_in_days),
        limit_per_address=settings.limit_auth_per_address_min,
    )


def wire_accounts(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    background: Background,
    sign_in: SignIn,
    outbox: Outbox,
) -> Accounts:
    codes = Codes(
        database=database,
        clock=clock,
        sender=outbox,
        secret_key=settings.secret_key,
        web_domain=settings.web_domain,
        countries=settings.sms_countries,
        limit_per_phone=settings.limit_codes_per_phone_hour,
        limit_per_address=settings.limit_codes_per_address_hour,
        limit_in_all=settings.limit_codes_all_hour,
    )
    token_kinds = TokenKinds.lasting(timedelta(days=settings.verification_token_exp_in_days))
    heroes = Heroes(
        database=database,
        clock=clock,
        background=background,
        outbox=outbox,
        web_domain=settings.web_domain,
    )
    database.people.base_url = settings.base_url
    media = Media(database=database, clock=clock, images=Images())
    confirmations = ConfirmationLetters(
        database=database,
        clock=clock,
        codes=codes,
        outbox=outbox,
        token_kinds=token_kinds,
        web_domain=settings.web_domain,
    )
    people = People(
        database=database,
        clock=clock,
        sign_in=sign_in,
        codes=codes,
        heroes=heroes,
        outbox=outbox,
        media=media,
        confirmations=confirmations,
        token_kinds=token_kinds,
        reveal_codes=settings.debug,
    )
    passwords = Passwords(
        database=database,
        clock=clock,
        sign_in=sign_in,
        codes=codes,
        outbox=outbox,
        token_kinds=token_kinds,
        web_domain=settings.web_domain,
    )
    return Accounts(
        codes=codes,
        token_kinds=token_kinds,
        heroes=heroes,
        media=media,
        people=people,
        confirmations=confirmations,
        passwords=passwords,
        phone_sign_in=PhoneSignIn(
            database=database,
            clock=clock,
            codes=codes,
            sign_in=sign_in,
            media=media,
            takes_master_code=settings.debug,
        ),
        usernames=Usernames(
            database=database,
            clock=clock,
            sign_in=sign_in,
            people=people,
            media=media,
            confirmations=confirmations,
        ),
        own_account=OwnAccount(people=people, media=media),
    )
