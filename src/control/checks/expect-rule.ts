import { type Compiled, evaluateText } from '../../expr/compile.ts';
import { compileRegex } from '../../expr/regex.ts';
import { isError } from '../../expr/sample.ts';
import type { ExprContext } from '../../expr/types.ts';
import type { CheckStatusName } from '../../model/server.ts';
import type { ExpectStep, HeaderPattern, Pattern } from './program.ts';
import { fixed, parseHex, RuleError, type RuleWords } from './words.ts';

const OK_STATUSES: readonly CheckStatusName[] = ['L4OK', 'L6OK', 'L7OK', 'L7OKC'];
const ERROR_STATUSES: readonly CheckStatusName[] = ['L4CON', 'L6RSP', 'L7RSP', 'L7STS'];
const TIMEOUT_STATUSES: readonly CheckStatusName[] = ['L4TOUT', 'L6TOUT', 'L7TOUT'];

type Settings = {
  -readonly [K in Exclude<keyof ExpectStep, 'kind' | 'number' | 'pattern' | 'inverse' | 'okText'>]: ExpectStep[K];
};

/** An expect step with nothing but its pattern. */
export function plainExpect(number: number, pattern: Pattern, over: Partial<ExpectStep> = {}): ExpectStep {
  return {
    kind: 'expect',
    number,
    comment: null,
    pattern,
    inverse: false,
    minRecv: -1,
    okStatus: null,
    errorStatus: null,
    timeoutStatus: null,
    onSuccess: null,
    onError: null,
    statusCode: null,
    okText: '',
    ...over,
  };
}

/** `http-check expect` and `tcp-check expect`: options, and at the end one pattern with `!` before it or not. */
export function parseExpect(words: RuleWords, number: number): ExpectStep {
  const http = words.rule.words[0] === 'http-check';
  const {
    kind: _kind,
    number: _number,
    pattern: _pattern,
    inverse: _inverse,
    okText: _text,
    ...settings
  } = plainExpect(number, ANY);
  const step: Settings = settings;
  let pattern: Pattern | null = null;
  let inverse = false;
  while (!words.done) {
    let word = words.next();
    if (readOption(word, words, step)) continue;
    if (pattern) throw new RuleError('only on pattern expected');
    if (word === '!') {
      inverse = true;
      word = words.next();
    } else if (word.startsWith('!')) {
      inverse = true;
      word = word.slice(1);
    }
    pattern = http ? httpPattern(word, words) : tcpPattern(word, words);
  }
  if (!pattern) throw new RuleError('expects at least a matching pattern as arguments');
  return { ...plainExpect(number, pattern), ...step, inverse };
}

const ANY: Pattern = { on: 'text', type: 'string', bytes: '' };

function readOption(word: string, words: RuleWords, step: Settings): boolean {
  switch (word) {
    case 'comment':
      step.comment = words.argument(word);
      return true;
    case 'min-recv':
      step.minRecv = integer(word, words.argument(word, 'a integer as argument'));
      return true;
    case 'ok-status':
      step.okStatus = oneOf(word, words.argument(word), OK_STATUSES);
      return true;
    case 'error-status':
      step.errorStatus = oneOf(word, words.argument(word), ERROR_STATUSES);
      return true;
    case 'tout-status':
      step.timeoutStatus = oneOf(word, words.argument(word), TIMEOUT_STATUSES);
      return true;
    case 'on-success':
      step.onSuccess = words.format(word);
      return true;
    case 'on-error':
      step.onError = words.format(word);
      return true;
    case 'status-code':
      if (words.done) throw new RuleError(`'${word}' expects an expression as argument.`);
      step.statusCode = codeOf(words.expression(word));
      return true;
    default:
      return false;
  }
}

/** The number that an expression gives, 0 when it gives none. */
function codeOf(expression: Compiled): (ctx: ExprContext) => number {
  return (ctx) => Number.parseInt(evaluateText(expression, ctx) ?? '', 10) || 0;
}

function integer(option: string, text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < -1 || value > 2147483647) {
    throw new RuleError(`'${option}' expects -1 or an integer from 0 to INT_MAX.`);
  }
  return value;
}

function oneOf(option: string, text: string, names: readonly CheckStatusName[]): CheckStatusName {
  const found = names.find((name) => name === text.toUpperCase());
  if (found) return found;
  const list = names
    .slice(0, -1)
    .map((name) => `'${name}'`)
    .join(', ');
  throw new RuleError(`'${option}' only supports ${list} or '${names.at(-1)}' status (got '${text}').`);
}

