import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '../../database/index.js';
import { AlertAudience, type Audience } from '../../notifications/index.js';
import { EventAudience, type ToldEndpoint } from '../../webhooks/index.js';
import type { TrialRule } from './trial-rules.js';

/** Whom one alert of a rule would be told to, by what people and endpoints want now. */
export interface Told extends Audience {
  endpoints: ToldEndpoint[];
}

@Injectable()
export class WouldBeTold {
  constructor(
    private readonly people: AlertAudience,
    private readonly endpoints: EventAudience,
  ) {}

  async of(runner: SqlRunner, rule: TrialRule): Promise<Told> {
    const { organizationId, severity, ruleType, webhookId } = rule;
    const { notifyInApp } = rule;
    const audience = await this.people.of(runner, organizationId, { severity, ruleType, notifyInApp });
    const directEndpointId = rule.notifyWebhook ? webhookId : null;
    const event = { type: 'alert.fired' as const, severity, ruleType, directEndpointId };
    return { ...audience, endpoints: await this.endpoints.of(runner, organizationId, event) };
  }
}
