/** All sample fetches, in the order of their names. */

import type { FetchRow } from '../row.ts';
import { connectionFetches } from './connection.ts';
import { constantFetches } from './constants.ts';
import { cookieFetches } from './cookies.ts';
import { filterFetches } from './filters.ts';
import { headerFetches } from './headers.ts';
import { internalFetches } from './internals.ts';
import { payloadFetches } from './payload.ts';
import { processFetches } from './process.ts';
import { proxyFetches } from './proxies.ts';
import { requestFetches } from './request.ts';
import { tableFetches } from './tables.ts';
import { tlsFetches } from './tls.ts';
import { tlsHelloFetches } from './tls-hello.ts';
import { transportFetches } from './transport.ts';

export const FETCHES: readonly FetchRow[] = [
  ...constantFetches,
  ...connectionFetches,
  ...cookieFetches,
  ...filterFetches,
  ...headerFetches,
  ...internalFetches,
  ...payloadFetches,
  ...processFetches,
  ...proxyFetches,
  ...requestFetches,
  ...tableFetches,
  ...tlsFetches,
  ...tlsHelloFetches,
  ...transportFetches,
].sort((a, b) => (a.name < b.name ? -1 : 1));
