import type { Environment } from '../../src/config/index.js';
import { NoTracing, Tracing } from '../../src/tracing/index.js';
import { startTestModule } from '../support/test-module.js';

const NOT_LISTENING = 'http://127.0.0.1:1';

it.each<[string, Partial<Environment>]>([
  ['no endpoint', {}],
  ['OTEL_SDK_DISABLED', { OTEL_EXPORTER_OTLP_ENDPOINT: NOT_LISTENING, OTEL_SDK_DISABLED: true }],
  ['an unsupported protocol', { OTEL_EXPORTER_OTLP_ENDPOINT: NOT_LISTENING, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
])('traces nothing with %s, and still does the work', async (_, environment) => {
  const { module, close } = await startTestModule([], { environment });
  const tracing = module.get(Tracing);

  expect(tracing).toBeInstanceOf(NoTracing);
  expect(await tracing.span('work', {}, async () => 'done')).toBe('done');
  expect(tracing.request('GET /', {}, {})).toBeUndefined();
  await close();
});