function httpPattern(word: string, words: RuleWords): Pattern {
  switch (word) {
    case 'status':
      return { on: 'status', ranges: statusRanges(argument(word, words)) };
    case 'rstatus':
      return { on: 'status-text', regex: regex(argument(word, words)) };
    case 'hdr':
    case 'fhdr':
      return headerPattern(word, words);
    case 'string':
    case 'rstring':
    case 'string-lf':
      return textPattern(word, words);
    default:
      throw new RuleError(
        `'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment but got '${word}' as argument.`,
      );
  }
}

function tcpPattern(word: string, words: RuleWords): Pattern {
  if (['string', 'rstring', 'string-lf', 'binary', 'rbinary', 'binary-lf'].includes(word))
    return textPattern(word, words);
  throw new RuleError(
    `'only supports min-recv, '[!]binary', '[!]string', '[!]rstring', '[!]string-lf''[!]rbinary', '[!]binary-lf' or comment but got '${word}' as argument.`,
  );
}

function argument(word: string, words: RuleWords): string {
  return words.argument(word, 'a <pattern> as argument');
}

function textPattern(word: string, words: RuleWords): Pattern {
  const text = argument(word, words);
  switch (word) {
    case 'string':
      return { on: 'text', type: 'string', bytes: text };
    case 'binary':
      return { on: 'text', type: 'binary', bytes: parseHex(word, text) };
    case 'string-lf':
    case 'binary-lf':
      return { on: 'text', type: word, format: words.compileFormat(word, text) };
    case 'rstring':
      return { on: 'text', type: 'regex', regex: regex(text) };
    default:
      return { on: 'text', type: 'regex-binary', regex: regex(text) };
  }
}

function regex(source: string, ignoreCase = false): RegExp {
  const compiled = compileRegex(source, ignoreCase, 's');
  if (isError(compiled)) throw new RuleError(compiled.error);
  return compiled;
}

/** `200`, `200-399`, `200,204,300-304`. */
function statusRanges(text: string): [number, number][] {
  return text.split(',').map((part) => {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part);
    if (!match) {
      const strange = /[^\d-]/.exec(part);
      if (strange) throw new RuleError(`invalid character '${strange[0]}' in the list of status codes`);
      throw new RuleError(`invalid range of status codes '${part}'`);
    }
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (to < from) throw new RuleError(`invalid range of status codes '${part}'`);
    return [from, to];
  });
}

/** `{name|name-lf} [-m <method>] <name> [{value|value-lf} [-m <method>] <value>]`. */
function headerPattern(word: string, words: RuleWords): Pattern {
  const kind = words.next();
  if (kind !== 'name' && kind !== 'name-lf') {
    throw new RuleError(`'${word}' expects at the name keyword as first argument followed by a pattern.`);
  }
  const name = headerPart(word, kind, words, false);
  const valueKind = words.peek;
  if (valueKind !== 'value' && valueKind !== 'value-lf')
    return { on: 'header', full: word === 'fhdr', name, value: null };
  words.next();
  return { on: 'header', full: word === 'fhdr', name, value: headerPart(word, valueKind, words, true) };
}

const METHODS: readonly HeaderPattern['method'][] = ['str', 'beg', 'end', 'sub', 'reg'];

function headerPart(word: string, kind: string, words: RuleWords, isValue: boolean): HeaderPattern {
  let method: HeaderPattern['method'] = 'str';
  if (words.peek === '-m') {
    words.next();
    const text = words.next();
    if (text === '')
      throw new RuleError(`'${word}' : '${kind}' expects at a matching pattern ('str', 'beg', 'end', 'sub' or 'reg')`);
    const found = METHODS.find((known) => known === text);
    if (!found)
      throw new RuleError(`'${word}' : '-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got '${text}')`);
    method = found;
  }
  const missing = isValue
    ? `'${word}' expect a pattern with the value keyword`
    : `'${word}' expects at the name keyword as first argument followed by a pattern`;
  if (words.done) throw new RuleError(missing);
  const text = words.next();
  if (method !== 'reg')
    return { method, text: kind.endsWith('-lf') ? words.compileFormat(kind, text) : fixed(text), regex: null };
  if (kind.endsWith('-lf'))
    throw new RuleError(`'${word}': log-format string is not supported with a regex matching method`);
  // Names of fields have no case (RFC 9110, section 5.1).
  return { method, text: null, regex: regex(text, !isValue) };
}
