import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { INSTANT_WORDS, IsInstant } from '../../common/instant.js';
import { PageQuery } from '../../common/pagination/index.js';

/** Which measurements of a rule to list. */
export class ListMeasurementsQuery extends PageQuery {
  /** Only measurements at or after this instant: ISO 8601 date, or date and time with a zone. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  from?: string;

  /** Only measurements at or before this instant. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  to?: string;
}
