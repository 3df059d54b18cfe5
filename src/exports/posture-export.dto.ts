import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { ATTACK_DOMAINS, type AttackDomain } from '../catalogue/words/index.js';
import { INSTANT_WORDS, IsInstant } from '../common/instant.js';
import { EXPORT_FORMATS, type ExportFormat } from './export-format.js';

/** The format of an export. */
export class ExportFormatQuery {
  /** `json`, `csv`, or `navigator`: an ATT&CK Navigator layer (format 4.5), or a list of layers for several domains. */
  @ApiProperty({ enum: EXPORT_FORMATS, required: false, default: 'json' })
  @IsOptional()
  @IsIn(EXPORT_FORMATS, { message: `must be one of ${EXPORT_FORMATS.join(', ')}` })
  format?: ExportFormat = 'json';
}

/** Which posture to export. */
export class ExportPostureQuery extends ExportFormatQuery {
  /** Only techniques of this domain. */
  @ApiProperty({ enum: ATTACK_DOMAINS, required: false })
  @IsOptional()
  @IsIn(ATTACK_DOMAINS, { message: `must be one of ${ATTACK_DOMAINS.join(', ')}` })
  domain?: AttackDomain;
}

/** The instants to compare. A date means its first instant in UTC. */
export class ExportChangesQuery extends ExportPostureQuery {
  /** 30 days before `to` when left out. */
  @ApiProperty({ required: false, example: '2026-02-01' })
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  from?: string;

  /** Now when left out. */
  @ApiProperty({ required: false, example: '2026-03-01T09:30:00Z' })
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  to?: string;
}
