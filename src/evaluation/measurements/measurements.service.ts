import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { invalidField } from '../../common/errors/index.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { sqlPage } from '../../database/index.js';
import { RulesService } from '../../rules/index.js';
import type { RuleMeasurement } from './rule-measurement.entity.js';

type Measured = Pick<RuleMeasurement, 'measuredAt' | 'measured' | 'threshold' | 'breached'>;

/** Lists the stored measurements of rules. */
@Injectable()
export class MeasurementsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly rules: RulesService,
  ) {}

  /**
   * Lists the measurements of a rule, newest first.
   * @param span includes both ends.
   * @throws DomainError `not_found` if the organisation has no such rule.
   */
  async list(
    organizationId: string,
    ruleId: string,
    { from, to }: { from?: Date; to?: Date },
    page: PageRequest,
  ): Promise<Page<Measured>> {
    if (from && to && from > to) throw invalidField('from', 'must not lie after to');
    await this.rules.get(organizationId, ruleId);
    const matching = [organizationId, ruleId, from ?? null, to ?? null];
    const where = `WHERE m.organization_id = $1 AND m.rule_id = $2 AND ($3::timestamptz IS NULL OR m.measured_at >= $3)
         AND ($4::timestamptz IS NULL OR m.measured_at <= $4)`;
    // A rule has at most one measurement per instant, so the instant identifies the row. The cursor's id is unused.
    return sqlPage<Measured>(
      this.dataSource,
      {
        counted: `rule_measurement m ${where}`,
        selected: `SELECT m.measured_at AS "measuredAt", m.measured, m.threshold, m.breached FROM rule_measurement m ${where}`,
        parameters: matching,
        keys: [['m.measured_at', 'timestamptz']],
        direction: 'DESC',
        cursorOf: ({ measuredAt }) => ({ key: measuredAt.toISOString(), id: ruleId }),
      },
      page,
    );
  }
}
