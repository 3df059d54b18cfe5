import type { Environment } from '../../src/config/index.js';
import { NoTracing, Tracing } from '../../src/tracing/index.js';
import { startTestModule } from '../support/test-module.js';

const NOBODY = 'http://127.0.0.1:1';

it.each<[string, Partial<Environment>]>([
  ['no endpoint', {}],
  ['OTEL_SDK_DISABLED', { OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY, OTEL_SDK_DISABLED: true }],
  ['a protocol that it does not speak', { OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
])('traces nothing with %s, and does the work all the same', async (_, environment) => {
  const { module, close } = await startTestModule([], { environment });
  const tracing = module.get(Tracing);

  expect(tracing).toBeInstanceOf(NoTracing);
  expect(await tracing.span('work', {}, async () => 'done')).toBe('done');
  expect(tracing.request('GET /', {}, {})).toBeUndefined();
  await close();
});
