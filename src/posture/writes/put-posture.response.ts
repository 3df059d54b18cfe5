import { ApiProperty } from '@nestjs/swagger';

/** An item whose technique ATT&CK no longer has in force. It was written all the same, and counts nowhere. */
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
  /** How many items said what was known already. */
  @ApiProperty({ type: 'integer' })
  unchanged: number;
  out_of_scope: OutOfScopeResponse[];
}
