/** The name of the demo's endpoint. Each start finds the endpoint by this name and sets its URL. */
export const DEMO_ENDPOINT_NAME = 'Demo receiver';

/** Signs the webhooks of the demo. It is public: `scripts/demo-receiver.mjs` has the same value to verify them. */
export const DEMO_WEBHOOK_SECRET = `whsec_${Buffer.from('demo only, this is not a secret!').toString('base64')}`;
