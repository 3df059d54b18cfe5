import { ApiProperty } from '@nestjs/swagger';

/** A measured value of a rule, valid until the next one. A new one is stored if the value or the threshold changes. */
export class MeasurementResponse {
  @ApiProperty({ format: 'date-time' })
  measured_at: string;
  /** In the unit of the rule type; null if there was nothing to measure. */
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
