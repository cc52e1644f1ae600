"""Sales of cabinets as their events tell of them, and how far the log was read for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Engine, String, and_, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from gongfu_fleet.adapters.db.cursor_rows import cursor_of, move_cursor
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.domain.alarms.asset_rules.unsettled import Sale, joined
from gongfu_fleet.services.watch_ports import Cursor
from gongfu_fleet.services.watch_sales import News


class SaleRow(Base):
    """One session; ``judged`` when the ledger says all that there is to say of it.

    ``touched_ms`` is platform time: what nothing came of for long is dropped.
    """

    __tablename__ = "sale"

    asset: Mapped[str] = mapped_column(String(40), primary_key=True)
    session: Mapped[str] = mapped_column(String(64), primary_key=True)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    heard_ms: Mapped[int | None] = mapped_column(BigInteger)
    owed: Mapped[bool]
    settled_ms: Mapped[int | None] = mapped_column(BigInteger)
    judged: Mapped[bool] = mapped_column(index=True)
    touched_ms: Mapped[int] = mapped_column(BigInteger, index=True)


@dataclass
class SqlSales:
    """Fits the port SaleStore."""

    engine: Engine

    def cursor(self, consumer: str) -> Cursor | None:
        """Where the consumer stands."""
        with reading(self.engine) as session:
            return cursor_of(session, consumer)

    def take(
        self, news: Iterable[News], consumer: str, before: Cursor | None, after: Cursor
    ) -> None:
        """Note what events told, and how far the log was read. Raises ConflictError."""
        with writing(self.engine) as session:
            move_cursor(session, consumer, before, after)
            for one in news:
                _note(session, one)

    def unjudged(self, late_ms: int) -> Mapping[str, Sequence[Sale]]:
        """Unjudged sales by cabinet, and what else of it was settled ``late_ms`` after its end."""
        waiting = select(SaleRow.asset).where(~SaleRow.judged).distinct()
        late = or_(SaleRow.settled_ms.is_(None), SaleRow.settled_ms - SaleRow.ended_ms > late_ms)
        wanted = or_(~SaleRow.judged, and_(SaleRow.owed, late))
        found: dict[str, list[Sale]] = {}
        with reading(self.engine) as session:
            for row in session.scalars(select(SaleRow).where(SaleRow.asset.in_(waiting), wanted)):
                found.setdefault(row.asset, []).append(_sale(row))
        return found

    def judge(self, asset: str, sales: Sequence[Sale]) -> None:
        """All is said of these, as long as they are still what they were."""
        with writing(self.engine) as session:
            for row in session.scalars(select(SaleRow).where(SaleRow.asset == asset)):
                if not row.judged and _sale(row) in sales:
                    row.judged = True

    def forget(self, before_ms: int) -> None:
        """Drop what is judged and of which nothing came since then."""
        old = (SaleRow.judged, SaleRow.touched_ms < before_ms)
        with writing(self.engine) as session:
            session.execute(delete(SaleRow).where(*old))


def _note(session: Session, news: News) -> None:
    asset, sale, at_ms = news
    row = session.get(SaleRow, (asset, sale.session))
    known = _sale(row) if row else Sale(sale.session)
    after = joined(known, sale)
    if row is None:
        row = SaleRow(asset=asset, session=sale.session)
        session.add(row)
    elif after == known:
        return
    row.ended_ms, row.heard_ms = after.ended_ms, after.heard_ms
    row.owed, row.settled_ms = after.owed, after.settled_ms
    row.judged, row.touched_ms = False, at_ms
    session.flush()


def _sale(row: SaleRow) -> Sale:
    return Sale(row.session, row.ended_ms, row.heard_ms, row.owed, row.settled_ms)
