/** The path of alert pages below the public address. */
export const ALERT_PAGES = 'alerts';

/**
 * The link to an alert: `<public address>/alerts/<id>`. Stored e-mails and chats contain it, so it must never change.
 * It gives no access by itself.
 * @param publicUrl the http or https URL of Vedette, with or without a path.
 */
export function alertLink(publicUrl: string, alertId: string): string {
  return `${vedetteLink(publicUrl)}${ALERT_PAGES}/${encodeURIComponent(alertId)}`;
}

/**
 * The link to Vedette, with a final slash. Drops query, fragment and credentials, because many people may get the link.
 */
export function vedetteLink(publicUrl: string): string {
  const { origin, pathname } = new URL(publicUrl);
  return `${origin}${pathname.replace(/\/+$/, '')}/`;
}
