import { EvaluationPass } from '../../dist/src/evaluation/evaluation-pass.js';
import { RuleClaims } from '../../dist/src/evaluation/rule-claims.js';
import { RunStore } from '../../dist/src/evaluation/run-store.js';

/** Times each step of an evaluation as a phase, except measuring. */
export function followEngine(app, phases) {
  const claims = app.provider(RuleClaims);
  for (const method of ['due', 'ofOrganization', 'details']) phases.follow(claims, method, 'claiming');
  phases.follow(app.provider(EvaluationPass), 'write', 'writing alerts');
  phases.follow(claims, 'moveOn', 'writing state');
  for (const method of ['saveStates', 'save']) phases.follow(app.provider(RunStore), method, 'writing state');
}
