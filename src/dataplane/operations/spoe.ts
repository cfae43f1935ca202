/** SPOE files: kept, edited by scope and section, in transactions of their own. */

import { SPOE_SECTIONS } from '../kinds/spoe.ts';
import type { Operation } from './operation.ts';
import { SPOE_FILES } from './spoe/files.ts';
import { SPOE_SCOPES } from './spoe/scopes.ts';
import { sectionRows } from './spoe/sections.ts';
import { SPOE_TRANSACTIONS } from './spoe/transactions.ts';

export const SPOE_OPERATIONS: readonly Operation[] = [
  ...SPOE_FILES,
  ...SPOE_TRANSACTIONS,
  ...SPOE_SCOPES,
  ...SPOE_SECTIONS.flatMap(sectionRows),
];
