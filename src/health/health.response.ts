import { ApiProperty } from '@nestjs/swagger';

export class LivenessResponse {
  status: 'ok';
}

export class ReadinessResponse {
  @ApiProperty({ enum: ['ok', 'unavailable'] })
  status: 'ok' | 'unavailable';
  @ApiProperty({ enum: ['up', 'down'] })
  database: 'up' | 'down';
  /** Migrations that have not run on the database yet. */
  pending_migrations: string[];
  /** Whether no replica has completed an evaluation for three intervals of the schedule. */
  is_stalled: boolean;
  /** When a rule was last evaluated; null if none has been. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_evaluation_at: string | null;
}
