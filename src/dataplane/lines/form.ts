/**
 * A form: how a statement of a configuration and the fields of a resource stand for each other. Written as a line with the
 * places of its fields in it:
 *
 *     http-request redirect <redir_type:location|prefix|scheme> <redir_value> [code <redir_code:int>] ?if
 *
 * `<name:type>` a word (`:str` unless told, see values.ts); `<name?>` one that may be left out; `<name...>` all words up to a
 * condition or the end, `<name*>` the same as a list; `<@address>` address and port; `[keyword <name>]` an option, in any order
 * with those beside it, up to a `/`; `[keyword=field:value]` one that sets a field by itself (to true unless told);
 * `[...]*list` one that may be there several times; `[a|b <name>]` one with another name; `?if` a condition. Words may have
 * fields and text in them: `set-var(<var_scope>.<var_name>{,<var_cond>})`, with what may be left out in braces.
 */

import Type from 'typebox';
import type { Field } from './field.ts';
import { type ValueType, valueType } from './values.ts';
import { addressCodec, bindAddressCodec, templateCodec, type WordCodec } from './word-codec.ts';

/** An option of a line. */
export interface Option {
  /** As it is written; others may be read, too. */
  readonly keyword: string;
  readonly aliases: readonly string[];
  readonly values: readonly WordCodec[];
  /** The field that the keyword itself sets, and to what. */
  readonly flag: { readonly field: string; readonly value: unknown } | null;
  /** The field of what may be there several times; its items are objects of the fields of `values`, or the value of a field called ''. */
  readonly list: string | null;
}

export type Element =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'word'; readonly codec: WordCodec; readonly optional: boolean }
  | { readonly kind: 'options'; readonly options: ReadonlyMap<string, Option> }
  | {
      readonly kind: 'rest';
      readonly field: string;
      readonly optional: boolean;
      /** The type of each word where the field is a list of them; else it is a text. */
      readonly item: ValueType | null;
    }
  | {
      readonly kind: 'condition';
      /** Before `cond` and `cond_test`. */
      readonly prefix: string;
    };

export interface Form {
  /** As it is written in the table. */
  readonly source: string;
  /** The words that a statement of this form begins with. */
  readonly head: readonly string[];
  readonly elements: readonly Element[];
  readonly fields: readonly Field[];
}

/** Reads the text of a form; `options` are further ones, for `[...]` in it. Throws when the text is wrong: tables are read at start. */
export function formOf(source: string, options: readonly string[] = []): Form {
  const elements: Element[] = [];
  for (const token of tokensOf(source)) {
    const last = elements.at(-1);
    if (token === '/') elements.push({ kind: 'options', options: new Map() });
    else if (token.startsWith('[')) {
      const table = token === '[...]' ? options.map(optionOf) : [optionOf(token)];
      const known = last?.kind === 'options' ? [...last.options] : [];
      if (last?.kind === 'options') elements.pop();
      const named = table.flatMap((option) => option.aliases.map((name) => [name, option] as const));
      elements.push({ kind: 'options', options: new Map([...known, ...named]) });
    } else elements.push(elementOf(token));
  }
  const stop = elements.findIndex((element) => element.kind !== 'literal');
  const literals = (stop < 0 ? elements : elements.slice(0, stop)) as { readonly text: string }[];
  return { source, head: literals.map(({ text }) => text), elements, fields: fieldsOf(elements) };
}

/** Cut at blanks that are not inside brackets. */
function tokensOf(source: string): string[] {
  return source.match(/\[[^\]]*\](?:\*[\w-]+)?|[^\s[]+/g) ?? [];
}

function elementOf(token: string): Element {
  if (token.startsWith('?if')) return { kind: 'condition', prefix: token.slice(4) };
  if (!token.includes('<')) return { kind: 'literal', text: token };
  if (token === '<@address>') return { kind: 'word', codec: addressCodec, optional: false };
  if (token === '<@bind>') return { kind: 'word', codec: bindAddressCodec, optional: false };
  const rest = /^<([\w-]+)(\.\.\.|\*)(\?)?(?::(\w+))?>$/.exec(token);
  if (rest !== null) {
    const item = rest[2] === '*' ? valueType(rest[4] ?? 'str') : null;
    return { kind: 'rest', field: rest[1]!, optional: rest[3] === '?', item };
  }
  const optional = token.endsWith('?>');
  return { kind: 'word', codec: templateCodec(optional ? `${token.slice(0, -2)}>` : token), optional };
}

