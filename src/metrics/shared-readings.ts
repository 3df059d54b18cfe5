/**
 * State that all replicas share and only the database has. Seconds count up to the present of the reading process and
 * are never negative.
 */
export interface SharedReadings {
  /** How long the most overdue rule has been due; 0 if none is due. */
  schedulerBehindSeconds: number;
  /** Since a replica last completed a pass over all due rules; null before the first pass. */
  evaluationAgeSeconds: number | null;
  /** Of the organisation whose newest snapshot is the oldest; null without organisations. */
  snapshotAgeSeconds: number | null;
  /** How long the most overdue delivery has been due; 0 if none is due. */
  oldestDueDeliverySeconds: number;
  oldestDueEmailSeconds: number;
  /** Deliveries that failed for good within the last 24 hours, by channel. */
  deadLetters: Record<'webhook' | 'email', number>;
  /** Has every severity. */
  openBySeverity: Record<string, number>;
  queueDepth: Record<'due' | 'sending' | 'waiting', number>;
  endpoints: Record<'enabled' | 'disabled' | 'breaker_open', number>;
}
