// Loaded with `--import` into the processes of `npm run dev`: they must end with it, even if it is killed.
import { isMainThread } from 'node:worker_threads';
import { stopWithParent } from './stop-with-parent.mjs';

if (isMainThread) stopWithParent();
