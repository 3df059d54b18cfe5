import type { ApiOperationOptions } from '@nestjs/swagger';
import { ATTACK_DOMAINS } from '../../catalogue/words/index.js';

const RAW_BUNDLE = {
  schema: { type: 'object', description: 'The STIX bundle itself.', additionalProperties: true },
} as const;

/**
 * How the OpenAPI document describes the body of an import. Decorators can describe only one schema for all media
 * types.
 */
export const IMPORT_BODY: NonNullable<ApiOperationOptions['requestBody']> = {
  required: true,
  description: 'The STIX bundle, at most 256 MiB.',
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object',
        required: ['file'],
        properties: {
          file: { type: 'string', format: 'binary', description: 'The STIX bundle.' },
          attack_version: { type: 'string', example: '18.1', description: 'As the query parameter.' },
          domain: { type: 'string', enum: [...ATTACK_DOMAINS], description: 'As the query parameter.' },
          allow_older: { type: 'boolean', description: 'As the query parameter.' },
          carry_over: { type: 'boolean', description: 'As the query parameter.' },
        },
      },
    },
    'application/json': RAW_BUNDLE,
    'application/stix+json': RAW_BUNDLE,
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
};
