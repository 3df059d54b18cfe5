import { IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { ALERT_STATUSES, SEVERITIES, type AlertStatus, type Severity } from '../common/alerting.js';
import { PageQuery } from '../common/pagination/index.js';

const RULE_TYPE_RULE = { message: 'must be a rule type, text of at most 100 characters' };

/** Selects alerts. */
export class ListInstancesQuery extends PageQuery {
  /** `open`, `acknowledged`, `resolved` or `dismissed`. */
  @IsOptional()
  @IsIn(ALERT_STATUSES, { message: `must be one of ${ALERT_STATUSES.join(', ')}` })
  status?: AlertStatus;

  /** `critical`, `high`, `medium`, `low` or `info`. */
  @IsOptional()
  @IsIn(SEVERITIES, { message: `must be one of ${SEVERITIES.join(', ')}` })
  severity?: Severity;

  /** Only alerts of rules of this type. */
  @IsOptional()
  @IsString(RULE_TYPE_RULE)
  @MaxLength(100, RULE_TYPE_RULE)
  rule_type?: string;

  /** Only alerts of this rule. */
  @IsOptional()
  @IsUUID(undefined, { message: 'must be the id of a rule' })
  rule_id?: string;
}
