import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../common/access/index.js';

/** A member of the organisation. */
export class UserResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  email: string;
  display_name: string;
  @ApiProperty({ enum: ROLES })
  role: Role;
  is_active: boolean;
  /** When the user became a member. */
  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class UserListResponse {
  items: UserResponse[];
  /** How many members there are, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
