import { ApiProperty } from '@nestjs/swagger';

/** Coverage on one day (UTC), and the counts behind it. */
export class SnapshotResponse {
  @ApiProperty({ format: 'date' })
  date: string;
  /** (validated + 0.5 x partial) / total x 100, not rounded. */
  coverage_pct: number;
  /** Techniques in scope. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: 'integer' })
  validated: number;
  @ApiProperty({ type: 'integer' })
  partial: number;
  @ApiProperty({ type: 'integer' })
  in_progress: number;
  @ApiProperty({ type: 'integer' })
  not_covered: number;
  @ApiProperty({ type: 'integer' })
  not_evaluated: number;
  /** `scheduled`: taken by the daily schedule; `manual`: by a person; `historical`: brought in. */
  @ApiProperty({ enum: ['scheduled', 'manual', 'historical'] })
  source: 'scheduled' | 'manual' | 'historical';
  /** When the day's row was last written. */
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class SnapshotListResponse {
  items: SnapshotResponse[];
  /** How many snapshots match, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
