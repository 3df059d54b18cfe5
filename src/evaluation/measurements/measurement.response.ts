import { ApiProperty } from '@nestjs/swagger';

/** What a rule measured, from `measured_at` until the measurement after it: one is kept when the value or the threshold differs from the one before. */
export class MeasurementResponse {
  @ApiProperty({ format: 'date-time' })
  measured_at: string;
  /** In the unit of the rule type; null when there was nothing to measure. */
  @ApiProperty({ type: Number, nullable: true })
  measured: number | null;
  threshold: number;
  /** Whether the value reaches the threshold. */
  breached: boolean;
}

export class MeasurementListResponse {
  items: MeasurementResponse[];
  /** How many measurements match, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