function optionOf(text: string): Option {
  const [, inner, list = null] = /^\[?([^\]]*?)\]?(?:\*([\w-]+))?$/.exec(text)!;
  const [first, ...words] = inner!.split(' ');
  const [names, setting] = first!.split(/(?<=.)=(.*)/);
  const aliases = names!.split('|');
  const [field, value] = setting?.split(':') ?? [];
  const flag = field === undefined ? null : { field, value: CONSTANTS[value ?? 'true'] ?? value };
  const values = words.map((word) => (word === '<>' ? plainCodec : templateCodec(word)));
  if (values.length === 0 && flag === null) throw new Error(`the option '${text}' sets no field`);
  return { keyword: aliases[0]!, aliases, values, flag, list };
}

const CONSTANTS: Readonly<Record<string, boolean | undefined>> = { true: true, false: false };

/** The item of a list of plain texts. */
const plainCodec: WordCodec = {
  fields: [{ name: '', schema: valueType('str').schema, required: true }],
  read: (word) => ({ '': word }),
  write: (fields) => valueType('str').write(fields['']) ?? { field: '', text: 'cannot be written in a line' },
};

function fieldsOf(elements: readonly Element[]): Field[] {
  const fields = new Map<string, Field>();
  const add = (field: Field) => {
    const known = fields.get(field.name);
    fields.set(field.name, known === undefined ? field : merged(known, field));
  };
  for (const element of elements) {
    if (element.kind === 'word')
      for (const field of element.codec.fields) add({ ...field, required: field.required && !element.optional });
    if (element.kind === 'rest')
      add({
        name: element.field,
        schema: element.item === null ? Type.String({ minLength: 1 }) : Type.Array(element.item.schema),
        required: !element.optional,
      });
    if (element.kind === 'condition') {
      const schema = Type.String({ enum: ['if', 'unless'] });
      add({ name: `${element.prefix}cond`, schema, required: false });
      add({ name: `${element.prefix}cond_test`, schema: Type.String({ minLength: 1 }), required: false });
    }
    if (element.kind === 'options') optionsOf(element.options).flatMap(optionFields).forEach(add);
  }
  return [...fields.values()];
}

/** The options of an element, each once. */
export function optionsOf(options: ReadonlyMap<string, Option>): readonly Option[] {
  return [...new Set(options.values())];
}

function optionFields({ values, flag, list }: Option): Field[] {
  const fields = values.flatMap((codec) => codec.fields);
  if (flag !== null) {
    const schema = typeof flag.value === 'boolean' ? Type.Boolean() : Type.String({ enum: [flag.value as string] });
    const own = { name: flag.field, schema, required: false, constant: flag.value };
    return [own, ...fields.map((field) => ({ ...field, required: false }))];
  }
  if (list === null) return fields.map((field) => ({ ...field, required: false }));
  const item =
    fields[0]!.name === ''
      ? fields[0]!.schema
      : Type.Object(
          Object.fromEntries(
            fields.map(({ name, schema, required }) => [name, required ? schema : Type.Optional(schema)]),
          ),
          { additionalProperties: false },
        );
  return [{ name: list, schema: Type.Array(item), required: false }];
}

/** Two ways to set one field: what either of them allows. */
function merged(a: Field, b: Field): Field {
  if (a.constant === undefined || b.constant === undefined || a.constant === b.constant) return a;
  const { enum: values } = a.schema as { readonly enum?: readonly string[] };
  if (values === undefined) return a;
  const all = new Set([...values, b.constant as string]);
  return { name: a.name, schema: Type.String({ enum: [...all] }), required: false, constant: null };
}
