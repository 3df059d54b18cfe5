import { AlertCounts } from '../../dist/src/instances/alert-counts.js';
import { AlertReader } from '../../dist/src/instances/alert-reader.js';
import { AlertWriter } from '../../dist/src/instances/alert-writer.js';
import { RuleClaims } from '../../dist/src/evaluation/rule-claims.js';
import { RunStore } from '../../dist/src/evaluation/run-store.js';
import { CoverageRegressionEvaluator } from '../../dist/src/evaluators/coverage-regression/coverage-regression.evaluator.js';
import { ExpiryWaveEvaluator } from '../../dist/src/evaluators/expiry-wave/expiry-wave.evaluator.js';
import { HighRiskEvaluator } from '../../dist/src/evaluators/high-risk/high-risk.evaluator.js';
import { LowCoverageEvaluator } from '../../dist/src/evaluators/low-coverage/low-coverage.evaluator.js';
import { NewTechniqueEvaluator } from '../../dist/src/evaluators/new-technique/new-technique.evaluator.js';
import { OrphanSpikeEvaluator } from '../../dist/src/evaluators/orphan-spike/orphan-spike.evaluator.js';
import { StaleTechniqueEvaluator } from '../../dist/src/evaluators/stale-technique/stale-technique.evaluator.js';
import { AlertNotifier } from '../../dist/src/notifications/notifier/alert-notifier.js';
import { EmailStore } from '../../dist/src/notifications/email/email-store.js';
import { StreamReader } from '../../dist/src/notifications/stream/stream-reader.js';
import { PostureChanges } from '../../dist/src/posture/changes/posture-changes.js';
import { AsOfPostureReader } from '../../dist/src/posture/reading/posture-as-of.js';
import { LivePostureReader } from '../../dist/src/posture/reading/posture-reader.js';
import { PostureWriter } from '../../dist/src/posture/writes/posture-writer.js';
import { EXPIRED_ROWS } from '../../dist/src/retention/expired-rows.js';
import { RetentionService } from '../../dist/src/retention/retention.service.js';
import { SnapshotsService } from '../../dist/src/snapshots/snapshots.service.js';
import { DeliveryStore } from '../../dist/src/webhooks/delivery/delivery-store.js';
import { EventWriter } from '../../dist/src/webhooks/outbox/event-writer.js';

const NOW = new Date('2026-01-01T00:00:00.000Z');
const ID = '00000000-0000-7000-8000-000000000000';
const RULE = { organizationId: ID, ruleId: ID };
const SCHEDULE = { organizationId: ID, evaluationIntervalMinutes: null, nextEvaluationAt: NOW };

/**
 * The statements of docs/sql. The generator calls the method with invented arguments, and prints the statement that it
 * sends.
 *
 * - `file`: the path of the printed file, without `.sql`.
 * - `does`, `runs`: one sentence each.
 * - `parameters`: `$1` and so on, in words. The generator adds their types, and fails if their number is wrong.
 * - `call`, `args`, `answer`: see `recordStatements`.
 * - `statement`: selects one if a method sends several: a part of its text, or its number from 0.
 * - `contains`: a part of the text, to check a number in `statement`.
 */
export const HOT_STATEMENTS = [
  ...evaluation(),
  ...evaluators(),
  ...alerts(),
  ...notifications(),
  ...webhooks(),
  ...posture(),
  ...retention(),
];

