import { IsIn, IsOptional } from 'class-validator';
import { ROLES, type Role } from '../common/access/index.js';
import { INSTANT_WORDS, IsInstant } from '../common/instant.js';
import { IsName } from '../common/is-name.js';

const TIME_RULE = { message: `${INSTANT_WORDS}, or null` };

/** A new API key. */
export class CreateApiKeyRequest {
  /** What the key is for, 1 to 200 characters. */
  @IsName()
  name: string;

  /** What the key may do: `admin`, `red_lead`, `blue_lead`, `analyst` or `viewer`. */
  @IsIn(ROLES, { message: `must be one of ${ROLES.join(', ')}` })
  role: Role;

  /** When the key stops working, in the future: ISO 8601 date, or date and time with a zone. Left out or null: it works until it is revoked. */
  @IsOptional()
  @IsInstant(TIME_RULE)
  expires_at?: string | null;
}
