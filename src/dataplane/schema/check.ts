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

/** Why a body is none of that model (`many`: a list of them), or null. What is null in it is as if it were not there. */
export function bodyProblem(model: string, many: boolean, body: unknown): Refusal | null {
  const items = many ? (body as readonly unknown[]) : [body];
  if (many && !Array.isArray(body)) return refusal('invalid', 'the body must be a list');
  for (const [i, item] of items.entries()) {
    if (checkFor(model)(item)) continue;
    const [error] = Errors(modelsOnce(), modelsOnce()[model]!, item);
    const path = (error?.instancePath ?? '').replace(/^\//, '');
    const field = [many ? String(i) : '', path].filter((part) => part !== '').join('/');
    return refusal('invalid', textOf(model, item, path, error), field);
  }
  return null;
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

function textOf(model: string, item: unknown, path: string, error: SchemaError | undefined): string {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) return 'the body must be an object';
  const where = path === '' ? 'the body' : path;
  // What typebox says of a member that `additionalProperties` does not allow.
  if (error?.keyword === 'boolean' || error?.message === 'schema is false') {
    const { properties = {} } = modelsOnce()[model] as { readonly properties?: object };
    const near = path.includes('/') ? null : nearestWord(path, Object.keys(properties));
    return `${path} is no field of ${model}${near === null ? '' : `; did you mean '${near}'?`}`;
  }
  const choices = (error?.params as { readonly allowedValues?: readonly unknown[] } | undefined)?.allowedValues;
  return `${where} ${error?.message ?? 'is not as it should be'}${choices === undefined ? '' : `: ${choices.join(', ')}`}`;
}

/** A body without what is null or empty in it: clients send that for what is not set. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).filter(([, member]) => !isAbsent(member));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}