function evaluation() {
  const pass = { trigger: 'cron', requestedBy: null, startedAt: NOW, durationSeconds: 1, isTick: false };
  const decided = [
    {
      rule: RULE,
      decision: { outcome: 'error', error: 'example' },
      alertId: null,
      ruleDetails: null,
      explanation: null,
    },
  ];
  return [
    {
      file: 'evaluation/claim-due-schedules',
      does: 'Locks the schedules that are due, those that are due longest first, and skips rows that another replica has locked.',
      runs: 'It runs at every evaluation tick, on every replica.',
      parameters: ['the instant of the evaluation', 'how many schedules to take at most'],
      call: [RuleClaims, 'due'],
      args: (manager) => [manager, NOW, 100],
    },
    {
      file: 'evaluation/take-posture-changes',
      does: 'Takes the marks of organisations whose posture changed, and skips rows that another replica has locked.',
      runs: 'It runs after posture, a snapshot or the catalogue changed, once the changes have been quiet for the debounce.',
      parameters: ['the instant of the evaluation', 'how many organisations to take at most'],
      call: [RuleClaims, 'changed'],
      args: (manager) => [manager, NOW, 100],
    },
    {
      file: 'evaluation/lock-schedules-of-organizations',
      does: 'Locks all schedules of some organisations, and waits for other replicas that have locked them.',
      runs: 'It runs after `take-posture-changes`, and when a user asks for an evaluation.',
      parameters: ['the organisations'],
      call: [RuleClaims, 'ofOrganization'],
      args: (manager) => [manager, ID],
    },
    {
      file: 'evaluation/read-claimed-rules',
      does: 'Reads the enabled rules of the claimed schedules.',
      runs: 'It runs after a claim, in the same transaction.',
      parameters: [
        'the organisation of each schedule',
        'the interval of each schedule in minutes; 0 means the schedule of the deployment',
        'the rule types to read; null means all',
      ],
      call: [RuleClaims, 'due'],
      args: (manager) => [manager, NOW, 100],
      answer: (index) => (index === 0 ? [SCHEDULE] : []),
      statement: 'JOIN alert_rule',
    },
    {
      file: 'evaluation/read-rule-details',
      does: 'Reads the names and channels of rules that fired or failed.',
      runs: 'It runs in each evaluation in which a rule fired or failed.',
      parameters: ['the organisation of each rule', 'the id of each rule'],
      call: [RuleClaims, 'details'],
      args: (manager) => [manager, [RULE]],
    },
    {
      file: 'evaluation/save-rule-states',
      does: 'Writes the new states and measurements of the rules that changed, and returns the rules that have now failed too often.',
      runs: 'It runs at the end of each evaluation in which the state of a rule changed.',
      parameters: [
        'the instant of the evaluation',
        'whether this is a tick, which stores its instant in the schedules instead',
        'the organisation of each rule',
        'the id of each rule',
        'whether the rule fired',
        'whether the rule is in its cooldown',
        'the error of the rule; null if it was measured',
        'whether the rule measured something new',
        'the measured value',
        'the threshold',
        'whether the value breaches the threshold',
        'the occasion of the alert, such as an ATT&CK release',
      ],
      call: [RunStore, 'saveStates'],
      args: (manager) => [manager, decided, pass],
    },
    {
      file: 'evaluation/move-schedules-on',
      does: 'Sets when the schedules are due next, and removes schedules without enabled rules.',
      runs: 'It runs at the end of each tick.',
      parameters: [
        'the instant of the evaluation',
        'the organisation of each schedule',
        'the interval of each schedule in minutes; 0 means the schedule of the deployment',
        'when each schedule is due next',
        'whether each schedule has rules',
      ],
      call: [RuleClaims, 'moveOn'],
      args: (manager) => [manager, [SCHEDULE], () => true, () => NOW, NOW],
    },
    {
      file: 'evaluation/save-runs',
      does: 'Writes one evaluation run for each organisation.',
      runs: 'It runs at the end of each evaluation that is kept.',
      parameters: [
        'why the evaluation ran',
        'the user who asked for it; null for a schedule or a change',
        'when it began',
        'how long it took, in seconds',
        'the id of each run',
        'the organisation of each run',
        'how many rules were evaluated',
        'how many alerts opened',
        'the outcome of each rule, as JSON',
      ],
      call: [RunStore, 'save'],
      args: (manager) => [manager, decided, pass],
    },
  ];
}

