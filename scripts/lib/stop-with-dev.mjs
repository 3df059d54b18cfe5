// Loaded with `--import` into the processes that `npm run dev` starts: they must not outlive it, even if it is killed.
import { isMainThread } from 'node:worker_threads';
import { stopWithParent } from './stop-with-parent.mjs';

if (isMainThread) stopWithParent();
