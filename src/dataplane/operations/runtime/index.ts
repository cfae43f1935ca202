import type { Operation } from '../operation.ts';
import { RUNTIME_CERTIFICATES } from './certificates.ts';
import { RUNTIME_PATTERNS } from './patterns.ts';
import { RUNTIME_INFO, STATS } from './process.ts';
import { RUNTIME_SERVERS } from './servers.ts';
import { RUNTIME_TABLES } from './tables.ts';
import { RUNTIME_TRUST } from './trust.ts';

/** What is done on the running process, and read of it; the configuration stays as it is. */
export const RUNTIME_OPERATIONS: readonly Operation[] = [
  ...RUNTIME_INFO,
  ...STATS,
  ...RUNTIME_SERVERS,
  ...RUNTIME_PATTERNS,
  ...RUNTIME_TABLES,
  ...RUNTIME_CERTIFICATES,
  ...RUNTIME_TRUST,
];
