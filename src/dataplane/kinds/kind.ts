/** What kinds of resources there are: sections of a configuration, and what stands in them. */

import type { Fields } from '../lines/field.ts';
import { type Form, formOf } from '../lines/form.ts';

/** One way to write a resource: a form, and the values that some fields have in it. */
export interface Variant {
  readonly form: Form;
  readonly set: Fields;
}

/** What stands in sections as lines of its own: rules, servers, binds, ... */
export interface ChildKind {
  /** Of one such resource, as messages call it: `HTTP request rule`. */
  readonly title: string;
  /** Its model in the description of the API. */
  readonly model: string;
  /** Segment of the path. */
  readonly path: string;
  /** The field of a full section that has them. */
  readonly full: string;
  /** The same in sections where it is another one, by their keyword. */
  readonly fullIn?: Readonly<Record<string, string>>;
  /** The field that names one; null: its place in the list does. */
  readonly name: string | null;
  readonly variants: readonly Variant[];
  /** The sections that have them, by keyword. */
  readonly sections: readonly string[];
}

/** One or more fields of a section, as a statement of it. */
export interface Row extends Variant {
  /** Path of the object in the resource that the fields are in, '' for the resource itself; `list[]`: an item of it for each line. */
  readonly at: string;
}

export interface SectionKind {
  readonly title: string;
  readonly model: string;
  readonly path: string;
  /** The keyword that begins it. */
  readonly keyword: string;
  /** `single`: the configuration has one, without a name; `unnamed`: the name may be left out. */
  readonly naming: 'named' | 'unnamed' | 'single';
  /** `from` may follow the name. */
  readonly inherits: boolean;
  readonly rows: readonly Row[];
}

/** A variant of a table: `set` names the fields that this form fixes. */
export function variant(source: string, set: Fields = {}, options: readonly string[] = []): Variant {
  return { form: formOf(source, options), set };
}

/** A row of a section's table. A key of `set` may be a path. */
export function row(at: string, source: string, set: Fields = {}, options: readonly string[] = []): Row {
  return { at, ...variant(source, set, options) };
}

/** A value that is what a section without a statement for it means: nothing is written. */
export function silent(path: string, value: unknown): Row {
  return row('', '', { [path]: value });
}

/** A statement that is there (`enabled`) or negated (`disabled`). */
export function onOff(field: string, statement: string): Row[] {
  return [row('', statement, { [field]: 'enabled' }), row('', `no ${statement}`, { [field]: 'disabled' })];
}

/** A statement that is there or not. */
export function present(field: string, statement: string): Row {
  return row('', statement, { [field]: true });
}
