/** Every field of every resource by itself and beside the others: written, read back, and in the file as its line. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { CHILDREN } from '../../src/dataplane/kinds/children.ts';
import type { ChildKind, Row, SectionKind, Variant } from '../../src/dataplane/kinds/kind.ts';
import { SECTIONS } from '../../src/dataplane/kinds/sections.ts';
import { type Option, optionsOf } from '../../src/dataplane/lines/form.ts';
import { statementOf } from '../../src/dataplane/lines/write.ts';
import { OPERATIONS } from '../../src/dataplane/operations/index.ts';
import type { Operation } from '../../src/dataplane/operations/operation.ts';
import { fieldsOf } from './lines/samples.ts';
import { startService, type TestService } from './support/service.ts';

type Body = Record<string, unknown>;

/** Options at a time: a line has 64 words at most. */
const SLICE = 24;

/** Fields of a form, all of them but for options: those of one slice. The same ones in each run. */
function fieldsAt({ form }: Variant, slice: number): Body {
  const some = (options: Option[]) => options.slice(slice * SLICE, (slice + 1) * SLICE);
  return fc.sample(fieldsOf(form, some), { seed: slice + 1, numRuns: 1 })[0]!;
}

function slicesOf({ form }: Variant): number {
  const counts = form.elements.map((element) => (element.kind === 'options' ? optionsOf(element.options).length : 0));
  return Math.max(1, Math.ceil(Math.max(0, ...counts) / SLICE));
}

function lineOf({ form }: Variant, fields: Body): string {
  const text = statementOf(form, fields);
  return typeof text === 'string' ? text : assert.fail(`${form.source}: ${text.field} ${text.text}`);
}

async function versionOf({ ask }: TestService): Promise<number> {
  return (await ask('GET', 'configuration/version')).json;
}

/** Bodies that together have every row of a section, and the lines that stand for each. */
function bodiesOf(kind: SectionKind): { readonly body: Body; readonly lines: readonly string[] }[] {
  const bodies: { readonly body: Body; readonly lines: readonly string[] }[] = [];
  let rows = kind.rows
    .filter(({ form }) => form.source !== '')
    .flatMap((row) => Array.from({ length: slicesOf(row) }, (_, slice) => ({ row, slice })));
  while (rows.length > 0) {
    const body: Body = kind.naming === 'single' ? {} : { name: 'one' };
    const lines: string[] = [];
    const left = rows.filter(({ row, slice }) => !addTo(body, lines, row, slice));
    assert.ok(left.length < rows.length, 'a row fits into no body');
    bodies.push({ body, lines });
    rows = left;
  }
  return bodies;
}

/** Puts what a row stands for into a body, unless the body says something else of it already. */
function addTo(body: Body, lines: string[], row: Row, slice: number): boolean {
  const fields = fieldsAt(row, slice);
  const isList = row.at.endsWith('[]');
  const path = row.at.replace(/\[\]$/, '');
  const own = Object.entries(row.set).map(([name, value]) => [name.replace('[]', ''), value] as const);
  const taken = (name: string) => valueAt(body, name) !== undefined;
  if (isList) {
    const item = { ...fields };
    for (const [name, value] of own) item[name.slice(path.length + 1)] = value;
    setAt(body, path, [...((valueAt(body, path) as unknown[]) ?? []), item]);
  } else {
    const at = (name: string) => (path === '' ? name : `${path}.${name}`);
    if (slicesOf(row) > 1 && taken(path)) return false;
    if (own.some(([name]) => taken(name)) || Object.keys(fields).some((name) => taken(at(name)))) return false;
    // What another row of the same object fixes is in force for the fields of this one.
    if (own.length > 0 && path !== '' && taken(path) && own.every(([name]) => !name.startsWith(`${path}.`)))
      return false;
    for (const [name, value] of own) if (value !== undefined) setAt(body, name, value);
    for (const [name, value] of Object.entries(fields)) setAt(body, at(name), value);
  }
  lines.push(lineOf(row, fields));
  return true;
}

function valueAt(body: Body, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Body | undefined)?.[key], body);
}

function setAt(body: Body, path: string, value: unknown): void {
  const keys = path.split('.');
  let object = body;
  for (const key of keys.slice(0, -1)) object = (object[key] ??= {}) as Body;
  object[keys.at(-1)!] = value;
}

/** A section of each kind. */
const EACH = SECTIONS.map(({ keyword, naming }) => (naming === 'single' ? `${keyword}\n` : `${keyword} one\n`)).join(
  '',
);

suite('bodies with all that they can have', () => {
  for (const kind of SECTIONS)
    test(`of a ${kind.title}`, async (t) => {
      const first = kind.naming === 'single' ? `${kind.keyword}\n` : `${kind.keyword} one\n`;
      const service = await startService(t, first);
      const path = `configuration/${kind.path}${kind.naming === 'single' ? '' : '/one'}`;
      for (const { body, lines } of bodiesOf(kind)) {
        const put = await service.ask('PUT', `${path}?version=${await versionOf(service)}`, { body });
        assert.equal(put.status, 200, `${put.text}\n${JSON.stringify(body)}`);
        assert.deepEqual((await service.ask('GET', path)).json, body);
        const written = service.text().split('\n');
        for (const line of lines) assert.ok(written.includes(`    ${line}`), `${line}\n${service.text()}`);
      }
    });

  for (const kind of CHILDREN)
    test(`of a ${kind.title}`, async (t) => {
      const service = await startService(t, EACH);
      for (const variant of kind.variants)
        for (let slice = 0; slice < slicesOf(variant); slice++) await putAndRead(service, kind, variant, slice);
    });
});

/** The path of an operation on a kind of child, for the section and the child of these tests. */
function pathOf(method: string, kind: ChildKind, version: number): string {
  const isOne = ({ path }: Operation) => /\{(index|name|username|prefix|certificate)\}$/.test(path);
  const all = OPERATIONS.filter((one) => one.method === method && one.group === kind.model);
  const operation = all.find((one) => isOne(one) === (method !== 'POST')) ?? all.find(isOne)!;
  const path = operation.path
    .replace('/services/haproxy/', '')
    .replaceAll(/\{(parent_name|crt_store)\}/g, 'one')
    .replace(/\{\w+\}$/, kind.name === null ? '0' : 'x1');
  const named = operation.query
    .filter((one) => one.required && one.name !== 'version')
    .map(({ name }) => `${name}=one`);
  return `${path}?${[...named, ...(method === 'GET' ? [] : [`version=${version}`])].join('&')}`;
}

async function putAndRead(service: TestService, kind: ChildKind, variant: Variant, slice: number): Promise<void> {
  const fields = fieldsAt(variant, slice);
  if (kind.name !== null) fields[kind.name] = 'x1';
  const body = { ...variant.set, ...fields };
  const ask = async (method: string) =>
    service.ask(method, pathOf(method, kind, await versionOf(service)), method === 'GET' ? {} : { body });
  const made = await ask('POST');
  assert.equal(made.status, 201, `${made.text}\n${JSON.stringify(body)}`);
  assert.deepEqual((await ask('GET')).json, body);
  const line = lineOf(variant, fields);
  const isThere = () => assert.ok(service.text().split('\n').includes(`    ${line}`), `${line}\n${service.text()}`);
  isThere();
  const put = await ask('PUT');
  assert.equal(put.status, 200, put.text);
  isThere();
  assert.equal((await ask('DELETE')).status, 204);
}
