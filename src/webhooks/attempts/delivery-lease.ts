import type { NextStep } from './retry-policy.js';

/** What is needed to send to an endpoint, as it was when it was claimed: one object for all leases of a claim. */
export interface ClaimedEndpoint {
  format: string;
  /** Sealed, as are those below. */
  url: string;
  secretCiphertext: string;
  /** Null where no secret was rotated of late. */
  previousSecretCiphertext: string | null;
  headersCiphertext: string | null;
  settingsCiphertext: string | null;
}

/** A delivery that this worker may attempt until its lease ends, with what is needed to send it. */
export interface DeliveryLease {
  id: string;
  organizationId: string;
  endpointId: string;
  eventId: string;
  eventType: string;
  /** When the event was committed to the outbox, in milliseconds since 1970. */
  createdAtMs: number;
  body: string;
  /** The same, encoded: one buffer for all leases of a claim. */
  bytes: Buffer;
  /** The number of the attempt to make, from 1. */
  attempt: number;
  /** The fencing token: whoever finishes the delivery must still hold it. */
  lockToken: string;
  endpoint: ClaimedEndpoint;
  /** The one delivery by which an open breaker finds out whether the endpoint answers again. */
  isProbe: boolean;
  /** Whether its endpoint was failing, paused or behind an open breaker when it was claimed: a success is then news. */
  isAiling: boolean;
  /** Somebody wants it sent again: it says nothing of the endpoint's health. */
  isReplay: boolean;
  /** Those of the attempts that were made before it was replayed. */
  attemptsBefore: number;
}

/** A request as the log keeps it, without what somebody keeps secret. */
export interface LoggedRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  /** Null where it is the delivery's own text. */
  body: string | null;
}

/** An attempt that was made and what follows it. */
export interface AttemptResult {
  lease: DeliveryLease;
  startedAt: Date;
  finishedAt: Date;
  durationMs: number;
  statusCode: number | null;
  /** Null when the attempt succeeded. */
  error: string | null;
  responseBody: string | null;
  /** Null where the request could not even be prepared. */
  request: LoggedRequest | null;
  /** Until when the receiver wants to be left alone. */
  pauseUntil: Date | null;
  next: NextStep;
}
