/** Operations on sections, from the table of their kinds. */

import { isRefusal } from '../edit/problem.ts';
import type { Resource } from '../edit/resource.ts';
import { createSection, deleteSection, readSection, replaceSection } from '../edit/section.ts';
import { type Documents, sectionNamed, sectionsOf } from '../edit/sections.ts';
import type { SectionKind } from '../kinds/kind.ts';
import { SECTIONS } from '../kinds/sections.ts';
import { orThrow } from '../service/error.ts';
import { type Call, FULL, type Operation, TRANSACTION, WRITE_QUERY } from './operation.ts';
import { documentsFor, etagOf, write } from './write.ts';

function pathOf({ path }: SectionKind): string {
  return `/services/haproxy/configuration/${path}`;
}

function read(kind: SectionKind, documents: Documents, name: string, full: boolean): Resource {
  return readSection(kind, documents, orThrow(sectionNamed(documents, kind, name)), full);
}

/** The section as the request sees it: with what stands in it, or without. */
function current(kind: SectionKind, name: string, full: boolean) {
  return (documents: Documents): unknown => {
    const found = sectionNamed(documents, kind, name);
    return isRefusal(found) ? null : readSection(kind, documents, found, full);
  };
}

function get(kind: SectionKind, path: string, nameOf: (call: Call) => string): Operation {
  return {
    method: 'GET',
    path,
    group: kind.model,
    summary: `reads one ${kind.title}`,
    query: [TRANSACTION, FULL],
    body: null,
    success: [200],
    answer: { model: kind.model, many: false },
    async run(call) {
      const resource = read(kind, await documentsFor(call), nameOf(call), call.query.flag('full_section'));
      return { status: 200, body: resource, headers: { etag: etagOf(resource) } };
    },
  };
}

function put(kind: SectionKind, path: string, nameOf: (call: Call) => string): Operation {
  return {
    method: 'PUT',
    path,
    group: kind.model,
    summary: `replaces one ${kind.title}`,
    query: [...WRITE_QUERY, FULL],
    body: { model: kind.model, many: false },
    success: [200, 202],
    answer: { model: kind.model, many: false },
    run: (call) => {
      const [name, full] = [nameOf(call), call.query.flag('full_section')];
      return write(call, {
        edit: (documents) => orThrow(replaceSection(kind, documents, name, call.body as Resource, full)),
        current: current(kind, name, full),
        answer: (documents) => read(kind, documents, name, full),
        status: 200,
      });
    },
  };
}

function post(kind: SectionKind, method: 'POST' | 'PUT'): Operation {
  return {
    method,
    path: pathOf(kind),
    group: kind.model,
    summary: `adds a ${kind.title}`,
    query: [...WRITE_QUERY, FULL],
    body: { model: kind.model, many: false },
    success: [201, 202],
    answer: { model: kind.model, many: false },
    run: (call) => {
      const full = call.query.flag('full_section');
      const { name = '' } = call.body as { readonly name?: string };
      return write(call, {
        edit: (documents) => orThrow(createSection(kind, documents, call.body as Resource, full)),
        current: current(kind, name, full),
        answer: (documents) => (name === '' ? call.body : read(kind, documents, name, full)),
        status: 201,
      });
    },
  };
}

function remove(kind: SectionKind, path: string, nameOf: (call: Call) => string): Operation {
  return {
    method: 'DELETE',
    path,
    group: kind.model,
    summary: `removes one ${kind.title}`,
    // What stands in it goes with it anyway.
    query: ['defaults', 'crt-store'].includes(kind.keyword) ? [...WRITE_QUERY, FULL] : WRITE_QUERY,
    body: null,
    success: [202, 204],
    answer: null,
    run: (call) =>
      write(call, {
        edit: (documents) => orThrow(deleteSection(kind, documents, nameOf(call))),
        current: current(kind, nameOf(call), false),
        answer: () => undefined,
        status: 204,
      }),
  };
}

function namedOperations(kind: SectionKind): Operation[] {
  const one = `${pathOf(kind)}/{name}`;
  const nameOf = ({ path }: Call) => path['name']!;
  const list: Operation = {
    method: 'GET',
    path: pathOf(kind),
    group: kind.model,
    summary: `lists every ${kind.title}`,
    query: [TRANSACTION, FULL],
    body: null,
    success: [200],
    answer: { model: kind.model, many: true },
    async run(call) {
      const documents = await documentsFor(call);
      const full = call.query.flag('full_section');
      return {
        status: 200,
        body: sectionsOf(documents, kind).map((found) => readSection(kind, documents, found, full)),
      };
    },
  };
  // An old name of POST.
  const alias = kind.keyword === 'defaults' ? [post(kind, 'PUT')] : [];
  return [
    list,
    post(kind, 'POST'),
    ...alias,
    get(kind, one, nameOf),
    put(kind, one, nameOf),
    remove(kind, one, nameOf),
  ];
}

function singleOperations(kind: SectionKind): Operation[] {
  const nameOf = () => '';
  const both = [get(kind, pathOf(kind), nameOf), put(kind, pathOf(kind), nameOf)];
  return kind.keyword === 'global' ? both : [...both, post(kind, 'POST'), remove(kind, pathOf(kind), nameOf)];
}

export const SECTION_OPERATIONS: readonly Operation[] = SECTIONS.flatMap((kind) =>
  kind.naming === 'single' ? singleOperations(kind) : namedOperations(kind),
);
