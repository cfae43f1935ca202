/** All sample fetches, in the order of their names. */

import type { FetchRow } from '../row.ts';
import { connectionFetches } from './connection.ts';
import { constantFetches } from './constants.ts';
import { headerFetches } from './headers.ts';
import { proxyFetches } from './proxies.ts';
import { requestFetches } from './request.ts';

export const FETCHES: readonly FetchRow[] = [
  ...constantFetches,
  ...connectionFetches,
  ...headerFetches,
  ...proxyFetches,
  ...requestFetches,
].sort((a, b) => (a.name < b.name ? -1 : 1));
