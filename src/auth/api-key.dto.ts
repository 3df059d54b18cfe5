import { IsIn, IsOptional } from 'class-validator';
import { ROLES, type Role } from '../common/access/index.js';
import { INSTANT_WORDS, IsInstant } from '../common/instant.js';
import { IsName } from '../common/is-name.js';

const TIME_RULE = { message: `${INSTANT_WORDS}, or null` };

/** A new API key. */
export class CreateApiKeyRequest {
  /** The purpose of the key, 1 to 200 characters. */
  @IsName()
  name: string;

  /** The role of the key: `admin`, `red_lead`, `blue_lead`, `analyst` or `viewer`. */
  @IsIn(ROLES, { message: `must be one of ${ROLES.join(', ')}` })
  role: Role;

  /**
   * When the key expires, in the future: ISO 8601 date, or date and time with a zone. Left out or null: it does not
   * expire.
   */
  @IsOptional()
  @IsInstant(TIME_RULE)
  expires_at?: string | null;
}
