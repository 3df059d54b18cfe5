import type { NextStep } from './retry-policy.js';

/** The data needed to send to an endpoint, as of the claim. All leases of one claim share one object per endpoint. */
export interface ClaimedEndpoint {
  format: string;
  /** Encrypted, as are the other secrets below. */
  url: string;
  secretCiphertext: string;
  /** Null if no secret was rotated recently. */
  previousSecretCiphertext: string | null;
  headersCiphertext: string | null;
  settingsCiphertext: string | null;
}

/** A delivery that this worker may attempt until its lease ends, with the data needed to send it. */
export interface DeliveryLease {
  id: string;
  organizationId: string;
  endpointId: string;
  eventId: string;
  eventType: string;
  /** When the event was committed to the outbox, in milliseconds since 1970. */
  createdAtMs: number;
  body: string;
  /** `body` in UTF-8. All leases of one claim share one buffer per event. */
  bytes: Buffer;
  /** The number of the attempt to make, from 1. */
  attempt: number;
  /** The fencing token: an outcome is only written while the row still has this token. */
  lockToken: string;
  endpoint: ClaimedEndpoint;
  /** The single delivery that tests whether an endpoint behind an open breaker answers again. */
  isProbe: boolean;
  /** Whether the endpoint was failing, or its breaker open, at the claim. A success then changes its health. */
  wasFailing: boolean;
  /** A person asked to send it again. Replays do not count for the endpoint's health. */
  isReplay: boolean;
  /** The number of attempts before the replay. */
  attemptsBefore: number;
}

/** A request as the log stores it, without secrets. */
export interface LoggedRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  /** Null if it is the stored body of the event. */
  body: string | null;
}

/** A completed attempt and the next step. */
export interface AttemptResult {
  lease: DeliveryLease;
  startedAt: Date;
  finishedAt: Date;
  durationMs: number;
  statusCode: number | null;
  /** Null when the attempt succeeded. */
  error: string | null;
  responseBody: string | null;
  /** Null if the request could not be prepared. */
  request: LoggedRequest | null;
  /** The receiver asked for no requests before this time. */
  pauseUntil: Date | null;
  next: NextStep;
}
