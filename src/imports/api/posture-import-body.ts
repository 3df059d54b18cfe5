import type { ApiOperationOptions } from '@nestjs/swagger';
import { POSTURE_FILE_FORMAT_NAMES } from '../formats/index.js';
import { PRESET_NAMES, PRESET_OPTIONS } from '../presets/index.js';

const AS_QUERY = 'As the query parameter.';

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
          file: { type: 'string', format: 'binary', description: 'The file, in the format that `format` names.' },
          format: { type: 'string', enum: [...POSTURE_FILE_FORMAT_NAMES], description: AS_QUERY },
          preset: { type: 'string', enum: [...PRESET_NAMES], description: AS_QUERY },
          force: { type: 'boolean', description: AS_QUERY },
          ...Object.fromEntries(PRESET_OPTIONS.map(({ name }) => [name, { type: 'string', description: AS_QUERY }])),
        },
      },
    },
    'application/json': {
      schema: { type: 'object', description: 'The file itself.', additionalProperties: true },
    },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
};
