import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../common/access/index.js';

/** An API key, without the key. */
export class ApiKeyResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  name: string;
  @ApiProperty({ enum: ROLES })
  role: Role;
  /** The first characters of the key, to recognise it by. */
  prefix: string;
  /** The user or API key that made it. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  created_by: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  /** To the minute; null when it has not been used. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_used_at: string | null;
  /** null: it does not expire. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expires_at: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revoked_at: string | null;
}

/** A new API key, with the key. */
export class CreatedApiKeyResponse extends ApiKeyResponse {
  /** The key itself, to be sent as `Authorization: Bearer vdt_...`. It is shown this once and cannot be had again. */
  key: string;
}

export class ApiKeyListResponse {
  items: ApiKeyResponse[];
  /** How many keys there are, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
