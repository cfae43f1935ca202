/** The fields of a section to its statements. */

import { isDeepStrictEqual } from 'node:util';
import type { Row, SectionKind } from '../kinds/kind.ts';
import { type Fields, isAbsent } from '../lines/field.ts';
import { rewritten, statementOf } from '../lines/write.ts';
import { type Claimed, claimed } from './attributes.ts';
import { at } from './children.ts';
import { indentIn, type LineSplice } from './lines.ts';
import { listSteps } from './list.ts';
import { type Refusal, refusal } from './problem.ts';
import type { Resource } from './resource.ts';
import type { Documents, Found } from './sections.ts';

type Own = Extract<Claimed, { readonly is: 'row' }>;

/** A statement that a resource asks for. */
interface Wanted {
  readonly row: Row;
  readonly fields: Fields;
  readonly text: string;
}

/** What makes the statements of a section say what the fields do; `found` null: for a new section, all statements. */
export function wantedStatements(kind: SectionKind, fields: Resource): readonly Wanted[] | Refusal {
  const left = new Set(leaves(fields));
  const wanted: Wanted[] = [];
  for (const rows of groupsOf(kind).values()) {
    const made = rows[0]!.at.endsWith('[]') ? items(rows, fields, left) : single(rows, fields, left);
    if ('refused' in made) return made;
    wanted.push(...made);
  }
  const [stray] = left;
  if (stray !== undefined)
    return refusal(
      'invalid',
      `${stray} has no meaning here, or not without what it belongs to`,
      stray.replaceAll('.', '/'),
    );
  return wanted;
}

/** The lines to put in, to change and to take out for another value of a section's fields. */
export function rewrittenSection(
  kind: SectionKind,
  documents: Documents,
  found: Found,
  fields: Resource,
): LineSplice[] | Refusal {
  const wanted = wantedStatements(kind, fields);
  if ('refused' in wanted) return wanted;
  const groups = groupsOf(kind);
  const nameOf = new Map([...groups].flatMap(([name, rows]) => rows.map((row) => [row, name] as const)));
  const all = claimed(documents, found);
  const own = Map.groupBy(
    all.filter((one): one is Own => one.is === 'row'),
    ({ row }) => nameOf.get(row)!,
  );
  const asked = Map.groupBy(wanted, ({ row }) => nameOf.get(row)!);
  const { document } = found.place;
  const indent = indentIn(documents, found);
  const end = (all.findLast(({ is }) => is === 'row')?.index ?? found.place.section.start) + 1;
  const splices: LineSplice[] = [];
  for (const [name, rows] of groups) {
    const [old, now] = [own.get(name) ?? [], asked.get(name) ?? []];
    const list = rows[0]!.at.endsWith('[]');
    // Of a setting that is written several times the last one counts.
    const counted = list || now.length === 0 ? old : old.slice(-1);
    const steps = listSteps(
      counted.map(({ row, fields: said }) => [rows.indexOf(row), said]),
      now.map(({ row, fields: said }) => [rows.indexOf(row), said]),
    );
    let after = end;
    for (const step of steps) {
      if ('drop' in step) splices.push({ document, at: counted[step.drop]!.index, remove: 1, insert: [] });
      else if ('add' in step) splices.push({ document, at: after, remove: 0, insert: [indent + now[step.add]!.text] });
      else {
        const { index, line, row, fields: said } = counted[step.keep]!;
        const want = now[step.with]!;
        after = index + 1;
        const text = row === want.row ? rewritten(row.form, line, want.fields) : line.indent + want.text + line.comment;
        if (typeof text === 'object') return refusal('invalid', `${text.field} ${text.text}`, text.field);
        if ((row !== want.row || !isDeepStrictEqual(said, want.fields)) && text !== line.raw)
          splices.push({ document, at: index, remove: 1, insert: [text] });
      }
    }
  }
  return splices;
}

const grouped = new WeakMap<SectionKind, ReadonlyMap<string, readonly Row[]>>();

