/**
 * A form: how a statement of a configuration and the fields of a resource stand for each other. Written as a line with the
 * places of its fields in it:
 *
 *     http-request redirect <redir_type:location|prefix|scheme> <redir_value> [code <redir_code:int>] ?if
 *
 * `<name:type>` a word (`:str` unless told, see values.ts); `<name?>` one that may be left out; `<name...>` all words up to a
 * condition or the end, `<name*>` the same as a list; `<@address>` address and port; `[keyword <name>]` an option, in any order
 * with those beside it, up to a `/`; `[keyword=field:value]` one that sets a field by itself (to true unless told), or several
 * (`keyword=field:value&other:value`: any of them writes it); `[-=field:value]` none: the value is what a line without it means;
 * `[...]*list` one that may be there several times; `[...]+:` too, with one text of them, cut at `:`; `[...]@object` one whose
 * fields are an object; `[a|b <name>]` one with another name; `?if` a condition (`?if:prefix_` with other names). Words, keywords
 * of options among them, may have fields and text in them: `set-var(<var_scope>.<var_name>{,<var_cond>})`, with what may be left
 * out in braces.
 */

import Type, { type TSchema } from 'typebox';
import type { Field } from './field.ts';
import { type ValueType, valueType } from './values.ts';
import {
  addressCodec,
  bindAddressCodec,
  checkPortCodec,
  congestionCodec,
  templateCodec,
  type WordCodec,
} from './word-codec.ts';

/** An option of a line. */
export interface Option {
  /** As it is written; others may be read, too. '' for one that is not written: its flags are what a line without it means. */
  readonly keyword: string;
  readonly aliases: readonly string[];
  /** The keyword where it has fields in it. */
  readonly head: WordCodec | null;
  readonly values: readonly WordCodec[];
  /** The fields that the keyword itself sets, and to what. */
  readonly flags: readonly { readonly field: string; readonly value: unknown }[];
  /** The field of what may be there several times; its items are objects of the fields of `values`, or the value of a field called ''. */
  readonly list: string | null;
  /** The field whose object has the others; null: they stand by themselves. */
  readonly object: string | null;
  /** What stands between the values of one that may be there several times, in its only field. */
  readonly joint: string | null;
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
  return source.match(/\[[^\]]*\](?:[*@][\w-]+|\+\S)?|[^\s[]+/g) ?? [];
}

function elementOf(token: string): Element {
  if (token.startsWith('?if')) return { kind: 'condition', prefix: token.slice('?if:'.length) };
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
  const [, inner, list = null, object = null, joint = null] = /^\[?([^\]]*?)\]?(?:\*([\w-]+)|@([\w-]+)|\+(\S))?$/.exec(
    text,
  )!;
  const [first, ...words] = inner!.split(' ');
  const [names, settings] = first!.split(/(?<=.)=(.*)/);
  const flags = (settings?.split('&') ?? []).map((setting) => {
    const [field, value = 'true'] = setting.split(':');
    return { field: field!, value: CONSTANTS[value] ?? value };
  });
  const values = words.map((word) => (word === '<>' ? plainCodec : wordCodec(word)));
  if (values.length === 0 && flags.length === 0) throw new Error(`the option '${text}' sets no field`);
  const head = names!.includes('<') ? templateCodec(names!) : null;
  const isSilent = names === '-';
  // What is not written, or has fields in its keyword, is found under no word.
  const aliases = head !== null || isSilent ? [` ${text}`] : names!.split('|');
  return {
    keyword: isSilent ? '' : head === null ? aliases[0]! : names!,
    aliases,
    head,
    values,
    flags,
    list,
    object,
    joint,
  };
}

const CODECS: Readonly<Record<string, WordCodec>> = {
  '<@check-port>': checkPortCodec,
  '<@congestion>': congestionCodec,
};

function wordCodec(template: string): WordCodec {
  return CODECS[template] ?? templateCodec(template);
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

function optionFields({ head, values, flags, list, object }: Option): Field[] {
  const fields = [...(head?.fields ?? []), ...values.flatMap((codec) => codec.fields)];
  const free = fields.map((field) => ({ ...field, required: false }));
  if (flags.length > 0) return [...flags.map(flagField), ...free];
  if (object !== null) return [{ name: object, schema: objectOf(fields), required: false }];
  if (list === null) return free;
  const item = fields[0]!.name === '' ? fields[0]!.schema : objectOf(fields);
  return [{ name: list, schema: Type.Array(item), required: false }];
}

function flagField({ field, value }: Option['flags'][number]): Field {
  const schema = typeof value === 'boolean' ? Type.Boolean() : Type.String({ enum: [value as string] });
  return { name: field, schema, required: false, constant: value };
}

function objectOf(fields: readonly Field[]): TSchema {
  const members = fields.map(({ name, schema, required }) => [name, required ? schema : Type.Optional(schema)]);
  return Type.Object(Object.fromEntries(members), { additionalProperties: false });
}

/** Two ways to set one field: what either of them allows. */
function merged(a: Field, b: Field): Field {
  if (a.constant === undefined || b.constant === undefined || a.constant === b.constant) return a;
  const { enum: values } = a.schema as { readonly enum?: readonly string[] };
  if (values === undefined) return a;
  const all = new Set([...values, b.constant as string]);
  return { name: a.name, schema: Type.String({ enum: [...all] }), required: false, constant: null };
}
