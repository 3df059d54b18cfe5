import { alertLink } from '../../common/alert-link.js';
import { isUuid } from '../../common/ids.js';
import type { ReadEvent } from './event-reader.js';

/** The text of the link to an alert in chats. */
export const LINK_TEXT = 'Open the alert';

/**
 * The link to the alert of an event.
 * @returns null if the event has no alert, or the deployment has no public URL.
 */
export function linkOfEvent({ alertId }: ReadEvent, publicUrl: string | null): string | null {
  return publicUrl !== null && isUuid(alertId) ? alertLink(publicUrl, alertId) : null;
}