/** Rows of which one can be in force at a time: those that fix the same fields, and those of a list. */
function groupsOf(kind: SectionKind): ReadonlyMap<string, readonly Row[]> {
  let groups = grouped.get(kind);
  if (groups === undefined)
    grouped.set(
      kind,
      (groups = Map.groupBy(kind.rows, ({ at: path, set, form }) => {
        if (path.endsWith('[]')) return path;
        const fixed = Object.keys(set).sort().join(' ');
        return fixed === '' ? `${path} ${form.source}` : `= ${fixed}`;
      })),
    );
  return groups;
}

function single(rows: readonly Row[], resource: Resource, left: Set<string>): readonly Wanted[] | Refusal {
  let best: (Wanted & { readonly used: readonly string[] }) | null = null;
  let problem: Refusal | null = null;
  for (const row of rows) {
    if (!Object.entries(row.set).every(([path, value]) => valueAt(resource, path) === value)) continue;
    const object = (row.at === '' ? resource : valueAt(resource, row.at)) as Fields | undefined;
    const names = row.form.fields.map(({ name }) => name);
    const own = pickFields(object ?? {}, names);
    if (Object.values(row.set).every((value) => value === undefined) && Object.keys(own).length === 0) continue;
    const text = statementOf(row.form, own);
    if (typeof text === 'object') {
      const field = [row.at, text.field].filter(Boolean).join('.').replaceAll('.', '/');
      problem ??= refusal('invalid', `${text.field} ${text.text} ('${row.form.source}')`, field);
      continue;
    }
    const prefix = row.at === '' ? '' : `${row.at}.`;
    const used = [...Object.keys(row.set), ...Object.keys(own).map((name) => prefix + name)];
    if (best === null || used.length > best.used.length) best = { row, fields: own, text, used };
  }
  if (best === null) return problem ?? [];
  // A field may be an object.
  for (const path of left) if (best.used.some((own) => path === own || path.startsWith(`${own}.`))) left.delete(path);
  return best.text === '' ? [] : [best];
}

function items(rows: readonly Row[], resource: Resource, left: Set<string>): readonly Wanted[] | Refusal {
  const path = rows[0]!.at.slice(0, -2);
  const list = valueAt(resource, path);
  if (isAbsent(list)) return [];
  left.delete(path);
  const wanted: Wanted[] = [];
  for (const [i, item] of (list as Fields[]).entries()) {
    const made = at(`${path.replaceAll('.', '/')}/${i}`, itemOf(rows, path, item));
    if ('refused' in made) return made;
    wanted.push(made);
  }
  return wanted;
}

function itemOf(rows: readonly Row[], path: string, item: Fields): Wanted | Refusal {
  let problem: Refusal | null = null;
  for (const row of rows) {
    const prefix = `${path}[].`;
    const fixed = Object.entries(row.set).map(([name, value]) => [name.replace(prefix, ''), value] as const);
    if (!fixed.every(([name, value]) => item[name] === value)) continue;
    const names = row.form.fields.map(({ name }) => name);
    const own = pickFields(item, names);
    const known = new Set([...names, ...fixed.map(([name]) => name)]);
    const stray = Object.keys(item).find((name) => !known.has(name) && !isAbsent(item[name]));
    const text = statementOf(row.form, own);
    if (typeof text === 'string' && stray === undefined) return { row, fields: own, text };
    problem ??=
      typeof text === 'object'
        ? refusal('invalid', `${text.field} ${text.text} ('${row.form.source}')`, text.field)
        : refusal('invalid', `${stray} has no meaning in '${row.form.source}'`, stray);
  }
  return problem ?? refusal('invalid', 'it is nothing that can be written');
}

function pickFields(object: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.filter((name) => !isAbsent(object[name])).map((name) => [name, object[name]]));
}

function valueAt(resource: Resource, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Resource | undefined)?.[key], resource);
}

/** Paths of all that is set, objects opened, lists not. */
function leaves(value: Resource, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, member]) => {
    if (isAbsent(member) || member === false) return [];
    if (typeof member === 'object' && !Array.isArray(member)) return leaves(member as Resource, `${prefix}${key}.`);
    return [prefix + key];
  });
}
