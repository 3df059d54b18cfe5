import { ApiProperty } from '@nestjs/swagger';

/** Coverage on one day (UTC), and the counts behind it. */
export class SnapshotResponse {
  @ApiProperty({ format: 'date' })
  date: string;
  /** (validated + 0.5 x partial) / total x 100, not rounded. */
  coverage_pct: number;
  /** Techniques in scope. */
  total: number;
  validated: number;
  partial: number;
  in_progress: number;
  not_covered: number;
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
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
