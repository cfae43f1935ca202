/** Operations of the original that are not there: each answers 501 with the reason. */

import { ApiError } from '../service/error.ts';
import type { Method, Operation } from './operation.ts';

const SITES = 'sites are not served: edit frontends, binds, backends and servers in one transaction';
const SPOE = 'SPOE files are not served: edit them on the machine, or keep them under storage/general';

const BASE = '/services/haproxy';
const SCOPE = `${BASE}/spoe/spoe_files/{parent_name}/scopes`;

const PATHS: readonly (readonly [path: string, methods: readonly Method[], why: string])[] = [
  [`${BASE}/sites`, ['GET', 'POST'], SITES],
  [`${BASE}/sites/{name}`, ['GET', 'PUT', 'DELETE'], SITES],
  [`${BASE}/spoe`, ['GET'], SPOE],
  [`${BASE}/spoe/spoe_files`, ['GET', 'POST'], SPOE],
  [`${BASE}/spoe/spoe_files/{name}`, ['GET', 'DELETE'], SPOE],
  [`${BASE}/spoe/spoe_files/{parent_name}/transactions`, ['GET', 'POST'], SPOE],
  [`${BASE}/spoe/spoe_files/{parent_name}/transactions/{id}`, ['GET', 'PUT', 'DELETE'], SPOE],
  [SCOPE, ['GET', 'POST'], SPOE],
  [`${SCOPE}/{name}`, ['GET', 'DELETE'], SPOE],
  ...['agents', 'messages', 'groups'].flatMap((kind) => [
    [`${SCOPE}/{scope_name}/${kind}`, ['GET', 'POST'], SPOE] as const,
    [`${SCOPE}/{scope_name}/${kind}/{name}`, ['GET', 'PUT', 'DELETE'], SPOE] as const,
  ]),
  [`${BASE}/spoe/{parent_name}/version`, ['GET'], SPOE],
];

export const WITHOUT: readonly Operation[] = PATHS.flatMap(([path, methods, why]) =>
  methods.map((method) => ({
    method,
    path,
    group: 'not served',
    summary: 'answers 501',
    query: [],
    body: null,
    success: [501],
    answer: 'json' as const,
    run: async () => {
      throw new ApiError(501, why);
    },
  })),
);
