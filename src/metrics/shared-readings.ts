/** What all replicas share and only the database knows. Seconds are counted up to the reading process's present and never negative. */
export interface SharedReadings {
  /** For how long the rule that waits longest has been due; 0 when none is. */
  schedulerBehindSeconds: number;
  /** Since a replica last looked at all due rules; null before the first time. */
  evaluationAgeSeconds: number | null;
  /** Of the organisation whose newest snapshot is the oldest; null without any organisation. */
  snapshotAgeSeconds: number | null;
  /** For how long the delivery that waits longest has been due; 0 when none is. */
  oldestDueDeliverySeconds: number;
  oldestDueEmailSeconds: number;
  /** What was given up on within the last 24 hours, by channel. */
  deadLetters: Record<'webhook' | 'email', number>;
  /** Every severity is there. */
  openBySeverity: Record<string, number>;
  queueDepth: Record<'due' | 'sending' | 'waiting', number>;
  endpoints: Record<'enabled' | 'disabled' | 'breaker_open', number>;
}
