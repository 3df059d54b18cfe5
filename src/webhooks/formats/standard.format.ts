import { standardWebhooksHeaders } from '../signing/standard-webhooks.js';
import type { WebhookFormat } from './webhook-format.js';

/** Vedette's own JSON, byte for byte as stored, with the headers of Standard Webhooks. */
export const standardFormat = {
  code: 'standard',
  name: 'Standard Webhooks',
  description: "Vedette's own JSON, signed with Standard Webhooks.",
  settings: [],
  urgency: 'normal',
  format: ({ id, body }, { signingKeys }, at) => ({
    headers: {
      'content-type': 'application/json',
      ...standardWebhooksHeaders({ id: `msg_${id}`, at, body }, signingKeys),
    },
    body,
  }),
} as const satisfies WebhookFormat;
