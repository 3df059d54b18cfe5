/**
 * Points where a fault test can kill the process, so that committed data and the knowledge of other systems differ:
 * - `evaluation:after-claim`: rules are locked, nothing is written;
 * - `evaluation:after-measure`: alerts, notifications and deliveries are written, but not the state of the rules;
 * - `evaluation:before-commit`: everything is written, nothing is committed;
 * - `evaluation:after-commit`: everything is committed, but listeners may not have received the announcement;
 * - `webhook:after-claim`: deliveries have this worker's lease, nothing is sent;
 * - `webhook:after-send`: the receiver has answered, and only this process knows;
 * - `webhook:after-finish`: the outcome is committed;
 * - `email:after-claim`, `email:after-send`, `email:after-finish`: the same for e-mails and the mail server.
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

/** Kills the process when it reaches this point; undefined disarms. For tests only. */
export function armExitPoint(name: ExitPoint | undefined): void {
  armed = name;
}

/** Kills the process without clean-up, like `kill -9`, if a test armed this point. Otherwise does nothing. */
export function exitPoint(name: ExitPoint): void {
  if (name === armed) process.kill(process.pid, 'SIGKILL');
}
