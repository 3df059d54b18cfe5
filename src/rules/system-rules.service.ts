import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { queryRows } from '../database/index.js';
import { makeDueSql } from './rule-schedules.js';
import { SYSTEM_RULES } from './system-rules.js';

/** Adds the system rules that organisations lack. */
@Injectable()
export class SystemRulesService {
  constructor(private readonly clock: Clock) {}

  /**
   * Adds the missing system rules of every organisation. Existing ones stay as they are.
   * @returns the number of rules that were added.
   */
  async seed(manager: EntityManager): Promise<number> {
    // Each rule is a millisecond younger than the rule before it, so that a list by age has the order of SYSTEM_RULES.
    const rows = await queryRows(
      manager,
      `WITH added AS (
         INSERT INTO alert_rule (id, organization_id, system_key, name, description, rule_type, severity, config, cooldown_hours, created_at, updated_at)
         SELECT vedette_uuidv7(), o.id, s.key, s.name, s.description, s.rule_type, s.severity, s.config, s.cooldown_hours,
           $1::timestamptz + s.ord * interval '1 millisecond', $1::timestamptz
         FROM organization o
         CROSS JOIN LATERAL (
           SELECT value ->> 'key' AS key, value ->> 'name' AS name, value ->> 'description' AS description, value ->> 'ruleType' AS rule_type,
             value ->> 'severity' AS severity, value -> 'config' AS config, (value ->> 'cooldownHours')::float8 AS cooldown_hours, ord
           FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS element (value, ord)
         ) s
         ORDER BY o.id, s.ord
         ON CONFLICT (organization_id, system_key) DO NOTHING
         RETURNING organization_id, id
       ), scheduled AS (
         ${makeDueSql('SELECT DISTINCT organization_id, 0, $1::timestamptz FROM added')}
       )
       INSERT INTO rule_state (organization_id, rule_id, scheduled_since) SELECT organization_id, id, $1::timestamptz FROM added RETURNING rule_id`,
      [this.clock.now(), JSON.stringify(SYSTEM_RULES)],
    );
    return rows.length;
  }
}
