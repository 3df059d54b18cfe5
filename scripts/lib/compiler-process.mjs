// The process of `npm run dev` that compiles: TypeScript blocks a process for seconds, and dev must answer signals.
import { watchSources } from './watch-sources.mjs';

watchSources((result) => process.send(result));
