/**
 * One module's part of the SQL of an alert's trail, where `$1` is the organisation and `$2` the alert. Each SELECT
 * returns the columns channel, event, outcome, reason, user_id, endpoint_id, name, at, next_attempt_at, attempts,
 * status_code, error and read_at.
 */
export interface TrailSource {
  /** Selects what was recorded for each recipient and channel. */
  recorded: string;
  /**
   * Selects the recipients without a record, with the reason that applies now. It may read `recorded`, the records of
   * all sources, and `alert`, with the alert's severity, rule_type and created_at.
   */
  unrecorded: string;
}
