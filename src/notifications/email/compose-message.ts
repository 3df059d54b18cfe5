import { createHash } from 'node:crypto';
import { alertLink, vedetteLink } from '../../common/alert-link.js';
import type { Severity } from '../../common/alerting.js';
import { counted } from '../../common/wire.js';

/** A message that is ready to send, with its notices. */
export interface OutgoingEmail {
  id: string;
  organizationId: string;
  organizationName: string;
  userId: string;
  email: string;
  displayName: string;
  kind: 'immediate' | 'digest';
  digestSlot: Date | null;
  createdAt: Date;
  notices: readonly EmailNoticeFacts[];
}

export interface EmailNoticeFacts {
  id: string;
  alertId: string | null;
  event: string;
  severity: Severity;
  title: string;
  message: string;
  /** ISO 8601. */
  createdAt: string;
}

export interface ComposedMessage {
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  date: Date;
  messageId: string;
  inReplyTo?: string;
  references?: string[];
  headers: Record<string, string>;
}

const MAX_SUBJECT_CHARACTERS = 200;
const MAX_NOTICES_IN_DIGEST = 200;

/**
 * Composes a message. A message that is sent again keeps its Message-ID, so that mail systems can drop the
 * repetition. All messages to one person about one alert belong to one thread.
 * @param domain the part of a Message-ID after the @.
 * @param publicUrl the address of Vedette; null leaves the links out.
 */
export function composeMessage(mail: OutgoingEmail, domain: string, publicUrl: string | null): ComposedMessage {
  const { subject, lead } = words(mail);
  const shown = mail.notices.slice(0, MAX_NOTICES_IN_DIGEST);
  const more = mail.notices.length - shown.length;
  const footer = [
    ...(more > 0 ? [`${counted(more, 'more notice')} not shown here.`] : []),
    `You get this because you asked Vedette for e-mail of ${oneLine(mail.organizationName)}. Your notification preferences turn it off.`,
  ];
  return {
    to: { name: oneLine(mail.displayName), address: mail.email },
    subject,
    text: [...(lead ? [lead, ''] : []), ...shown.flatMap((notice) => noticeText(notice, publicUrl)), ...footer].join(
      '\n',
    ),
    html: htmlOf(subject, lead, shown, footer, publicUrl),
    date: mail.createdAt,
    ...threading(mail, domain),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  };
}

function words({ kind, notices, organizationName }: OutgoingEmail): { subject: string; lead: string | null } {
  const [first] = notices;
  if (kind === 'immediate' && first) return { subject: shorten(`[${first.severity}] ${first.title}`), lead: null };
  const lead = `${counted(notices.length, 'notice')} of ${oneLine(organizationName)} since the last digest:`;
  return { subject: shorten(`Vedette digest: ${counted(notices.length, 'notice')}, ${organizationName}`), lead };
}

function threading(
  { kind, userId, organizationId, digestSlot, notices, id }: OutgoingEmail,
  domain: string,
): Pick<ComposedMessage, 'messageId' | 'inReplyTo' | 'references'> {
  const idOf = (...parts: string[]): string =>
    `<${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 40)}@${domain}>`;
  const [first] = notices;
  if (kind === 'digest') return { messageId: idOf('digest', organizationId, userId, digestSlot?.toISOString() ?? id) };
  if (!first?.alertId) return { messageId: idOf('notice', first?.id ?? id, userId) };
  const thread = idOf('alert', first.alertId, userId);
  return {
    messageId: idOf('event', first.alertId, first.event, userId),
    inReplyTo: thread,
    references: [thread],
  };
}

/** The link to the alert of a notice, or to Vedette if the notice is about no alert. */
function linkOf({ alertId }: EmailNoticeFacts, publicUrl: string | null): string | null {
  if (!publicUrl) return null;
  return alertId ? alertLink(publicUrl, alertId) : vedetteLink(publicUrl);
}

function originOf({ alertId, createdAt }: EmailNoticeFacts): string {
  return alertId ? `alert ${alertId}, ${createdAt}` : createdAt;
}

function noticeText(notice: EmailNoticeFacts, publicUrl: string | null): string[] {
  const link = linkOf(notice, publicUrl);
  return [
    `[${notice.severity}] ${oneLine(notice.title)}`,
    notice.message,
    ...(link ? [link] : []),
    originOf(notice),
    '',
  ];
}

function htmlOf(
  subject: string,
  lead: string | null,
  notices: readonly EmailNoticeFacts[],
  footer: readonly string[],
  publicUrl: string | null,
): string {
  const blocks = notices.map((notice) => {
    const link = linkOf(notice, publicUrl);
    const words = notice.alertId ? 'Open the alert' : 'Open Vedette';
    return `<h2 style="font-size:16px;margin:16px 0 4px">[${notice.severity}] ${escapeHtml(notice.title)}</h2>
<p style="margin:0 0 4px;white-space:pre-wrap">${escapeHtml(notice.message)}</p>
${link ? `<p style="margin:0 0 4px"><a href="${escapeHtml(link)}">${words}</a></p>\n` : ''}<p style="margin:0;color:#666;font-size:12px">${escapeHtml(originOf(notice))}</p>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>
<body style="font-family:sans-serif;font-size:14px">
${lead ? `<p>${escapeHtml(lead)}</p>\n` : ''}${blocks.join('\n')}
<hr>
${footer.map((line) => `<p style="color:#666;font-size:12px">${escapeHtml(line)}</p>`).join('\n')}
</body></html>
`;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/**
 * People choose names and titles: a line break must not start a header, and a bidirectional control must not reorder
 * the line.
 */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
}

function shorten(text: string): string {
  const characters = [...oneLine(text)];
  return characters.length <= MAX_SUBJECT_CHARACTERS
    ? characters.join('')
    : `${characters.slice(0, MAX_SUBJECT_CHARACTERS - 1).join('')}…`;
}
