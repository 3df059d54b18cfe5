import { AsyncLocalStorage } from 'node:async_hooks';

interface RequestContext {
  requestId: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs what a request causes with its id at hand, for log lines and problem documents. */
export function runInRequestContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** The id of the request being answered, or undefined outside one. */
export function requestId(): string | undefined {
  return storage.getStore()?.requestId;
}
