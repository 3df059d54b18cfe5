import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '../../database/index.js';
import { AudienceCounter, type AudienceCounts } from '../../notifications/index.js';
import { EventAudience, type ReceivingEndpoint } from '../../webhooks/index.js';
import type { TrialRule } from './trial-rules.js';

/** The people and endpoints that one alert of a rule would reach. */
export interface PreviewedAudience extends AudienceCounts {
  endpoints: ReceivingEndpoint[];
}

/**
 * Finds the people and endpoints that an alert of a rule would reach, by their current preferences and subscriptions.
 */
@Injectable()
export class AudiencePreview {
  constructor(
    private readonly people: AudienceCounter,
    private readonly endpoints: EventAudience,
  ) {}

  async of(runner: SqlRunner, rule: TrialRule): Promise<PreviewedAudience> {
    const { organizationId, severity, ruleType, notifyInApp, notifyWebhook, webhookId } = rule;
    const counts = await this.people.count(runner, organizationId, { severity, ruleType, notifyInApp });
    const directEndpointId = notifyWebhook ? webhookId : null;
    const event = { type: 'alert.fired' as const, severity, ruleType, directEndpointId };
    return { ...counts, endpoints: await this.endpoints.of(runner, organizationId, event) };
  }
}
