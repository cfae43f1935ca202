/** Keywords of the `global` section (manual, section 3). */

import type { ConfigDraft } from '../draft.ts';
import { ENVIRONMENT_KEYWORDS } from './environment.ts';
import { GLOBAL_HTTP_KEYWORDS } from './global-http.ts';
import { GLOBAL_NOTICED, GLOBAL_REFUSED } from './global-inert.ts';
import { GLOBAL_LIMIT_KEYWORDS } from './global-limits.ts';
import { GLOBAL_PROCESS_KEYWORDS } from './global-process.ts';
import { GLOBAL_STATE_KEYWORDS } from './global-state.ts';
import { GLOBAL_TLS_KEYWORDS } from './global-tls.ts';
import { KeywordTable, works } from './table.ts';
import { TUNE_KEYWORDS } from './tune.ts';

/** Sluice's own, beside HAProxy's `noepoll` and its like. */
const noUring = works<ConfigDraft>('nouring', '', (line, { global }) => {
  if (line.atMost(0)) global.uring = false;
});

export const GLOBAL_KEYWORDS = new KeywordTable<ConfigDraft>([
  ...GLOBAL_PROCESS_KEYWORDS,
  ...GLOBAL_LIMIT_KEYWORDS,
  ...GLOBAL_STATE_KEYWORDS,
  ...GLOBAL_HTTP_KEYWORDS,
  noUring,
  ...ENVIRONMENT_KEYWORDS,
  ...TUNE_KEYWORDS,
  ...GLOBAL_TLS_KEYWORDS,
  ...GLOBAL_NOTICED,
  ...GLOBAL_REFUSED,
]);
