import type { ApiOperationOptions } from '@nestjs/swagger';
import { POSTURE_FILE_FORMATS } from '../observations/observation.js';
import { PRESET_NAMES } from '../presets/preset.js';

const AS_QUERY = 'As the query parameter.';
const OPTIONS = [
  'on_conflict',
  'disabled',
  'partial_min',
  'validated_min',
  'confirmed',
  'evidence_date',
  'max_age_days',
];

/** How the OpenAPI document describes the body of an upload. */
export const POSTURE_IMPORT_BODY: NonNullable<ApiOperationOptions['requestBody']> = {
  required: true,
  description: 'The file, at most 256 MiB.',
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object',
        required: ['file'],
        properties: {
          file: { type: 'string', format: 'binary', description: 'The layer, administration, CSV or JSON file.' },
          format: { type: 'string', enum: [...POSTURE_FILE_FORMATS], description: AS_QUERY },
          preset: { type: 'string', enum: [...PRESET_NAMES], description: AS_QUERY },
          force: { type: 'boolean', description: AS_QUERY },
          ...Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string', description: AS_QUERY }])),
        },
      },
    },
    'application/json': {
      schema: { type: 'object', description: 'The file itself.', additionalProperties: true },
    },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
};