function evaluators() {
  const counting = (file, type, does, config, parameters) => ({
    file: `evaluators/${file}`,
    does,
    runs: 'It runs in each evaluation, once for all claimed rules of the type.',
    parameters: ['the organisation of each rule', ...parameters],
    call: [type, 'measure'],
    args: (manager) => [[{ ...RULE, config }], NOW, new LivePostureReader(manager)],
  });
  const highRisk = counting(
    'high-risk',
    HighRiskEvaluator,
    'Counts the techniques in scope with a high risk score, and lists the highest if the rule fires.',
    { min_risk_score: 75, min_count: 1 },
    ['the minimum risk score of each rule', 'the minimum count of each rule'],
  );
  return [
    highRisk,
    {
      ...highRisk,
      file: 'evaluators/high-risk-as-of',
      does: `Does the same as \`high-risk\`, on the posture as it was at an instant (here ${NOW.toISOString()}).`,
      runs: 'It runs for backtests. Every evaluator can read the past in this way.',
      args: (manager) => [
        [{ ...RULE, config: { min_risk_score: 75, min_count: 1 } }],
        NOW,
        new AsOfPostureReader(manager, NOW),
      ],
    },
    counting(
      'stale-technique',
      StaleTechniqueEvaluator,
      'Counts the validated techniques in scope whose last review is too old.',
      { days_stale: 90, min_count: 1 },
      ['the age in days at which a review is too old', 'the minimum count of each rule', 'the instant'],
    ),
    counting(
      'coverage-regression',
      CoverageRegressionEvaluator,
      'Compares the newest snapshot with the snapshot before it and with the peak of a window, and finds the drops.',
      { min_drop_pct: 5 },
      [
        'the minimum drop of each rule, in percentage points',
        'the days of the window for the peak; null means no window',
        'the minimum drop from the peak, in percentage points; null means the minimum drop',
        'the instant',
      ],
    ),
    counting(
      'low-coverage',
      LowCoverageEvaluator,
      'Counts the techniques in scope by status, from which the coverage follows.',
      { max_coverage_pct: 50 },
      [],
    ),
    counting(
      'expiry-wave',
      ExpiryWaveEvaluator,
      'Counts the pending items of the revalidation queue whose techniques are in scope.',
      { min_pending_count: 1 },
      ['the minimum count of each rule'],
    ),
    counting(
      'new-technique',
      NewTechniqueEvaluator,
      'Counts the techniques in scope that MITRE published or changed lately.',
      { lookback_days: 7, min_count: 1 },
      [
        'how many days each rule looks back',
        'the minimum count of each rule',
        'the instant',
        'the kinds of change that count, separated by commas; null means all',
        'whether the rule fires once for each ATT&CK release',
      ],
    ),
    counting(
      'orphan-spike',
      OrphanSpikeEvaluator,
      'Counts the techniques in scope without an owner.',
      { min_orphan_count: 1 },
      ['the minimum count of each rule'],
    ),
  ];
}

function alerts() {
  const alert = {
    ...RULE,
    id: ID,
    alertId: ID,
    ruleName: '',
    ruleType: 'high_risk',
    severity: 'high',
    title: '',
    message: '',
    details: {},
    fingerprint: null,
    occurredAt: NOW,
  };
  return [
    {
      file: 'alerts/lock-unfinished-alerts',
      does: 'Locks the open and acknowledged alerts of rules, so that a repeated firing can refresh them.',
      runs: 'It runs in each evaluation in which a rule breaches again that keeps at most one open alert.',
      parameters: ['the organisation of each rule', 'the id of each rule'],
      call: [AlertWriter, 'lockUnfinished'],
      args: (manager) => [manager, [RULE]],
    },
    {
      file: 'alerts/open-alerts',
      does: 'Writes the alerts that open.',
      runs: 'It runs in each evaluation in which a rule fires.',
      parameters: [
        'the id of each alert',
        'the organisation of each alert',
        'the rule of each alert',
        'the name of the rule',
        'the type of the rule',
        'the severity',
        'the title',
        'the message',
        'the evidence',
        'the fingerprint; set if the rule keeps at most one open alert',
        'when the alert opened',
      ],
      call: [AlertWriter, 'open'],
      args: (manager) => [manager, [alert]],
    },
    {
      file: 'alerts/refresh-alerts',
      does: 'Writes the repeated firings of rules into the alerts that are open already.',
      runs: 'It runs in each evaluation in which such a rule fires again, after `lock-unfinished-alerts`.',
      parameters: [
        'the id of each alert',
        'the organisation of each alert',
        'the severity',
        'the title',
        'the message',
        'the evidence',
        'when the rule fired again',
      ],
      call: [AlertWriter, 'refresh'],
      args: (manager) => [manager, [alert]],
    },
    {
      file: 'alerts/list-alerts',
      does: 'Reads a page of alerts, newest first, and their total.',
      runs: 'It runs for each page of the list of alerts without filters. The limit is one more than the size of the page.',
      parameters: ['the organisation'],
      call: [AlertReader, 'page'],
      args: () => [ID, {}, { limit: 50 }],
    },
    {
      file: 'alerts/list-alerts-after-cursor',
      does: 'Reads the page of alerts after a cursor, with a filter by status.',
      runs: 'It runs for each further page of the list of alerts of a status.',
      parameters: ['the organisation', 'the status', 'the instant in the cursor', 'the id in the cursor'],
      call: [AlertReader, 'page'],
      args: () => [ID, { status: 'open' }, { limit: 50, cursor: { key: NOW.toISOString(), id: ID } }],
    },
    {
      file: 'alerts/list-alerts-by-severity',
      does: 'Reads a page of the alerts of a severity: the newest of each status and rule type, merged.',
      runs: 'It runs for each page of the list of alerts with a filter by severity. Filters by rule type and rule are similar.',
      parameters: ['the organisation', 'the severity'],
      call: [AlertReader, 'page'],
      args: () => [ID, { severity: 'critical' }, { limit: 50 }],
    },
    {
      file: 'alerts/summarize-alerts',
      does: 'Counts the alerts by status, and the open ones by severity and rule type, and reads the newest open ones.',
      runs: 'It runs for each request for the summary of alerts.',
      parameters: ['the organisation'],
      call: [AlertReader, 'summary'],
      args: () => [ID],
    },
    {
      file: 'alerts/fold-alert-counts',
      does: 'Adds up rows of `alert_count` of the same kind into one row each.',
      runs: 'It runs every five minutes, on one replica, until a batch is not full.',
      parameters: ['how many rows to fold at most'],
      call: [AlertCounts, 'fold'],
      args: () => [],
    },
  ];
}

