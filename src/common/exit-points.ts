/**
 * Where a fault test may have the process die, at each boundary where what is committed and what is known part ways:
 * - `evaluation:after-claim`: rules are locked, nothing is written;
 * - `evaluation:after-measure`: rules are measured and decided, alerts, notifications and deliveries are written, not where each rule stands;
 * - `evaluation:before-commit`: everything is written, nothing is committed;
 * - `evaluation:after-commit`: everything is committed, and what it announces may not have been looked at by anybody;
 * - `webhook:after-claim`: deliveries carry this worker's lease, nothing is sent;
 * - `webhook:after-send`: the receiver has answered, and nobody but this process knows;
 * - `webhook:after-finish`: the outcome is committed;
 * - `email:after-claim`, `email:after-send`, `email:after-finish`: the same of messages and the mail server.
 */
export const EXIT_POINTS = [
  'evaluation:after-claim',
  'evaluation:after-measure',
  'evaluation:before-commit',
  'evaluation:after-commit',
  'webhook:after-claim',
  'webhook:after-send',
  'webhook:after-finish',
  'email:after-claim',
  'email:after-send',
  'email:after-finish',
] as const;
export type ExitPoint = (typeof EXIT_POINTS)[number];

let armed: ExitPoint | undefined;

/** From here on the process dies when it comes by this point; by none where it is undefined. For tests only. */
export function armExitPoint(name: ExitPoint | undefined): void {
  armed = name;
}

/** Ends the process as `kill -9` does when a test named this point, so that nothing is tidied up; does nothing otherwise. */
export function exitPoint(name: ExitPoint): void {
  if (name === armed) process.kill(process.pid, 'SIGKILL');
}
