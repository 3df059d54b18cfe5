/** A delivery as a format sees it. */
export interface FormattableDelivery {
  id: string;
  /** The stored JSON text of the event. */
  body: string;
}

export interface FormattedRequest {
  headers: Record<string, string>;
  body: string;
}

/** How an endpoint wants its events. A new format is one file with one of these, and a line in the list. */
export interface WebhookFormat {
  /** Stable; stored with the endpoint. */
  code: string;
  /** @param secrets the endpoint's signing secrets, the current one first. */
  format(delivery: FormattableDelivery, secrets: readonly string[], at: Date): FormattedRequest;
}
