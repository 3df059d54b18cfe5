import { ApiProperty } from '@nestjs/swagger';
import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { EMAIL_MODES, type EmailMode } from '../email/email-mode.js';

export class QuietHoursResponse {
  from: string;
  until: string;
}

/** The notification preferences of the signed-in user. */
export class PreferencesResponse {
  @ApiProperty({ enum: SEVERITIES })
  min_severity: Severity;
  @ApiProperty({ type: [String], nullable: true })
  rule_types: string[] | null;
  in_app: boolean;
  @ApiProperty({ enum: EMAIL_MODES })
  email: EmailMode;
  /** Whether this deployment can send e-mail at all. */
  email_available: boolean;
  @ApiProperty({ type: 'integer' })
  digest_hour: number;
  time_zone: string;
  @ApiProperty({ type: QuietHoursResponse, nullable: true })
  quiet_hours: QuietHoursResponse | null;
}
