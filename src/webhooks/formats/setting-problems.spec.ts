import { aFormatTarget } from '../../../test/support/webhook-samples.js';
import { FORMATS, settingsProblems, WEBHOOK_FORMATS, webhookFormat } from './index.js';

describe('the settings of a format', () => {
  it.each(WEBHOOK_FORMATS)('of %s are accepted if they are valid', (code) => {
    expect(settingsProblems(webhookFormat(code), aFormatTarget({ code }).settings)).toEqual([]);
  });

  it('have an error for each missing required setting', () => {
    for (const given of [undefined, null, {}, { routing_key: null }]) {
      expect(settingsProblems(webhookFormat('pagerduty'), given)).toEqual([
        { field: 'settings.routing_key', message: expect.stringMatching(/^is required: .*32 letters and digits/) },
      ]);
    }
  });

  it('are rejected if they are invalid, and the message does not repeat the value', () => {
    for (const value of ['secret\r\nX-Evil: 1', 'x', '', 7, ['R'.repeat(32)], `${'R'.repeat(32)}\n`]) {
      const problems = settingsProblems(webhookFormat('pagerduty'), { routing_key: value });
      expect(problems).toEqual([
        { field: 'settings.routing_key', message: expect.stringMatching(/^must be the integration key/) },
      ]);
      expect(JSON.stringify(problems)).not.toContain('secret');
    }
  });

  it('have an error for each unknown setting, with a list of the known ones', () => {
    expect(settingsProblems(webhookFormat('opsgenie'), { api_key: 'abcd-1234', routing_key: 'x' })).toEqual([
      { field: 'settings.routing_key', message: 'is not a setting of the format opsgenie, which takes api_key' },
    ]);
    expect(settingsProblems(webhookFormat('slack'), { constructor: 'x' })).toEqual([
      { field: 'settings.constructor', message: 'is not a setting of the format slack, which takes none' },
    ]);
  });

  it('must be an object', () => {
    for (const given of ['x', 7, [], true]) {
      expect(settingsProblems(webhookFormat('slack'), given)).toEqual([
        { field: 'settings', message: 'must be an object' },
      ]);
    }
  });

  it('are used in the message', () => {
    const settings = { receiver: 'team-a', external_url: 'https://vedette.example' };
    const format = webhookFormat('alertmanager');
    expect(settingsProblems(format, settings)).toEqual([]);
    const delivery = { id: 'd', eventId: 'e', eventType: 'alert.fired', body: '{}' };
    expect(
      JSON.parse(format.format(delivery, aFormatTarget(format, { settings }), new Date(0))?.body ?? ''),
    ).toMatchObject({
      receiver: 'team-a',
      externalURL: 'https://vedette.example',
    });
  });
});

describe('the list of formats', () => {
  it('contains each code once', () => {
    expect(WEBHOOK_FORMATS).toEqual([
      'standard',
      'cloudevents',
      'alertmanager',
      'slack',
      'teams',
      'pagerduty',
      'opsgenie',
      'discord',
    ]);
  });

  it('retries only pagers quickly', () => {
    expect(FORMATS.filter(({ urgency }) => urgency === 'pager').map(({ code }) => code)).toEqual([
      'pagerduty',
      'opsgenie',
    ]);
  });

  it('rejects an unknown format', () => {
    expect(() => webhookFormat('carrier-pigeon')).toThrow(
      'this version does not know the webhook format carrier-pigeon',
    );
  });
});
