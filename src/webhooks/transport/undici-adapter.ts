import { AxiosHeaders, type AxiosAdapter } from 'axios';
import type { WebhookAgent } from './webhook-agent.js';
import type { WebhookExchange } from './webhook-exchange.js';

/** Axios needs an object; the real headers are in the exchange and the answer. */
export const NO_HEADERS = new AxiosHeaders();

/**
 * Lets axios send with undici, several times faster than with its own adapter. The whole exchange passes as `data`.
 * Axios does not see headers and method, because handling them would take longer than the request itself.
 */
export function undiciAdapter(agent: WebhookAgent): AxiosAdapter {
  return (config) =>
    agent.send(config.data as WebhookExchange).then((answer) => ({
      data: answer,
      status: answer.statusCode,
      statusText: '',
      headers: NO_HEADERS,
      config,
    }));
}