function notifications() {
  const notice = {
    organizationId: ID,
    alertId: ID,
    event: 'alert.fired',
    severity: 'high',
    title: '',
    message: '',
    occurredAt: NOW,
  };
  return [
    {
      file: 'notifications/write-notifications',
      does: 'Writes the notifications and e-mails for all members who receive a notice, and records why others receive none.',
      runs: 'It runs in the transaction of the alert or the failure that the notice is about.',
      parameters: [
        'the organisation of each notice',
        'the alert of each notice; null if it is about a rule or a webhook',
        'the event of each notice',
        'the severity',
        'the title',
        'the message',
        'the instant of the event',
        'whether a mail server is configured',
        'whether the rule notifies in the app',
      ],
      call: [AlertNotifier, 'notify'],
      args: (manager) => [manager, [notice]],
    },
    {
      file: 'notifications/claim-emails',
      does: 'Takes e-mails that are due, and skips rows that another replica has locked.',
      runs: 'It runs every few seconds, and after an e-mail was written.',
      parameters: [
        'the instant of the claim',
        'how many e-mails to take at most',
        'the token of the leases',
        'when the leases end',
        'the latest possible end of a lease; a lease that ends later comes from a clock that was ahead',
      ],
      call: [EmailStore, 'claim'],
      args: () => [NOW, 100, 60_000],
    },
    {
      file: 'notifications/read-stream',
      does: 'Reads the notifications after a position, for all connected readers of this process.',
      runs: 'It runs when a notification was written, and at intervals, while a stream is open.',
      parameters: [
        'the transaction number in the position',
        'the notification in the position',
        'the organisation of each reader',
        'the user of each reader',
        'how many notifications to read at most',
      ],
      call: [StreamReader, 'after'],
      args: () => [{ transaction: '1', id: ID }, [{ organizationId: ID, userId: ID }], 100],
    },
  ];
}

function webhooks() {
  const event = {
    eventId: ID,
    organizationId: ID,
    type: 'alert.fired',
    alertId: ID,
    occurredAt: NOW,
    data: {},
    directEndpointId: null,
  };
  const lease = { id: ID, organizationId: ID, lockToken: ID, attempt: 1 };
  const result = {
    lease,
    startedAt: NOW,
    finishedAt: NOW,
    durationMs: 1,
    statusCode: 204,
    error: null,
    responseBody: null,
    request: null,
    pauseUntil: null,
    next: { status: 'delivered' },
  };
  return [
    {
      file: 'webhooks/write-deliveries',
      does: 'Writes the events, and one delivery for each endpoint that receives an event.',
      runs: 'It runs in the transaction of the event.',
      parameters: [
        'the id of each event',
        'the organisation of each event',
        'the type of each event',
        'the alert of each event; null if it is not about an alert',
        'the body of each event',
        'the endpoint of the rule; null if it has none',
        'the instant of the write',
        'the number of the event among those of its alert',
        'the severity',
        'the rule type',
      ],
      call: [EventWriter, 'write'],
      args: (manager) => [manager, [event]],
    },
    {
      file: 'webhooks/claim-deliveries',
      does: 'Leases due deliveries to this worker, postpones those of unhealthy endpoints, and skips rows that another replica has locked.',
      runs: 'It runs whenever the worker can send more: after a commit that wrote deliveries, and at intervals.',
      parameters: [
        'the instant of the claim',
        'how many deliveries to take at most',
        'the token of the leases',
        'when the leases end',
        'until when deliveries of a disabled endpoint are postponed',
        'the type of a ping, which is never postponed',
        'endpoints whose deliveries are left out',
        'until when deliveries wait for the probe of an endpoint',
        'the latest possible end of a lease; a lease that ends later comes from a clock that was ahead',
      ],
      call: [DeliveryStore, 'claim'],
      args: () => [{ now: NOW, limit: 500, leaseMs: 60_000, holdMs: 60_000 }],
    },
    {
      file: 'webhooks/finish-deliveries',
      does: 'Writes the results of attempts and logs the attempts. A delivery changes only while the worker still holds its lease.',
      runs: 'It runs after each batch of attempts.',
      parameters: [
        'the id of each attempt',
        'the organisation of each attempt',
        'the delivery of each attempt',
        'the token of the lease',
        'the number of the attempt',
        'when it began, in milliseconds since 1970',
        'when it ended, in milliseconds since 1970',
        'how long it took, in milliseconds',
        'the status code of the response',
        'the error; null if the attempt succeeded',
        'the body of the response',
        'the new status of the delivery',
        'when the next attempt is due, in milliseconds since 1970',
        'the URL of the request',
        'the body of the request; null if it is the body of the event',
        'the headers of all requests, as a JSON array',
      ],
      call: [DeliveryStore, 'finish'],
      args: () => [[result]],
    },
    {
      file: 'webhooks/postpone-deliveries',
      does: 'Postpones all due deliveries of unhealthy endpoints at once.',
      runs: 'It runs when a claim has found due deliveries of an endpoint that is unhealthy.',
      parameters: [
        'the instant',
        'until when deliveries of a disabled endpoint are postponed',
        'until when deliveries wait for the probe of an endpoint',
        'the endpoints',
        'the type of a ping, which is never postponed',
      ],
      call: [DeliveryStore, 'postpone'],
      args: () => [[ID], NOW, 60_000],
      statement: 0,
    },
    {
      file: 'webhooks/give-back-deliveries',
      does: 'Ends leases that this worker did not use.',
      runs: 'It runs when a worker stops, and when it has claimed more than it can send in time or an endpoint turns out to be unhealthy.',
      parameters: ['the organisation of each delivery', 'the id of each delivery', 'the token of the lease'],
      call: [DeliveryStore, 'giveBack'],
      args: () => [[lease]],
    },
  ];
}

