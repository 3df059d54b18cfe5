import { alertLink } from '../../common/alert-link.js';
import { isUuid } from '../../common/ids.js';
import type { ReadEvent } from './event-reader.js';

/** What chats write on the link to an alert. */
export const LINK_WORDS = 'Open the alert';

/**
 * Where people find the alert that an event tells of.
 * @returns null where it tells of none, or nobody has said where Vedette is reached.
 */
export function linkOfEvent({ alertId }: ReadEvent, publicUrl: string | null): string | null {
  return publicUrl !== null && isUuid(alertId) ? alertLink(publicUrl, alertId) : null;
}
