import { alertmanagerFormat } from './alertmanager.format.js';
import { cloudeventsFormat } from './cloudevents.format.js';
import { discordFormat } from './discord.format.js';
import { opsgenieFormat } from './opsgenie.format.js';
import { pagerdutyFormat } from './pagerduty.format.js';
import { slackFormat } from './slack.format.js';
import { standardFormat } from './standard.format.js';
import { teamsFormat } from './teams.format.js';
import type { WebhookFormat } from './webhook-format.js';

export { settingsProblems } from './setting-problems.js';
export type {
  FormatSetting,
  FormattableDelivery,
  FormattedRequest,
  FormatTarget,
  WebhookFormat,
} from './webhook-format.js';

/** All formats, in the order of the user interface. */
export const FORMATS = [
  standardFormat,
  cloudeventsFormat,
  alertmanagerFormat,
  slackFormat,
  teamsFormat,
  pagerdutyFormat,
  opsgenieFormat,
  discordFormat,
] as const satisfies readonly WebhookFormat[];

export type WebhookFormatCode = (typeof FORMATS)[number]['code'];
export const WEBHOOK_FORMATS: readonly WebhookFormatCode[] = FORMATS.map(({ code }) => code);

/** @throws Error for an unknown format, such as one that a newer replica stored. */
export function webhookFormat(code: string): WebhookFormat {
  const format = FORMATS.find((candidate) => candidate.code === code);
  if (!format) throw new Error(`this version does not know the webhook format ${code}`);
  return format;
}
