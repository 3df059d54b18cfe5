import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { EMAIL_MODES, type EmailMode } from '../email/email-mode.js';

const TIME = { message: 'must be a time of day such as 22:00' };
const HOUR = { message: 'must be a whole hour from 0 to 23' };
const RULE_TYPES = { message: 'must be null, or 1 to 50 of the types that GET /rule-types lists' };

/** A daily span. It passes midnight if it ends before it begins. */
export class QuietHoursBody {
  @Matches(/^([01]\d|2[0-3]):[0-5]\d$/, TIME)
  from: string;

  @Matches(/^([01]\d|2[0-3]):[0-5]\d$/, TIME)
  until: string;
}

/** My notification preferences. They replace all earlier ones: a field that is left out returns to its default. */
export class PutPreferencesBody {
  /** The least severity that I get. */
  @IsIn(SEVERITIES, { message: `must be one of ${SEVERITIES.join(', ')}` })
  @ApiProperty({ enum: SEVERITIES, required: false, default: 'info' })
  min_severity: Severity = 'info';

  /** The rule types that I get; null for all. */
  @ValidateIf(({ rule_types: value }: PutPreferencesBody) => value !== null)
  @IsString({ each: true, ...RULE_TYPES })
  @ArrayMaxSize(50, RULE_TYPES)
  @ArrayMinSize(1, RULE_TYPES)
  @IsArray(RULE_TYPES)
  @ApiProperty({ type: [String], nullable: true, required: false, default: null })
  rule_types: string[] | null = null;

  /** Whether notifications appear in the app. */
  @IsBoolean({ message: 'must be true or false' })
  in_app: boolean = true;

  @IsIn(EMAIL_MODES, { message: `must be one of ${EMAIL_MODES.join(', ')}` })
  @ApiProperty({ enum: EMAIL_MODES, required: false, default: 'off' })
  email: EmailMode = 'off';

  /** The hour of the day of the digest. */
  @IsInt(HOUR)
  @Min(0, HOUR)
  @Max(23, HOUR)
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 23, required: false, default: 8 })
  digest_hour: number = 8;

  /** The IANA time zone of `digest_hour` and `quiet_hours`, such as `Europe/Paris`. */
  @IsString({ message: 'must be an IANA time zone such as Europe/Paris' })
  time_zone: string = 'UTC';

  /** No e-mail is sent in these hours. It waits until they end. */
  @ValidateIf(({ quiet_hours: value }: PutPreferencesBody) => value !== null)
  @IsObject({ message: 'must be null, or an object with from and until' })
  @ValidateNested()
  @Type(() => QuietHoursBody)
  @ApiProperty({ type: QuietHoursBody, nullable: true, required: false, default: null })
  quiet_hours: QuietHoursBody | null = null;
}
