import { IsIn, IsISO8601, IsOptional, IsString, Length, Matches } from 'class-validator';
import { ROLES, type Role } from '../common/access/index.js';

const NAME_RULE = { message: 'must be text of 1 to 200 characters' };
const TIME_RULE = { message: 'must be an ISO 8601 time with a time zone, such as 2027-01-01T00:00:00Z, or null' };

/** A new API key. */
export class CreateApiKeyRequest {
  /** What the key is for, 1 to 200 characters. */
  @IsString(NAME_RULE)
  @Length(1, 200, NAME_RULE)
  name: string;

  /** What the key may do: `admin`, `red_lead`, `blue_lead`, `analyst` or `viewer`. */
  @IsIn(ROLES, { message: `must be one of ${ROLES.join(', ')}` })
  role: Role;

  /** When the key stops working. Left out or null: it works until it is revoked. */
  @IsOptional()
  @IsISO8601({ strict: true }, TIME_RULE)
  @Matches(/T.*(Z|[+-]\d{2}:\d{2})$/, TIME_RULE)
  expires_at?: string | null;
}
