import { readFileSync } from 'node:fs';
import { Errors } from 'typebox/value';
import { isMap, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { ACTIONS } from './actions.ts';
import { isTimezone, parseSpan } from './hours.ts';
import { fits, type GuardRule, glob, type Policy, type Rule, type Who } from './policy.ts';
import { type PolicyFile, PolicySchema } from './schema.ts';

/** Policies are short; a large file is a mistake. */
const MAX_BYTES = 1024 * 1024;
const DEFAULT_EXPIRES_MS = 3_600_000;

/** A policy, or what is wrong with it: a line each, `FILE:LINE: reason`. */
export type LoadedPolicy = { readonly policy: Policy } | { readonly problems: readonly string[] };

/** Reads a policy file (YAML). */
export function loadPolicy(file: string): LoadedPolicy {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { problems: [`${file}: cannot be read: ${(error as NodeJS.ErrnoException).code}`] };
  }
  if (text.length > MAX_BYTES) return { problems: [`${file}: larger than ${MAX_BYTES} bytes`] };
  return parsePolicy(text, file);
}

/** Reads the text of a policy file; `file` is for messages. */
export function parsePolicy(text: string, file: string): LoadedPolicy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `${file}:${lines.linePos(offset).line || 1}`;
  if (document.errors.length > 0) {
    return { problems: document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`) };
  }
  /** Where the value at a JSON pointer is, or the nearest thing around it that is there. */
  const place = (pointer: string): string => {
    const path = pointer.split('/').slice(1).map(unescapePointer);
    for (; path.length > 0; path.pop()) {
      const key = keyOf(document, path);
      if (key !== null) return at(key);
    }
    return at(document.contents?.range?.[0] ?? 0);
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { problems: [`${file}:1: ${(error as Error).message}`] };
  }
  const problems = shapeProblems(value, place);
  if (problems.length > 0) return { problems };
  const policy = build(value as PolicyFile, file, place, problems);
  return problems.length > 0 ? { problems } : { policy };
}

function unescapePointer(part: string): string {
  return part.replace(/~1/g, '/').replace(/~0/g, '~');
}

/** Offset of the key (of a map) or the item (of a list) at `path`; null when it is not there. */
function keyOf(document: ReturnType<typeof parseDocument>, path: readonly string[]): number | null {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = (parent as YAMLMap).items.find(({ key }) => String(key) === path.at(-1));
    return (pair?.key as { range?: readonly number[] } | undefined)?.range?.[0] ?? null;
  }
  const item = document.getIn(path, true) as { range?: readonly number[] } | undefined;
  return item?.range?.[0] ?? null;
}

function shapeProblems(value: unknown, place: (pointer: string) => string): string[] {
  const problems: string[] = [];
  for (const { keyword, instancePath, message, params } of Errors(PolicySchema, value)) {
    // What is said of each unknown key is said again of the object that holds it.
    if (keyword === 'additionalProperties') continue;
    const name = instancePath === '' ? 'the file' : `'${instancePath.slice(1).replaceAll('/', '.')}'`;
    const reason = keyword === 'boolean' ? 'there is no such setting' : message;
    const allowed = 'allowedValue' in params ? ` (${String(params.allowedValue)})` : '';
    problems.push(`${place(instancePath)}: ${reason}${allowed}: ${name}`);
  }
  return problems;
}

function build(value: PolicyFile, file: string, place: (pointer: string) => string, problems: string[]): Policy {
  const { timezone, people = {} } = value;
  if (timezone !== undefined && !isTimezone(timezone))
    problems.push(`${place('/timezone')}: no such time zone: '${timezone}'`);
  const set = (name: string): readonly Who[] | null => {
    const members = Object.hasOwn(people, name) ? people[name] : undefined;
    if (members === undefined) return null;
    return [
      ...(members.users ?? []).map((user): Who => ({ kind: 'user', name: glob(user) })),
      ...(members.groups ?? []).map((group): Who => ({ kind: 'group', name: glob(group) })),
    ];
  };
  return {
    file,
    timezone,
    rules: value.rules.map((_, i) => buildRule(value.rules[i]!, `/rules/${i}`, { place, problems, set })),
    guards: (value.guards ?? []).map(buildGuard),
    approvalExpires: durationMs(value['approval-expires']) ?? DEFAULT_EXPIRES_MS,
  };
}

interface Context {
  readonly place: (pointer: string) => string;
  readonly problems: string[];
  readonly set: (name: string) => readonly Who[] | null;
}

function buildRule(rule: PolicyFile['rules'][number], pointer: string, { place, problems, set }: Context): Rule {
  const at = place(pointer);
  if ((rule.allow === undefined) === (rule.deny === undefined))
    problems.push(`${at}: a rule has either 'allow' or 'deny'`);
  const effect = rule.deny === undefined ? 'allow' : 'deny';
  const names = rule[effect] ?? [];
  for (const [i, name] of names.entries()) {
    if (!ACTIONS.some((action) => fits([glob(name)], action)))
      problems.push(
        `${place(`${pointer}/${effect}/${i}`)}: no such action: '${name}'; there are ${ACTIONS.join(', ')}`,
      );
  }
  const who = rule.who.flatMap((name, i): readonly Who[] => {
    const [, kind, rest] = /^(user|group):(.+)$/.exec(name) ?? [];
    if (name === '*') return [{ kind: 'everybody' }];
    if (kind !== undefined) return [{ kind: kind as 'user' | 'group', name: glob(rest!) }];
    const members = set(name);
    if (members === null)
      problems.push(`${place(`${pointer}/who/${i}`)}: no such set of people: '${name}' (or user:NAME, group:NAME, *)`);
    return members ?? [];
  });
  const approvers = rule.approval === undefined ? null : set(rule.approval);
  if (rule.approval !== undefined && approvers === null)
    problems.push(`${place(`${pointer}/approval`)}: no such set of people: '${rule.approval}'`);
  return {
    at,
    effect,
    actions: names.map(glob),
    who,
    on: (rule.on ?? ['*']).map(glob),
    hours: (rule.hours ?? []).flatMap((text, i) => {
      const span = parseSpan(text);
      if (span === null)
        problems.push(`${place(`${pointer}/hours/${i}`)}: not understood: '${text}' (like mon-fri 08:00-18:00)`);
      return span ?? [];
    }),
    hoursText: (rule.hours ?? []).join(', '),
    approval: approvers === null ? null : { set: rule.approval!, who: approvers },
    force: rule.force ?? false,
    reason: rule.reason ?? null,
  };
}

function buildGuard(guard: NonNullable<PolicyFile['guards']>[number]): GuardRule {
  const share = guard['min-share'];
  return {
    on: guard.on.map(glob),
    minUsable: guard['min-usable'] ?? null,
    minShare: share === undefined ? null : Number(share.slice(0, -1)),
  };
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m` in ms; the schema has checked the form. */
function durationMs(text: string | undefined): number | null {
  return text === undefined ? null : Number(text.slice(0, -1)) * UNITS_MS[text.at(-1)!]!;
}
