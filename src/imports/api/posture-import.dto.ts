import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { QueryBoolean } from '../../common/query-boolean.js';
import { QueryInteger } from '../../common/query-number.js';
import { POSTURE_FILE_FORMAT_NAMES, POSTURE_FILE_FORMATS, type PostureFileFormatName } from '../formats/index.js';
import { defaultPresetOf, PRESET_NAMES, PRESET_OPTIONS, PRESETS, type PresetName } from '../presets/index.js';
import type { OptionTexts, PresetOption } from '../presets/preset-options.js';

export const FORMAT_WORDS = `must be one of ${POSTURE_FILE_FORMAT_NAMES.join(', ')}`;

const TEXT = { message: 'must be given once, as text' };

/**
 * What an upload says about its file. It also takes the options of every preset, which are declared below. An option
 * that the preset does not have is refused; `GET /posture/imports/presets` lists the options.
 */
export class ImportPostureQuery {
  @ApiProperty({
    enum: POSTURE_FILE_FORMAT_NAMES,
    required: false,
    description: `The format of the file: ${POSTURE_FILE_FORMATS.map(({ name, description }) => `\`${name}\` (${description})`).join(', ')}. Required.`,
  })
  @IsOptional()
  @IsIn(POSTURE_FILE_FORMAT_NAMES, { message: FORMAT_WORDS })
  format?: PostureFileFormatName;

  @ApiProperty({
    enum: PRESET_NAMES,
    required: false,
    description: `The rule that turns the file into posture. By default ${POSTURE_FILE_FORMAT_NAMES.map(defaultWords).join(', ')}.`,
  })
  @IsOptional()
  @IsIn(PRESET_NAMES, { message: `must be one of ${PRESET_NAMES.join(', ')}` })
  preset?: PresetName;

  /** Preview the file although it is applied already. */
  @QueryBoolean()
  force?: boolean = false;
}

for (const option of PRESET_OPTIONS) {
  const declare = applyDecorators(
    ApiProperty({ type: String, required: false, maxLength: 100, description: optionWords(option) }),
    IsOptional(),
    IsString(TEXT),
    MaxLength(100, TEXT),
  );
  declare(ImportPostureQuery.prototype, option.name);
}

/** The options of a preset in an upload, as they were sent. */
export function optionTexts({
  format: _format,
  preset: _preset,
  force: _force,
  ...options
}: ImportPostureQuery): OptionTexts {
  return options;
}

function defaultWords(format: PostureFileFormatName): string {
  const preset = defaultPresetOf(format);
  return preset ? `\`${preset.name}\` for \`${format}\`` : `none for \`${format}\`, which needs one`;
}

function optionWords({ name, kind, choices }: PresetOption): string {
  const presets = PRESETS.filter(({ options }) => options.some((option) => option.name === name));
  const values = {
    boolean: '`true` or `false`',
    choice: `One of ${(choices ?? []).map((choice) => `\`${choice}\``).join(', ')}`,
    date: '`YYYY-MM-DD`',
    number: 'A number',
  };
  return `${values[kind]}. An option of ${presets.map((preset) => `\`${preset.name}\``).join(', ')}.`;
}

export class ApplyImportRequest {
  /**
   * Apply what the file means for the current posture, even where that differs from the preview. By default a
   * difference is refused.
   */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  replan?: boolean;
}

/** Which changes of an import to list. */
export class ListImportChangesQuery {
  /** The most to answer, 1 to 500. */
  @QueryInteger({ min: 1, max: 500 })
  limit?: number = 100;

  /** How many to skip, from the start of the list. */
  @QueryInteger({ min: 0, max: 1_000_000_000 })
  offset?: number = 0;
}