function posture() {
  const origin = { actorId: ID, source: 'api', changeId: null };
  return [
    {
      file: 'posture/lock-posture',
      does: 'Locks the posture of techniques in the order of their ids.',
      runs: 'It runs before posture is written.',
      parameters: ['the organisation', 'the techniques'],
      call: [PostureWriter, 'lock'],
      args: (manager) => [manager, ID, [ID]],
    },
    {
      file: 'posture/write-posture',
      does: 'Writes the posture of techniques, but not rows that would stay the same.',
      runs: 'It runs for each PUT of posture, each import, and each undo of an import.',
      parameters: [
        'the organisation',
        'the techniques',
        'the instant of the change',
        'the user who made the change; null if unknown',
        'whether the status is set',
        'the status',
        'whether the last review is set',
        'the last review',
        'whether the risk score is set',
        'the risk score',
        'whether the owner is set',
        'the owner',
        'where the change comes from',
        'the record behind the change, such as an import',
        'the tags as the text of an array; null leaves them as they are',
      ],
      call: [PostureWriter, 'write'],
      args: (manager) => [manager, ID, [{ techniqueId: ID, riskScore: 1 }], origin],
      statement: 'UPDATE posture',
    },
    {
      file: 'posture/mark-posture-changed',
      does: 'Marks organisations whose posture changed, so that their rules are evaluated soon.',
      runs: 'It runs in the transaction of each change of posture, queue or snapshots.',
      parameters: ['what changed', 'the instant', 'the debounce in milliseconds', 'the organisations'],
      call: [PostureChanges, 'mark'],
      args: (manager) => [manager, [ID], 'posture'],
    },
    {
      file: 'snapshots/take-snapshots',
      does: 'Takes the snapshot of a day for all organisations with a technique in scope.',
      runs: 'It runs once a day, on one replica. When a user takes a snapshot, it is limited to one organisation.',
      parameters: ['the day', 'where the snapshot comes from', 'the instant'],
      call: [SnapshotsService, 'takeForAll'],
      args: () => [NOW],
      statement: 'INSERT INTO posture_snapshot',
    },
  ];
}

function retention() {
  return EXPIRED_ROWS.map(({ name: [, plural], sql }, index) => ({
    file: `retention/delete-expired-${plural.replace(/\W+/g, '-')}`,
    does: `Deletes a batch of ${plural} that have expired.`,
    runs: 'It runs once an hour, on one replica, until a batch is not full.',
    parameters: ['the instant before which rows are deleted', 'how many rows to delete at most'],
    call: [RetentionService, 'removeExpired'],
    args: () => [],
    answer: () => [[], 0],
    statement: index,
    contains: sql,
  }));
}
