import { parseInstant } from '../../common/instant.js';
import { toIso } from '../../common/wire.js';
import { configOf } from '../../rules/index.js';
import { hasFired } from '../rule-outcome.js';
import type { PreviewedAudience } from './audience-preview.js';
import type { Backtest, BacktestPoint } from './backtest.service.js';
import type { TrialRuleRequest } from './preview.dto.js';
import type {
  BacktestFiringResponse,
  BacktestResponse,
  PreviewResponse,
  AudienceResponse,
  TrialRuleResponse,
} from './preview.response.js';
import type { Preview } from './preview.service.js';
import type { TrialInput, TrialRule } from './trial-rules.js';

export function toTrialInput(body: TrialRuleRequest): TrialInput {
  return {
    ruleId: body.rule_id,
    ruleType: body.rule_type,
    config: configOf(body),
    scope: body.scope,
    severity: body.severity,
    cooldownHours: body.cooldown_hours,
    onRepeat: body.on_repeat,
    notifyInApp: body.notify_in_app,
    notifyWebhook: body.notify_webhook,
    webhookId: body.webhook_id,
  };
}

/** The text has passed validation. */
export function toInstant(text: string): Date {
  return parseInstant(text)!;
}

export function toPreviewResponse(preview: Preview): PreviewResponse {
  const { at, rule, outcome, cooldownUntil, finding, error, audience, knownSince } = preview;
  return {
    at: toIso(at),
    known_since: toIso(knownSince),
    rule: toTrialRuleResponse(rule),
    outcome,
    would_fire: hasFired(outcome),
    in_cooldown: cooldownUntil !== null,
    cooldown_until: toIso(cooldownUntil),
    measured: finding?.measured ?? null,
    threshold: finding?.threshold ?? null,
    breached: finding?.breached ?? false,
    details: finding?.details ?? null,
    title: finding?.alert?.title ?? null,
    message: finding?.alert?.message ?? null,
    error,
    told: toAudienceResponse(audience),
  };
}

export function toBacktestResponse({ rule, from, to, knownSince, points, audience }: Backtest): BacktestResponse {
  const firings = points.flatMap(toFiring);
  const fired = firings.filter(({ outcome }) => outcome === 'fired').length;
  return {
    rule: toTrialRuleResponse(rule),
    from: toIso(from),
    to: toIso(to),
    known_since: toIso(knownSince),
    summary: {
      fired,
      refreshed: firings.length - fired,
      people_told: fired > 0 ? audience.people : 0,
      notices: fired * (audience.inApp + audience.byEmail),
      webhooks: fired * audience.endpoints.length,
    },
    told: toAudienceResponse(audience),
    firings,
    points: points.map(({ at, outcome, finding: { measured, threshold, breached } }) => ({
      at: toIso(at),
      measured,
      threshold,
      breached,
      outcome,
    })),
  };
}

function toFiring({ at, outcome, finding: { alert } }: BacktestPoint): BacktestFiringResponse | [] {
  return hasFired(outcome) && alert ? { at: toIso(at), outcome, ...alert } : [];
}

function toTrialRuleResponse(rule: TrialRule): TrialRuleResponse {
  return {
    rule_id: rule.ruleId,
    rule_type: rule.ruleType,
    config: rule.config,
    scope: rule.scope,
    severity: rule.severity,
    cooldown_hours: rule.cooldownHours,
    on_repeat: rule.onRepeat,
  };
}

function toAudienceResponse({ people, inApp, byEmail, endpoints }: PreviewedAudience): AudienceResponse {
  return { people, people_in_app: inApp, people_by_email: byEmail, endpoints };
}
