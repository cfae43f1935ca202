import type { TSchema } from 'typebox';
import Compile from 'typebox/compile';
import { Errors } from 'typebox/value';
import { nearestWord } from '../../config/suggest.ts';
import { type Refusal, refusal } from '../edit/problem.ts';
import { isAbsent } from '../lines/field.ts';
import { allModels } from './models.ts';

type Check = (value: unknown) => boolean;

let models: Readonly<Record<string, TSchema>> | null = null;
const compiled = new Map<string, Check>();

/** The models of all resources, made once. */
export function modelsOnce(): Readonly<Record<string, TSchema>> {
  models ??= allModels();
  return models;
}

/** A body that is as its model has it. */
export interface KnownBody {
  readonly value: unknown;
}

/**
 * A body as its model has it (`many`: a list of them), or why it is none: the fields that the model does not have, by their names,
 * among that. What is `false` in it is as if it were not there where the model has no such field: clients send switches that are off.
 */
export function knownBody(model: string, many: boolean, body: unknown): KnownBody | Refusal {
  if (many && !Array.isArray(body)) return refusal('invalid', 'the body must be a list');
  const known: unknown[] = [];
  for (const [i, item] of (many ? (body as readonly unknown[]) : [body]).entries()) {
    const found = checked(model, item);
    if ('text' in found)
      return many ? { ...found, field: [i, found.field].filter((part) => part !== '').join('/') } : found;
    known.push(found.value);
  }
  return { value: many ? known : known[0] };
}

/** Fields that are told of one resource at most. */
const MOST_UNKNOWN = 20;

function checked(model: string, item: unknown): KnownBody | Refusal {
  const unknown: string[] = [];
  for (let value = item; ; ) {
    if (checkFor(model)(value)) return unknown.length === 0 ? { value } : unknownFields(model, unknown);
    const [error] = Errors(modelsOnce(), modelsOnce()[model]!, value);
    const path = (error?.instancePath ?? '').replace(/^\//, '');
    // What typebox says of a member that `additionalProperties` does not allow.
    const isUnknown = error?.keyword === 'boolean' || error?.message === 'schema is false';
    if (!isUnknown) return refusal('invalid', textOf(value, path, error), path);
    const keys = path.split('/').map(unescaped);
    if (valueAt(value, keys) !== false) unknown.push(path);
    if (unknown.length > MOST_UNKNOWN) return unknownFields(model, unknown);
    value = without(value, keys);
  }
}

function unknownFields(model: string, paths: readonly string[]): Refusal {
  const { properties } = modelsOnce()[model]! as unknown as { readonly properties: object };
  const told = paths.map((path) => {
    const near = path.includes('/') ? null : nearestWord(path, Object.keys(properties));
    return near === null ? path : `${path} (did you mean '${near}'?)`;
  });
  const what = paths.length === 1 ? 'is a field' : 'are fields';
  return refusal('invalid', `${told.join(', ')} ${what} that there is not`, paths[0]);
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((object, key) => (object as Readonly<Record<string, unknown>>)[key], value);
}

/** Of a JSON pointer (RFC 6901). */
function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A value without what is at a path in it. */
function without(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((one, i) => (String(i) === first ? without(one, rest) : one));
  const members = Object.entries(value as object).filter(([name]) => name !== first || rest.length > 0);
  return Object.fromEntries(members.map(([name, member]) => [name, name === first ? without(member, rest) : member]));
}

function checkFor(model: string): Check {
  let check = compiled.get(model);
  if (check === undefined) {
    const schema = modelsOnce()[model]!;
    const validator = Compile(modelsOnce(), schema);
    check = (value) => validator.Check(value);
    compiled.set(model, check);
  }
  return check;
}

interface SchemaError {
  readonly keyword: string;
  readonly message: string;
  readonly params: unknown;
}

function textOf(item: unknown, path: string, error: SchemaError | undefined): string {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) return 'the body must be an object';
  const choices = (error?.params as { readonly allowedValues?: readonly unknown[] } | undefined)?.allowedValues;
  const text = error?.message ?? 'is not as it should be';
  return `${path === '' ? 'the body' : path} ${text}${choices === undefined ? '' : `: ${choices.join(', ')}`}`;
}

/** A body without what is null or empty in it, objects of nothing else among that: clients send these for what is not set. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([name, member]) => [name, withoutNulls(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => !isAbsent(member) && !isEmpty(member)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
