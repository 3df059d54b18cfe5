import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { ATTACK_DOMAINS, type AttackDomain } from '../../catalogue/words/index.js';
import { QueryBoolean } from '../../common/query-boolean.js';

/** What an upload says about its bundle. */
export class ImportAttackQuery {
  /**
   * ATT&CK release of the bundle, such as `18.1`. Needed for STIX 2.0, which names none. It must agree with a bundle
   * that names one.
   */
  @ApiProperty({ required: false, example: '18.1' })
  @IsOptional()
  @Matches(/^\d{1,6}(\.\d{1,6}){0,3}$/, { message: 'must be an ATT&CK release such as 18.1' })
  attack_version?: string;

  /** Needed only if the bundle names no domain or holds several. Techniques of other domains are then left out. */
  @ApiProperty({ required: false, enum: ATTACK_DOMAINS })
  @IsOptional()
  @IsIn(ATTACK_DOMAINS, { message: `must be one of ${ATTACK_DOMAINS.join(', ')}` })
  domain?: AttackDomain;

  /** Import a release older than the loaded one. By default that is refused. */
  @QueryBoolean()
  allow_older?: boolean = false;

  /**
   * Copy the status, review, risk, owner and tags of revoked techniques to their replacements that are not evaluated.
   */
  @QueryBoolean()
  carry_over?: boolean = true;
}
