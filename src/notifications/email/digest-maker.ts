import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CLOCK_SLACK_MS } from '../../common/clock-slack.js';
import { Clock } from '../../common/clock.js';
import { countChanged, queryRows, Transactions } from '../../database/index.js';
import { ClockCorrections } from '../../metrics/index.js';
import { EmailSettings } from './email-settings.js';
import { LONGEST_WAIT_MS, nextAt } from './local-time.js';

interface DuePerson {
  organizationId: string;
  userId: string;
  digestHour: number;
  timeZone: string;
  slot: Date;
}

/** Puts waiting notices into one digest for each person, and sets the time of the next digest. */
const MAKE = `
  WITH person AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS p (organization_id, user_id, slot, next_slot)
  ), waiting AS MATERIALIZED (
    SELECT n.id, n.organization_id, n.user_id, p.slot FROM person p
    JOIN email_notice n ON n.organization_id = p.organization_id AND n.user_id = p.user_id AND n.delivery_id IS NULL
    FOR UPDATE OF n
  ), digest AS (
    INSERT INTO email_delivery (id, organization_id, user_id, kind, digest_slot, next_attempt_at, created_at)
    SELECT vedette_uuidv7(), organization_id, user_id, 'digest', slot, $5, $5
    FROM (SELECT DISTINCT organization_id, user_id, slot FROM waiting) w
    RETURNING id, organization_id, user_id
  ), filed AS (
    UPDATE email_notice n SET delivery_id = d.id FROM waiting w
    JOIN digest d ON d.organization_id = w.organization_id AND d.user_id = w.user_id
    WHERE n.id = w.id
  ), moved AS (
    UPDATE notification_preference p SET digest_due_at = person.next_slot FROM person
    WHERE p.organization_id = person.organization_id AND p.user_id = person.user_id
  )
  SELECT id FROM digest`;

/**
 * Makes daily digests. The worker that locks the row with a person's next digest time makes the digest and moves the
 * time on in one transaction. So any number of replicas make one digest, and so does a process that slept for days.
 */
@Injectable()
export class DigestMaker {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly clock: Clock,
    private readonly settings: EmailSettings,
    private readonly corrections: ClockCorrections,
  ) {}

  /** @returns the number of digests made. */
  async makeDue(): Promise<number> {
    const now = this.clock.now();
    await this.correct(now);
    let made = 0;
    for (;;) {
      const { people, digests } = await this.makeBatch(now);
      made += digests;
      if (people < this.settings.digestBatch) return made;
    }
  }

  /** Makes digests due that are later than any next digest, because a clock that was ahead set their time. */
  private async correct(now: Date): Promise<void> {
    const changed = await countChanged(
      this.dataSource,
      'UPDATE notification_preference SET digest_due_at = $1 WHERE digest_due_at > $2',
      [now, new Date(now.getTime() + LONGEST_WAIT_MS + CLOCK_SLACK_MS)],
    );
    this.corrections.report('digest', changed);
  }

  private makeBatch(now: Date): Promise<{ people: number; digests: number }> {
    return this.transactions.run(async (manager) => {
      const people = await queryRows<DuePerson>(
        manager,
        `SELECT organization_id AS "organizationId", user_id AS "userId", digest_hour AS "digestHour", time_zone AS "timeZone", digest_due_at AS slot
         FROM notification_preference WHERE digest_due_at <= $1 ORDER BY digest_due_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
        [now, this.settings.digestBatch],
      );
      if (people.length === 0) return { people: 0, digests: 0 };
      const digests = await queryRows(manager, MAKE, [
        people.map(({ organizationId }) => organizationId),
        people.map(({ userId }) => userId),
        people.map(({ slot }) => slot),
        people.map(({ digestHour, timeZone }) => nextAt(now, digestHour * 60, timeZone)),
        now,
      ]);
      return { people: people.length, digests: digests.length };
    });
  }
}
