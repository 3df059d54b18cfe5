import { ApiProperty } from '@nestjs/swagger';

/** An item whose technique is no longer in force in ATT&CK. It was written, but no count includes it. */
export class OutOfScopeResponse {
  attack_id: string;
  @ApiProperty({ enum: ['revoked', 'deprecated'] })
  reason: 'revoked' | 'deprecated';
  /** The technique in force that replaced it, if there is one. */
  @ApiProperty({ type: String, nullable: true })
  replaced_by_attack_id: string | null;
}

export class PutPostureResponse {
  /** How many items changed something. */
  @ApiProperty({ type: 'integer' })
  updated: number;
  /** How many items changed nothing. */
  @ApiProperty({ type: 'integer' })
  unchanged: number;
  out_of_scope: OutOfScopeResponse[];
}
