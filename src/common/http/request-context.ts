import { AsyncLocalStorage } from 'node:async_hooks';

interface RequestContext {
  requestId: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` with a request id, which log lines and problem documents then include. */
export function runInRequestContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** The id of the current request, or undefined outside a request. */
export function requestId(): string | undefined {
  return storage.getStore()?.requestId;
}
