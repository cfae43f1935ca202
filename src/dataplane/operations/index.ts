/** All operations of the API. */

import { CHILD_OPERATIONS } from './children.ts';
import { DISCOVERY_OPERATIONS } from './discovery.ts';
import { INFO_OPERATIONS } from './info.ts';
import type { Operation } from './operation.ts';
import { RUNTIME_OPERATIONS } from './runtime/index.ts';
import { SECTION_OPERATIONS } from './sections.ts';
import { SITE_OPERATIONS } from './sites.ts';
import { SPOE_OPERATIONS } from './spoe.ts';
import { STORAGE_OPERATIONS } from './storage.ts';
import { TARGET_OPERATIONS } from './target.ts';
import { TARGET_FILE_OPERATIONS } from './target-files.ts';
import { TRACE_OPERATIONS } from './traces.ts';
import { TRANSACTION_OPERATIONS } from './transactions.ts';

export const OPERATIONS: readonly Operation[] = [
  ...INFO_OPERATIONS,
  ...TRANSACTION_OPERATIONS,
  ...SECTION_OPERATIONS,
  ...CHILD_OPERATIONS,
  ...TRACE_OPERATIONS,
  ...RUNTIME_OPERATIONS,
  ...STORAGE_OPERATIONS,
  ...SPOE_OPERATIONS,
  ...SITE_OPERATIONS,
  ...DISCOVERY_OPERATIONS,
  ...TARGET_OPERATIONS,
  ...TARGET_FILE_OPERATIONS,
];
