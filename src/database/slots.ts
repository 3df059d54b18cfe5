import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { queryRows } from './sql.js';

/** The slot name for the latest completed evaluation pass of any replica. */
export const EVALUATION_SLOT = 'evaluation completed';

/** Gives each slot of a schedule to only one replica. */
@Injectable()
export class Slots {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes the due slot of the schedule `name`.
   * @returns false if a replica already took this slot or a later one. A claim from more than five minutes in the
   * future does not count, because a wrong clock made it.
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

  /** Records that the job `name` ran at `at`. Overwrites a later time too, because that one came from a wrong clock. */
  async note(name: string, at: Date): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO scheduled_slot (name, slot, claimed_at) VALUES ($1, $2, $2)
       ON CONFLICT (name) DO UPDATE SET slot = excluded.slot, claimed_at = excluded.claimed_at`,
      [name, at],
    );
  }

  /** The newest slot of `name`, taken or recorded; null if there is none. */
  async latest(name: string): Promise<Date | null> {
    const [row] = await queryRows<{ slot: Date }>(this.dataSource, 'SELECT slot FROM scheduled_slot WHERE name = $1', [
      name,
    ]);
    return row?.slot ?? null;
  }
}
