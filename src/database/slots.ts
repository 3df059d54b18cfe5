import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { queryRows } from './sql.js';

/** Hands each slot of a schedule to one replica only. */
@Injectable()
export class Slots {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes the slot of the schedule `name` that is due at `slot`.
   * @returns false when a replica already took this slot or a later one.
   */
  async take(name: string, slot: Date, now: Date): Promise<boolean> {
    const rows = await queryRows(
      this.dataSource,
      `INSERT INTO scheduled_slot AS s (name, slot, claimed_at) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO UPDATE SET slot = excluded.slot, claimed_at = excluded.claimed_at WHERE s.slot < excluded.slot
       RETURNING name`,
      [name, slot, now],
    );
    return rows.length > 0;
  }
}
