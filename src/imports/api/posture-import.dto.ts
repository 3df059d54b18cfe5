import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { QueryBoolean } from '../../common/query-boolean.js';
import { QueryInteger } from '../../common/query-number.js';
import { POSTURE_FILE_FORMATS, type PostureFileFormat } from '../observations/observation.js';
import type { OptionTexts } from '../presets/preset-options.js';
import { PRESET_NAMES, type PresetName } from '../presets/preset.js';

export const FORMAT_WORDS = `must be one of ${POSTURE_FILE_FORMATS.join(', ')}`;

const TEXT = { message: 'must be given once, as text' };

/** What an upload says of its file. Options that a preset does not have are refused; `GET /posture/imports/presets` lists which it has. */
export class ImportPostureQuery {
  /** The format of the file: an ATT&CK Navigator layer, a DeTT&CT technique administration, CSV, or the JSON of `PUT /posture`. It must be given. */
  @ApiProperty({ enum: POSTURE_FILE_FORMATS, required: false })
  @IsOptional()
  @IsIn(POSTURE_FILE_FORMATS, { message: FORMAT_WORDS })
  format?: PostureFileFormat;

  /** How what the file says becomes posture. Needed for layers; else `dettect` or `as_given` by the format. */
  @ApiProperty({ enum: PRESET_NAMES, required: false })
  @IsOptional()
  @IsIn(PRESET_NAMES, { message: `must be one of ${PRESET_NAMES.join(', ')}` })
  preset?: PresetName;

  /** Preview the file although it is applied already. */
  @QueryBoolean()
  force?: boolean = false;

  /** `overwrite`, `keep_higher` or `only_unset`. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(100, TEXT)
  on_conflict?: string;

  /** `ignore` or `not_applicable`. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(100, TEXT)
  disabled?: string;

  /** A number. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(100, TEXT)
  partial_min?: string;

  /** A number. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(100, TEXT)
  validated_min?: string;

  /** `true` or `false`. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(100, TEXT)
  confirmed?: string;

  /** `YYYY-MM-DD`. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(100, TEXT)
  evidence_date?: string;

  /** A number of days. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(100, TEXT)
  max_age_days?: string;
}

/** The options of a preset in an upload, as they came. */
export function optionTexts({
  format: _format,
  preset: _preset,
  force: _force,
  ...options
}: ImportPostureQuery): OptionTexts {
  return options;
}

export class ApplyImportRequest {
  /** Apply what the file means for the posture as it stands now, where that is not what the preview showed. Refused otherwise. Default false. */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  replan?: boolean;
}

/** Which changes of an import to list. */
export class ListImportChangesQuery {
  /** How many to answer at most, 1 to 500. */
  @QueryInteger({ min: 1, max: 500 })
  limit?: number = 100;

  /** How many to pass over, from the start of the list. */
  @QueryInteger({ min: 0, max: 1_000_000_000 })
  offset?: number = 0;
}
