import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../common/access/index.js';

/** An API key, without the key. */
export class ApiKeyResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  name: string;
  @ApiProperty({ enum: ROLES })
  role: Role;
  /** The first characters of the key, so that people recognise it. */
  prefix: string;
  /** The user or API key that created it. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  created_by: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  /** Precise to the minute; null if the key has not been used. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_used_at: string | null;
  /** null: the key does not expire. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expires_at: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revoked_at: string | null;
}

/** A new API key, including the key itself. */
export class CreatedApiKeyResponse extends ApiKeyResponse {
  /** The key itself, to send as `Authorization: Bearer vdt_...`. This is the only time it is shown. */
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
