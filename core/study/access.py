"""Who may see and change which study: a passphrase, or an identity that the app's sign-in vouches for.

The passphrase opens every study. An identity from OpenID Connect is an e-mail address with a role in some
studies. Tries at the passphrase are counted in the database, so that neither a restart nor another server
gives more of them; the address of an attempt is kept as a keyed hash only, as long as the count needs it.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.i18n import _
from core.study.database import Database
from core.study.faults import StudyError
from core.study.store.values import clean, hash_of
from core.study.tables import ApiTokenRow, AuditRow, RoleRow, SettingRow, TryRow

VARIABLE: Final = "RETAKE_RESEARCHER_PASSPHRASE"
RESEARCHERS: Final = "RETAKE_RESEARCHERS"
"""Who may make studies where people sign in by OpenID Connect: addresses and ``*@domain``, by commas."""
RESEARCHER: Final = "passphrase"
"""The identity of a researcher who signed in with the passphrase; no e-mail address."""
Role = Literal["owner", "collaborator", "viewer"]
Action = Literal["view", "facilitate", "edit", "manage"]
_MAY: Final[dict[Role, frozenset[Action]]] = {
    "viewer": frozenset({"view"}),
    "collaborator": frozenset({"view", "facilitate", "edit"}),
    "owner": frozenset({"view", "facilitate", "edit", "manage"}),
}
TRIES: Final = 5
TRIES_OF_ALL: Final = 100
WITHIN: Final = timedelta(minutes=15)
_PASSPHRASE, _CALLER_KEY = "passphrase_hash", "caller_key"


@dataclass(frozen=True)
class AuditEntry:
    """What a researcher did, and when."""

    at: datetime
    identity: str
    action: str
    study_id: str | None
    detail: str


@dataclass(frozen=True)
class ApiToken:
    """A token for results, without the token itself."""

    token_id: str
    label: str
    created_by: str
    created_at: datetime
    used_at: datetime | None


class TooManyTries(StudyError):
    """No further try for now."""


class Access:
    """Researchers of a server.

    Args:
        now: the time of day, with its zone.
        hasher: how passphrases are hashed; tests take a quicker one.
        given: the passphrase that the operator set; ``RETAKE_RESEARCHER_PASSPHRASE`` by default.
        researchers: who may make studies; ``RETAKE_RESEARCHERS`` by default.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        hasher: PasswordHasher | None = None,
        given: str | None = None,
        researchers: str | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._hasher = hasher or PasswordHasher()
        chosen = os.environ.get(VARIABLE, "") if given is None else given
        self._given = self._hasher.hash(chosen) if chosen else ""
        named = os.environ.get(RESEARCHERS, "") if researchers is None else researchers
        self._researchers = frozenset(filter(None, map(_identity, named.split(","))))
        # Compared with where there is no other, so that this takes as long.
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def first_passphrase(self) -> str | None:
        """A new passphrase where none is set, to be printed once on the server's terminal; else None."""
        if self._given:
            return None
        made = _made()
        try:
            with self._database.writing() as db:
                if db.get(SettingRow, _PASSPHRASE) is not None:
                    return None
                db.add(SettingRow(name=_PASSPHRASE, value=self._hasher.hash(made)))
        except IntegrityError:  # another server was faster
            return None
        return made

    def new_passphrase(self) -> str:
        """A new passphrase in place of the one that was made before, for those who lost it.

        Raises:
            StudyError: the server's setting names one, which goes before any that is made.
        """
        if self._given:
            message = _("{variable} sets the passphrase of this server. Change it there.")
            raise StudyError(message.format(variable=VARIABLE))
        made = _made()
        with self._database.writing() as db:
            db.merge(SettingRow(name=_PASSPHRASE, value=self._hasher.hash(made)))
        return made

    def sign_in(self, passphrase: str, caller: str) -> bool:
        """Whether this is the passphrase.

        Args:
            caller: who tries, such as an address; kept as a keyed hash for 15 minutes.

        Raises:
            TooManyTries: 5 tries of this caller failed within 15 minutes, or 100 of all.
        """
        now = self._now()
        with self._database.writing() as db:
            who = self._caller(db, caller)
            db.execute(delete(TryRow).where(TryRow.at <= now - WITHIN))
            own = db.scalar(select(func.count()).select_from(TryRow).where(TryRow.caller == who)) or 0
            everyone = db.scalar(select(func.count()).select_from(TryRow)) or 0
            if own >= TRIES or everyone >= TRIES_OF_ALL:
                raise TooManyTries(_("Too many tries. Please wait a quarter of an hour and try again."))
            # Counted before it is looked at: tries that come at once all count.
            db.add(TryRow(caller=who, at=now))
            stored = db.get(SettingRow, _PASSPHRASE)
        right = self._matches(self._given or (stored.value if stored else self._nobody), passphrase)
        if right:
            with self._database.writing() as db:
                db.execute(delete(TryRow).where(TryRow.caller == who))
        self.audit(RESEARCHER if right else "", "signed_in" if right else "sign_in_failed")
        return right

    def role(self, identity: str, study_id: str) -> Role | None:
        """What an identity is in a study: :data:`RESEARCHER` owns all; None for no part in it."""
        if identity == RESEARCHER:
            return "owner"
        with self._database.reading() as db:
            row = db.get(RoleRow, (study_id, _identity(identity)))
            return row.role if row else None  # type: ignore[return-value]

    def may(self, identity: str, study_id: str, action: Action) -> bool:
        """Whether an identity may do that: ``view`` results, ``facilitate`` sessions, ``edit`` the study and
        its links, ``manage`` people, tokens and deletion. The same False for a study that is not there.
        """
        role = self.role(identity, study_id)
        return role is not None and action in _MAY[role]

    def may_create(self, identity: str) -> bool:
        """Whether an identity may make studies: by the passphrase, or by an address that the server names.

        A provider may admit people who are no researchers, such as every student of a university or everybody
        with an account there: until addresses are named no account may make studies. Roles are another
        matter.
        """
        name = _identity(identity)
        domain = name.rpartition("@")[2] if "@" in name else ""
        if not domain:
            return name == RESEARCHER
        return not self._researchers.isdisjoint({name, f"*@{domain}"})

    @property
    def names_researchers(self) -> bool:
        """Whether the server names addresses that may make studies."""
        return bool(self._researchers)

    def studies_of(self, identity: str) -> frozenset[str] | None:
        """The ids of the studies that an identity may see; None for all."""
        if identity == RESEARCHER:
            return None
        with self._database.reading() as db:
            return frozenset(db.scalars(select(RoleRow.study_id).filter_by(identity=_identity(identity))))

    def roles(self, study_id: str) -> dict[str, Role]:
        """Everybody with a part in a study."""
        with self._database.reading() as db:
            rows = db.scalars(select(RoleRow).filter_by(study_id=study_id).order_by(RoleRow.identity))
            return {row.identity: row.role for row in rows}  # type: ignore[misc]

    def set_role(self, study_id: str, identity: str, role: Role | None) -> None:
        """Give an e-mail address a role, or take it away."""
        name = _identity(identity)
        if "@" not in name or len(name) > 320:
            raise StudyError(_("Please give an e-mail address."))
        if role is not None and role not in get_args(Role):
            raise ValueError(role)
        with self._database.writing() as db:
            if role is None:
                db.execute(delete(RoleRow).filter_by(study_id=study_id, identity=name))
            else:
                db.merge(RoleRow(study_id=study_id, identity=name, role=role))

    def audit(self, identity: str, action: str, study_id: str | None = None, detail: str = "") -> None:
        """Write down what a researcher did: who, what, in which study; never what they saw."""
        with self._database.writing() as db:
            db.add(
                AuditRow(
                    at=self._now(),
                    identity=_identity(identity),
                    action=action,
                    study_id=study_id,
                    detail=clean(detail),
                )
            )

    def audit_log(self, study_id: str | None = None) -> tuple[AuditEntry, ...]:
        """What was done in a study, or in all, the oldest first."""
        with self._database.reading() as db:
            query = select(AuditRow).order_by(AuditRow.audit_id)
            if study_id is not None:
                query = query.filter_by(study_id=study_id)
            return tuple(
                AuditEntry(row.at, row.identity, row.action, row.study_id, row.detail)
                for row in db.scalars(query)
            )

    def new_api_token(self, study_id: str, label: str, identity: str) -> str:
        """A token that may read a study's results; this is the only time that it is seen."""
        token = f"retake_{secrets.token_urlsafe(32)}"
        with self._database.writing() as db:
            db.add(
                ApiTokenRow(
                    token_id=secrets.token_hex(8),
                    study_id=study_id,
                    token_hash=hash_of(token),
                    label=clean(label)[:200],
                    created_by=_identity(identity),
                    created_at=self._now(),
                )
            )
        return token

    def api_tokens(self, study_id: str) -> tuple[ApiToken, ...]:
        """A study's tokens, the oldest first."""
        with self._database.reading() as db:
            rows = db.scalars(
                select(ApiTokenRow).filter_by(study_id=study_id).order_by(ApiTokenRow.created_at)
            )
            return tuple(
                ApiToken(row.token_id, row.label, row.created_by, row.created_at, row.used_at) for row in rows
            )

    def revoke_api_token(self, study_id: str, token_id: str) -> None:
        """From now on a token reads nothing."""
        with self._database.writing() as db:
            db.execute(delete(ApiTokenRow).filter_by(study_id=study_id, token_id=token_id))

    def token_reads(self, token: str, study_id: str) -> bool:
        """Whether a token may read that study's results. The same False for a study that is not there."""
        with self._database.writing() as db:
            row = db.scalars(
                select(ApiTokenRow).filter_by(token_hash=hash_of(token), study_id=study_id)
            ).first()
            if row is not None:
                row.used_at = self._now()
            return row is not None

    def _matches(self, stored: str, passphrase: str) -> bool:
        try:
            return self._hasher.verify(stored, passphrase[:1000].encode("utf-8", "replace"))
        except (VerificationError, InvalidHashError):
            return False

    def _caller(self, db: Session, caller: str) -> str:
        # Without the key, an address could be found by hashing all there are.
        row = db.get(SettingRow, _CALLER_KEY, with_for_update=True)
        if row is None:
            row = SettingRow(name=_CALLER_KEY, value=secrets.token_hex(32))
            db.add(row)
            db.flush()
        return hmac.new(bytes.fromhex(row.value), clean(caller).encode(), hashlib.sha256).hexdigest()


def _identity(name: str) -> str:
    return clean(name).strip().casefold()


def _made() -> str:
    return "-".join(secrets.token_hex(2) for _turn in range(5))
