"""Every table in one metadata: imported by the migrations."""

from serving.claims import tables as claims_tables
from serving.coding import tables as coding_tables
from serving.database import Base

metadata = Base.metadata

__all__ = ["claims_tables", "coding_tables", "metadata"]
