import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { queryRows } from './sql.js';

/** Under this name the database keeps when a pass was last completed, by whichever replica. */
export const EVALUATION_SLOT = 'evaluation completed';

/** Hands each slot of a schedule to one replica only. */
@Injectable()
export class Slots {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes the slot of the schedule `name` that is due at `slot`.
   * @returns false when a replica already took this slot or a later one, unless by a clock that has been set back since.
   */
  async take(name: string, slot: Date, now: Date): Promise<boolean> {
    const rows = await queryRows(
      this.dataSource,
      `INSERT INTO scheduled_slot AS s (name, slot, claimed_at) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO UPDATE SET slot = excluded.slot, claimed_at = excluded.claimed_at
       WHERE s.slot < excluded.slot OR s.claimed_at > excluded.claimed_at + interval '5 minutes'
       RETURNING name`,
      [name, slot, now],
    );
    return rows.length > 0;
  }

  /** Notes that what `name` stands for was done at `at`, by whichever replica did it last: a time that a clock which ran ahead left there is written over. */
  async note(name: string, at: Date): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO scheduled_slot (name, slot, claimed_at) VALUES ($1, $2, $2)
       ON CONFLICT (name) DO UPDATE SET slot = excluded.slot, claimed_at = excluded.claimed_at`,
      [name, at],
    );
  }

  /** The newest slot of `name` that was taken or noted; null when there is none. */
  async latest(name: string): Promise<Date | null> {
    const [row] = await queryRows<{ slot: Date }>(this.dataSource, 'SELECT slot FROM scheduled_slot WHERE name = $1', [
      name,
    ]);
    return row?.slot ?? null;
  }
}
