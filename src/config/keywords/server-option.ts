/** Forms that options of a server have. */

import type { ServerDraft } from '../draft-server.ts';
import { parseInteger, parseTime } from '../units.ts';
import type { Option, OptionInput, OptionResult } from './option.ts';

export type Input = OptionInput<ServerDraft>;

type Flags = Partial<Option<ServerDraft>>;

export function flag(name: string, set: (draft: ServerDraft) => void, more: Flags = {}): Option<ServerDraft> {
  return { name, takes: 0, args: '', status: 'works', parse: ({ draft }) => set(draft) as undefined, ...more };
}

/** `expects` ends the message when the argument is missing. */
export function value(
  name: string,
  args: string,
  expects: string,
  parse: (input: Input) => OptionResult,
  more: Flags = {},
): Option<ServerDraft> {
  const checked = (input: Input) => (input.value === '' ? `'${name}' expects ${expects}.` : parse(input));
  return { name, takes: 1, args, status: 'works', parse: checked, ...more };
}

export function text(
  name: string,
  args: string,
  expects: string,
  set: (draft: ServerDraft, value: string) => void,
  more: Flags = {},
): Option<ServerDraft> {
  return value(
    name,
    args,
    expects,
    (input) => {
      set(input.draft, input.value);
      return undefined;
    },
    more,
  );
}

export function integer(
  name: string,
  min: number,
  set: (draft: ServerDraft, value: number) => void,
  more: Flags = {},
  max = 2_147_483_647,
): Option<ServerDraft> {
  return value(
    name,
    '<number>',
    'an integer argument',
    (input) => {
      const number = parseInteger(input.value);
      if (number === null) return `'${name}' expects an integer argument (got '${input.value}').`;
      if (number < min) return min === 1 ? `'${name}' has to be > 0.` : `'${name}' must be >= ${min}`;
      if (number > max) return `'${name}' must be <= ${max}`;
      set(input.draft, number);
      return undefined;
    },
    more,
  );
}

export function time(
  name: string,
  min: number,
  set: (draft: ServerDraft, value: number) => void,
  more: Flags = {},
): Option<ServerDraft> {
  return value(
    name,
    '<time>',
    'a delay as argument',
    (input) => {
      const result = parseTime(input.value);
      const server = input.draft.name === '' ? 'default-server' : input.draft.name;
      if (typeof result !== 'number') {
        if (result.error === 'character')
          return `unexpected character '${result.character}' in '${name}' argument of server ${server}.`;
        return `timer overflow in argument <${input.value}> to <${name}> of server ${server}, maximum value is 2147483647 ms (~24.8 days).`;
      }
      if (result < min) return `invalid value ${result} for argument '${name}' of server ${server}.`;
      set(input.draft, result);
      return undefined;
    },
    more,
  );
}

/** One of a list of words. */
export function choice<T extends string>(
  name: string,
  choices: readonly T[],
  error: (got: string) => string,
  set: (draft: ServerDraft, value: T) => void,
  more: Flags = {},
): Option<ServerDraft> {
  return value(
    name,
    `<${choices.join('|')}>`,
    '<mode> as argument',
    (input) => {
      const found = choices.find((word) => word === input.value);
      if (found === undefined) return error(input.value);
      set(input.draft, found);
      return undefined;
    },
    more,
  );
}
