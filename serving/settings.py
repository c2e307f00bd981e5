"""Settings of the server, read from ``SUPERBILL_*`` environment variables."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]", "::1")
"""Host names under which a demo workspace answers (stops DNS rebinding)."""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Practice(BaseModel):
    """What a practice puts on every claim; set as ``SUPERBILL_PRACTICE__BILLING_NPI`` …"""

    billing_npi: str | None = None
    rendering_npi: str | None = None
    taxonomy: str | None = None
    payer_id: str | None = None
    payer_by_type: dict[str, str] = {}
    """Payer of a note whose payer type is known; ``payer_id`` is that of the others."""
    member_id: str | None = None
    submission_lag_days: int | None = None
    """Claims go out this many days after service; None: on the day they are drafted."""


DEMO_PRACTICE = Practice(
    billing_npi="1234567893",  # the published check-digit example: no real provider
    rendering_npi="1234567893",
    taxonomy="207Q00000X",  # family medicine
    payer_id="SIMNORTH",
    # The simulated payers that the shipped denial model knows (data/simulation/payers.csv).
    payer_by_type={
        "commercial": "SIMNORTH",
        "medicare": "SIMMEDIC",
        "medicare_advantage": "SIMSILVR",
        "medicaid": "SIMSTATE",
        "managed_medicaid": "SIMCOMMU",
    },
    member_id="DEMO0001",
    submission_lag_days=3,  # the sample notes lie months back: sent today they would be late
)
"""An invented practice, so that a demo's claims do not all fail for lack of an NPI."""


class Settings(BaseSettings):
    """Everything about the server that a user may set.

    ``SUPERBILL_DATABASE_URL`` may hold a password, so it is a secret and never
    printed. Times are in seconds, sizes in bytes.
    """

    model_config = SettingsConfigDict(
        env_prefix="SUPERBILL_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    var_dir: Path = Path("var")
    database_url: SecretStr | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    bundle: str | None = None
    """A bundle's path, id or alias; without it the store's default alias is served."""
    demo: bool = True
    """A workspace without sign-in: loopback only, sample notes loaded, said on every page."""
    samples: bool = True
    """Load the sample notes when a demo workspace starts."""
    allowed_hosts: tuple[str, ...] = ()
    """Host headers answered; empty: the loopback names in a demo, else every name."""
    max_body_bytes: Annotated[int, Field(ge=1_000)] = 1_500_000
    bundle_poll_seconds: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    log_level: str = "INFO"
    practice: Practice | None = None

    @model_validator(mode="after")
    def _demo_stays_on_loopback(self) -> Self:
        if self.demo and not is_loopback(self.host):
            raise ValueError(
                "host: a demo workspace has no sign-in and answers on loopback only; "
                "set SUPERBILL_HOST=127.0.0.1, or SUPERBILL_DEMO=false behind a proxy "
                "that signs users in"
            )
        return self

    @property
    def url(self) -> str:
        """The database's URL: as set, else SQLite under ``var_dir``."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.var_dir / 'superbill.db').as_posix()}"

    @property
    def bundles_dir(self) -> Path:
        return self.var_dir / "bundles"

    @property
    def terminology_dir(self) -> Path:
        """Releases and index files that the user loaded."""
        return self.var_dir / "terminology"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names answered; empty means all."""
        return self.allowed_hosts or (LOOPBACK_HOSTS if self.demo else ())

    @property
    def claim_practice(self) -> Practice:
        """The practice on the claims: as set, else invented in a demo, else blank."""
        return self.practice or (DEMO_PRACTICE if self.demo else Practice())
