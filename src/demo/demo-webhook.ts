/** What the endpoint that the demo creates is called; its URL is set again at each start. */
export const DEMO_ENDPOINT_NAME = 'Demo receiver';

/**
 * Signs the webhooks of the demo. It is published here and in `scripts/demo-receiver.mjs`, which verifies with it, and is therefore no secret:
 * its 32 bytes read "demo only, this is not a secret!".
 */
export const DEMO_WEBHOOK_SECRET = `whsec_${Buffer.from('demo only, this is not a secret!').toString('base64')}`;
