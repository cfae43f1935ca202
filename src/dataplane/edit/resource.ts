/** Children of sections: a statement to a resource, and back. */

import { isDeepStrictEqual } from 'node:util';
import type { DocumentLine } from '../../config/document.ts';
import { writtenLine } from '../../config/edit/words.ts';
import type { ChildKind, Variant } from '../kinds/kind.ts';
import { type Fields, isAbsent } from '../lines/field.ts';
import { match } from '../lines/match.ts';
import { asWords } from '../lines/values.ts';
import { rewritten, statementOf } from '../lines/write.ts';
import { commentOf, metadataOf } from './metadata.ts';
import { type Refusal, refusal } from './problem.ts';

/** A resource as JSON has it. */
export type Resource = Readonly<Record<string, unknown>>;

/** The resource that a statement stands for. One in a form that no table knows has its text as `raw`. */
export function resourceOf(kind: ChildKind, line: DocumentLine): Resource {
  const written = writtenLine(line);
  const metadata = metadataOf(line.comment);
  const more = metadata === undefined ? {} : { metadata };
  for (const { form, set } of kind.variants) {
    const found = match(form, written);
    if (found === null) continue;
    const fields: Record<string, unknown> = { ...set, ...found.fields };
    if (kind.name !== null && isAbsent(fields[kind.name])) fields[kind.name] = addressText(line);
    return { ...fields, ...more };
  }
  return { raw: textOf(line), ...more };
}

/** What names a bind that has no name, or a statement that cannot be read: the word behind the keyword. */
function addressText(line: DocumentLine): string {
  return line.words[1] ?? '';
}

/** The name of a child, as paths have it. */
export function childName(kind: ChildKind, resource: Resource, line: DocumentLine): string {
  const name = resource[kind.name!];
  return typeof name === 'string' && name !== '' ? name : addressText(line);
}

function textOf({ raw, comment }: DocumentLine): string {
  const joined = raw.replace(/\\\r?\n/g, '');
  return joined.slice(0, joined.length - comment.length).trim();
}

/** The line for a resource; `old`: the line that it takes the place of, which stays as it is where it says the same. */
export function lineFor(kind: ChildKind, given: Resource, old: DocumentLine | null): string | Refusal {
  const { metadata, index: _place, raw, ...others } = given;
  const fields = present(others);
  const comment = metadata === undefined || metadata === null ? null : commentOf(metadata as Resource);
  if (!isAbsent(raw)) return rawLine(kind, raw as string, fields, old, comment);
  if (old !== null && isDeepStrictEqual(resourceOf(kind, old), given)) return old.raw;
  const picked = pick(kind, fields);
  if ('refused' in picked) return picked;
  const { form } = picked.variant;
  const known = old !== null && match(form, writtenLine(old)) !== null;
  const line = known ? rewritten(form, old, picked.fields) : statementOf(form, picked.fields);
  if (typeof line === 'object') return refusal('invalid', `${line.field} ${line.text}`, line.field);
  if (old === null) return line + (comment ?? '');
  const whole = known ? line : old.indent + line + old.comment;
  return comment === null || isDeepStrictEqual(metadataOf(old.comment), metadata)
    ? whole
    : whole.slice(0, whole.length - old.comment.length) + comment;
}

function rawLine(
  kind: ChildKind,
  raw: string,
  fields: Fields,
  old: DocumentLine | null,
  comment: string | null,
): string | Refusal {
  const [other] = Object.keys(fields).filter((field) => field !== kind.name);
  if (other !== undefined)
    return refusal('invalid', `${other} cannot stand beside 'raw', which is the whole statement`, other);
  const text = asWords(raw);
  const begins = new Set(kind.variants.map(({ form }) => form.head[0]));
  if (text === null || !begins.has(text.split(/\s/)[0]!))
    return refusal('invalid', `raw is no statement that begins with ${[...begins].join(' or ')}`, 'raw');
  if (old !== null && textOf(old) === text && comment === null) return old.raw;
  return (old?.indent ?? '') + text + (comment ?? old?.comment ?? '');
}

/** The form for these fields: the first one that knows them all, and can be written. */
function pick(kind: ChildKind, fields: Fields): { readonly variant: Variant; readonly fields: Fields } | Refusal {
  const named = withoutAddressName(kind, fields);
  const possible = kind.variants.filter(({ set }) =>
    Object.entries(set).every(([field, value]) => named[field] === value),
  );
  if (possible.length === 0) return unknownKind(kind, named);
  let reason: Refusal | null = null;
  for (const variant of possible) {
    const known = new Set([...Object.keys(variant.set), ...variant.form.fields.map(({ name }) => name)]);
    const stray = Object.keys(named).find((field) => !known.has(field));
    const why = stray === undefined ? statementOf(variant.form, named) : null;
    if (typeof why === 'string') return { variant, fields: named };
    reason ??=
      why === null
        ? refusal('invalid', `${stray} has no meaning in '${variant.form.head.join(' ')}'`, stray)
        : refusal('invalid', `${why.field} ${why.text} ('${variant.form.source}')`, why.field);
  }
  return reason!;
}

/** What fixes the form is missing, or is none that there is. */
function unknownKind(kind: ChildKind, fields: Fields): Refusal {
  const [field] = Object.keys(kind.variants.at(-1)!.set);
  const values = [...new Set(kind.variants.map(({ set }) => set[field!]).filter((value) => value !== undefined))];
  const what = isAbsent(fields[field!]) ? 'is missing' : `'${fields[field!]}' is not known`;
  return refusal('invalid', `${field} ${what} for the ${kind.title}: one of ${values.join(', ')}`, field);
}

/** A bind that is named by its address needs no name. */
function withoutAddressName(kind: ChildKind, fields: Fields): Fields {
  if (kind.name === null || !kind.path.endsWith('binds')) return fields;
  const { [kind.name]: name, ...others } = fields;
  const statement = statementOf(kind.variants[0]!.form, others);
  return typeof statement === 'string' && statement.split(' ')[1] === name ? others : fields;
}

/** Without what is as good as not there. */
function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isAbsent(value)));
}
