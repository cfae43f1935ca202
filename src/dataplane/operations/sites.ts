/** Sites: frontends with the backends that they send to. */

import { isRefusal, type Refusal } from '../edit/problem.ts';
import type { Documents } from '../edit/sections.ts';
import { orThrow } from '../service/error.ts';
import { createSite, deleteSite, replaceSite } from '../sites/edit.ts';
import type { Site } from '../sites/model.ts';
import { siteNamed, sitesOf } from '../sites/read.ts';
import { type Call, type Operation, type Reply, TRANSACTION, WRITE_QUERY } from './operation.ts';
import { documentsFor, etagOf, write } from './write.ts';

const PATH = '/services/haproxy/sites';
const ONE = { model: 'site', many: false };

/** The site as a request sees it; null when it is not there. */
const current = (name: string) => (documents: Documents) => {
  const site = siteNamed(documents, name);
  return isRefusal(site) ? null : site;
};
const answer = (name: string) => (documents: Documents) => orThrow(siteNamed(documents, name));

/** Writes what `edit` makes of the files; the answer is the site as it is then, unless it is gone. */
function edited(
  call: Call,
  name: string,
  status: 200 | 201 | 204,
  edit: (documents: Documents) => Documents | Refusal,
): Promise<Reply> {
  return write(call, {
    edit: (documents) => orThrow(edit(documents)),
    current: current(name),
    answer: status === 204 ? () => undefined : answer(name),
    status,
  });
}

export const SITE_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: PATH,
    group: 'sites',
    summary: 'lists sites: frontends with the backends that they send to',
    query: [TRANSACTION],
    body: null,
    success: [200],
    answer: { model: 'site', many: true },
    run: async (call) => ({ status: 200, body: sitesOf(await documentsFor(call)) }),
  },
  {
    method: 'POST',
    path: PATH,
    group: 'sites',
    summary: 'adds a site: a frontend, its backends and the rules between them',
    query: WRITE_QUERY,
    body: ONE,
    success: [201, 202],
    answer: ONE,
    run: (call) => {
      const site = call.body as Site;
      return edited(call, site.name, 201, (documents) => createSite(documents, site));
    },
  },
  {
    method: 'GET',
    path: `${PATH}/{name}`,
    group: 'sites',
    summary: 'reads one site',
    query: [TRANSACTION],
    body: null,
    success: [200],
    answer: ONE,
    async run(call) {
      const site = orThrow(siteNamed(await documentsFor(call), call.path['name']!));
      return { status: 200, body: site, headers: { etag: etagOf(site) } };
    },
  },
  {
    method: 'PUT',
    path: `${PATH}/{name}`,
    group: 'sites',
    summary: 'replaces one site; what it does not tell of its frontend and backends stays',
    query: WRITE_QUERY,
    body: ONE,
    success: [200, 202],
    answer: ONE,
    run: (call) => {
      const name = call.path['name']!;
      return edited(call, name, 200, (documents) => replaceSite(documents, name, call.body as Site));
    },
  },
  {
    method: 'DELETE',
    path: `${PATH}/{name}`,
    group: 'sites',
    summary: 'removes one site, with the backends that no other frontend sends to',
    query: WRITE_QUERY,
    body: null,
    success: [202, 204],
    answer: null,
    run: (call) => {
      const name = call.path['name']!;
      return edited(call, name, 204, (documents) => deleteSite(documents, name));
    },
  },
];
