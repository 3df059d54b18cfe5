/** Under which path, below the public address, alerts have their pages. */
export const ALERT_PAGES = 'alerts';

/**
 * Where people find an alert: `<public address>/alerts/<id>`. It stands in e-mail, chats and pagers for as long as those are kept, so that it must never change,
 * and leads whoever has no access nowhere.
 * @param publicUrl an http or https URL under which people reach Vedette, with or without a path.
 */
export function alertLink(publicUrl: string, alertId: string): string {
  return `${vedetteLink(publicUrl)}${ALERT_PAGES}/${encodeURIComponent(alertId)}`;
}

/** Where people find Vedette itself, with a slash at the end, and without what an address may hold that is not for everybody who gets a link. */
export function vedetteLink(publicUrl: string): string {
  const { origin, pathname } = new URL(publicUrl);
  return `${origin}${pathname.replace(/\/+$/, '')}/`;
}
