/** Arbitrary resources of a form, made from the schemas of its fields. */

import fc from 'fast-check';
import type { TSchema } from 'typebox';
import type { Form, Option } from '../../../src/dataplane/lines/form.ts';
import type { WordCodec } from '../../../src/dataplane/lines/word-codec.ts';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: object;
  readonly required?: readonly string[];
}

/** A value that fits the schema. Texts are as clients write them: bare words, and words in quotes. */
export function valueOf(given: TSchema | Schema): fc.Arbitrary<unknown> {
  const schema = given as Schema;
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.type === 'integer') return fc.integer({ min: schema.minimum ?? 1, max: schema.maximum ?? 1_000_000 });
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'array') return fc.array(valueOf(schema.items!), { minLength: 1, maxLength: 3 });
  if (schema.patternProperties !== undefined) return fc.constantFrom({ KEY: 'x' }, { A_1: 'b c', d: 'e,"f"' });
  if (schema.type === 'object') {
    const members = Object.entries(schema.properties!).map(([name, member]) => [name, valueOf(member)] as const);
    return fc.record(Object.fromEntries(members), { requiredKeys: [...(schema.required ?? [])] });
  }
  return word;
}

export const word = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/),
  fc.stringMatching(/^"[a-z %[\]#]{1,8}"$/),
  fc.stringMatching(/^'[a-z $"#]{1,8}'$/),
);

/** Words in templates stand beside other text: letters only. */
const part = fc.stringMatching(/^[a-z]{1,8}$/);

/** Fields with which the form can be written; `all`: every one, and of its options those that it gives. */
export function fieldsOf(
  form: Form,
  all: ((options: Option[]) => Option[]) | null = null,
): fc.Arbitrary<Record<string, unknown>> {
  const parts: fc.Arbitrary<Record<string, unknown>>[] = [];
  // In front of a condition there is no word that begins one.
  const conditional = form.elements.some(({ kind }) => kind === 'condition');
  const plain = word.filter((text) => !conditional || !/^["']?(if|unless)["']?$/.test(text));
  for (const element of form.elements) {
    if (element.kind === 'word')
      parts.push(element.optional && all === null ? fc.constant({}) : codecFields(element.codec));
    if (element.kind === 'rest' && (all !== null || !element.optional))
      parts.push(
        element.item === null
          ? fc.record({
              [element.field]: fc.array(plain, { minLength: 1, maxLength: 3 }).map((words) => words.join(' ')),
            })
          : fc.record({ [element.field]: fc.array(valueOf(element.item.schema), { minLength: 1, maxLength: 3 }) }),
      );
    if (element.kind === 'condition')
      parts.push(
        fc.option(
          fc.record({
            [`${element.prefix}cond`]: fc.constantFrom('if', 'unless'),
            [`${element.prefix}cond_test`]: fc.constantFrom('{ src 10.0.0.0/8 }', 'a !b or c', '{ path_reg "^/x y" }'),
          }),
          { nil: {}, ...(all === null ? {} : { freq: Number.MAX_SAFE_INTEGER }) },
        ),
      );
    if (element.kind === 'options') {
      const own = [...new Set(element.options.values())].filter(({ keyword }) => keyword !== '');
      const given = all?.(own) ?? own;
      parts.push(
        fc
          .subarray(given, all === null ? { maxLength: Math.min(5, own.length) } : { minLength: given.length })
          .chain((options) => fc.tuple(...apart(options).map(optionFields)).map(merge)),
      );
    }
  }
  return fc.tuple(...parts).map(merge);
}

/** Options that set no field in two ways. */
function apart(options: readonly Option[]): Option[] {
  const set = new Set<string>();
  return options.filter(({ flags }) => {
    const fits = flags.every(({ field }) => !set.has(field));
    if (fits) for (const { field } of flags) set.add(field);
    return fits;
  });
}

function merge(parts: readonly Record<string, unknown>[]): Record<string, unknown> {
  return Object.assign({}, ...parts);
}

function codecFields(codec: WordCodec): fc.Arbitrary<Record<string, unknown>> {
  const names = codec.fields.map(({ name }) => name);
  if (names.includes('port-range-end'))
    return fc.constantFrom<Record<string, unknown>>(
      { address: '*', port: 80 },
      { address: '10.0.0.1', port: 1, 'port-range-end': 9 },
      { address: '/run/x.sock' },
    );
  if (names.includes('address') && names.includes('port'))
    return fc.constantFrom<Record<string, unknown>>(
      { address: '10.0.0.1', port: 80 },
      { address: 'app.example' },
      { address: '::1', port: 443 },
      { address: 'unix@/run/x' },
    );
  if (names.includes('port_string'))
    return fc.constantFrom<Record<string, unknown>>({ port: 80 }, { port_string: 'var(txn.port)' });
  if (names.includes('quic-cc-algo'))
    return fc.constantFrom<Record<string, unknown>>(
      { 'quic-cc-algo': 'bbr' },
      { 'quic-cc-algo': 'cubic', quic_cc_algo_max_window: 480 },
      { 'quic-cc-algo': 'cubic', quic_cc_algo_burst_size: 12 },
      { 'quic-cc-algo': 'newreno', quic_cc_algo_max_window: 64, quic_cc_algo_burst_size: 1 },
    );
  const alone = codec.fields.length === 1;
  const members = codec.fields.map(({ name, schema }) => {
    const { type, enum: choices } = schema as Schema;
    return [name, alone || type !== 'string' || choices !== undefined ? valueOf(schema) : part] as const;
  });
  return fc.record(Object.fromEntries(members));
}

function optionFields({ head, values, flags, list, object }: Option): fc.Arbitrary<Record<string, unknown>> {
  const codecs = head === null ? values : [head, ...values];
  const own = fc.tuple(...codecs.map(codecFields)).map(merge);
  if (object !== null) return own.map((fields) => ({ [object]: fields }));
  if (list !== null) {
    const item = own.map((fields) => ('' in fields ? fields[''] : fields));
    return fc.array(item, { minLength: 1, maxLength: 2 }).map((items) => ({ [list]: items }));
  }
  const set = Object.fromEntries(flags.map(({ field, value }) => [field, value]));
  return own.map((fields) => ({ ...fields, ...set }));
}
