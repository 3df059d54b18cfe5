import type { NextStep } from './decide-next.js';

/** A delivery that this worker may attempt until its lease ends, with what is needed to send it. */
export interface DeliveryLease {
  id: string;
  organizationId: string;
  endpointId: string;
  eventId: string;
  eventType: string;
  /** When the event was committed to the outbox. */
  createdAt: Date;
  body: string;
  /** The number of the attempt to make, from 1. */
  attempt: number;
  /** The fencing token: whoever finishes the delivery must still hold it. */
  lockToken: string;
  url: string;
  format: string;
  secretCiphertext: string;
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
  next: NextStep;
}
