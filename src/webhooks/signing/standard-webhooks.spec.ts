import { Webhook } from 'standardwebhooks';
import { newSigningSecret, signingKey, standardWebhooksHeaders } from './standard-webhooks.js';

const AT = new Date(1614265330_000);
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('standardWebhooksHeaders', () => {
  it('matches the example signature in the specification', () => {
    const content = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: AT, body: '{"test": 2432232314}' };

    expect(standardWebhooksHeaders(content, [SECRET].map(signingKey))).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('signs Unicode so that the reference implementation accepts it', () => {
    const body = JSON.stringify({ name: 'Détection 検知 🐎 \u2028', lone: '\ud800' });
    const secret = newSigningSecret();
    const headers = standardWebhooksHeaders({ id: 'msg_1', at: new Date(), body }, [secret].map(signingKey));

    expect(new Webhook(secret).verify(Buffer.from(body, 'utf8'), headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature');
  });

  it('makes one signature per secret, so that a receiver can verify with either secret', () => {
    const [current, former] = [newSigningSecret(), newSigningSecret()];
    const headers = standardWebhooksHeaders(
      { id: 'msg_1', at: new Date(), body: '{}' },
      [current, former].map(signingKey),
    );

    for (const secret of [current, former]) expect(new Webhook(secret).verify('{}', headers)).toEqual({});
    expect(() => new Webhook(newSigningSecret()).verify('{}', headers)).toThrow('No matching signature');
  });
});

describe('newSigningSecret', () => {
  it('contains 32 bytes and differs each time', () => {
    const secret = newSigningSecret();

    expect(Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
    expect(newSigningSecret()).not.toBe(secret);
  });
});
