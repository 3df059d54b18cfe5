import { ApiProperty } from '@nestjs/swagger';

export class LivenessResponse {
  status: 'ok';
}

export class ReadinessResponse {
  @ApiProperty({ enum: ['ok', 'unavailable'] })
  status: 'ok' | 'unavailable';
  @ApiProperty({ enum: ['up', 'down'] })
  database: 'up' | 'down';
  /** Migrations that the database lacks. */
  pending_migrations: string[];
  /** Whether no evaluation has been completed, by any replica, for three intervals of the schedule. */
  is_stalled: boolean;
  /** When a rule was last evaluated; null when none ever was. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_evaluation_at: string | null;
}
