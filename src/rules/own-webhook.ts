import { invalidField } from '../common/errors/index.js';

/** The settings of a rule that name its own webhook. */
interface OwnWebhook {
  notifyWebhook: boolean;
  webhookId: string | null;
}

/**
 * Refuses a rule that sends its alerts to its own webhook and has none.
 * @param before the saved rule. It may be in that state already, because its webhook was deleted.
 * @throws DomainError `invalid_input` on the field `webhook_id`.
 */
export function checkOwnWebhook(rule: OwnWebhook, before?: OwnWebhook): void {
  if (lacksWebhook(rule) && !(before && lacksWebhook(before))) {
    throw invalidField('webhook_id', 'must be the id of a webhook of this organisation while notify_webhook is true');
  }
}

function lacksWebhook({ notifyWebhook, webhookId }: OwnWebhook): boolean {
  return notifyWebhook && webhookId === null;
}
