import type { ExprContext, HeadView } from '../../expr/types.ts';
import type { CheckStatusName } from '../../model/server.ts';
import type { HttpResponse } from './http-response.ts';
import type { CheckEnd, ExpectStep, HeaderPattern, Pattern, Program } from './program.ts';

/** What came from the server so far. */
export interface Received {
  /** Bytes as latin1. */
  readonly text: string;
  readonly bytes: Buffer;
  /** No more will come. */
  readonly ended: boolean;
  /** HTTP checks: the answer, when its head is there. */
  readonly response: HttpResponse | 'invalid' | null;
  readonly ctx: ExprContext;
}

/** More bytes are needed; the step is satisfied; or the check ends here. */
export type Judgement = 'wait' | 'ok' | CheckEnd;

/** Judges what came against an expect step. */
export function judge(step: ExpectStep, received: Received, program: Program, serverIsUp: boolean): Judgement {
  if (step.pattern.on === 'custom') return judgeCustom(step, received);
  return program.flavour === 'http' ? judgeHttp(step, received, program, serverIsUp) : judgeText(step, received);
}

function judgeCustom(step: ExpectStep, received: Received): Judgement {
  if (received.bytes.length === 0) return received.ended ? emptyAnswer(step) : 'wait';
  return step.pattern.on === 'custom' ? step.pattern.judge(received.bytes, received.ended) : 'wait';
}

function emptyAnswer(step: ExpectStep): CheckEnd {
  const text = `TCPCHK got an empty response at step ${step.number}`;
  return { status: step.errorStatus ?? 'L7RSP', description: withComment(text, step), code: null };
}

function judgeText(step: ExpectStep, received: Received): Judgement {
  const { text, ended } = received;
  if (text === '') return ended ? emptyAnswer(step) : 'wait';
  const found = matchText(step, text, ended, received.ctx);
  if (found === 'wait') return 'wait';
  if (found !== step.inverse) return 'ok';
  return failure(step, received, 'L7RSP', null);
}

/** Whether the text has what the pattern looks for; 'wait' while more bytes could decide otherwise. */
function matchText(step: ExpectStep, text: string, ended: boolean, ctx: ExprContext): boolean | 'wait' {
  const pattern = step.pattern;
  if (pattern.on !== 'text') return false;
  if (!ended) {
    if ('bytes' in pattern && text.length < pattern.bytes.length) return 'wait';
    if (step.minRecv > 0 && text.length < step.minRecv) return 'wait';
  }
  const found = hasPattern(pattern, text, ctx);
  return !found && !ended && step.minRecv === -1 ? 'wait' : found;
}

function hasPattern(pattern: Extract<Pattern, { on: 'text' }>, text: string, ctx: ExprContext): boolean {
  switch (pattern.type) {
    case 'string':
    case 'binary':
      return text.includes(pattern.bytes);
    case 'string-lf':
      return text.includes(pattern.format.format(ctx));
    case 'binary-lf':
      return text.includes(Buffer.from(pattern.format.format(ctx), 'hex').toString('latin1'));
    case 'regex':
      return pattern.regex.test(text);
    case 'regex-binary':
      return pattern.regex.test(Buffer.from(text, 'latin1').toString('hex').toUpperCase());
  }
}

function judgeHttp(step: ExpectStep, received: Received, program: Program, serverIsUp: boolean): Judgement {
  const { response, ended, ctx } = received;
  if (response === 'invalid' || (response === null && ended)) return failure(step, received, 'L7RSP', '', true);
  if (response === null) return 'wait';
  const { status, reason } = response.head;
  if (program.disableOn404 && status === 404 && serverIsUp) return 'ok';
  const pattern = step.pattern;
  if (pattern.on === 'text') return judgeBody(step, received, response);
  const matches =
    pattern.on === 'status'
      ? pattern.ranges.some(([from, to]) => status >= from && status <= to)
      : pattern.on === 'status-text'
        ? pattern.regex.test(String(status))
        : pattern.on === 'header' && headerMatches(pattern, response.head, ctx);
  return matches !== step.inverse ? 'ok' : failure(step, received, 'L7STS', reason);
}

function judgeBody(step: ExpectStep, received: Received, response: HttpResponse): Judgement {
  const ended = response.complete || received.ended;
  if (response.body === '') {
    return ended ? failure(step, received, 'L7RSP', 'HTTP content check could not find a response body', true) : 'wait';
  }
  const found = matchText(step, response.body, ended, received.ctx);
  if (found === 'wait') return 'wait';
  if (found !== step.inverse) return 'ok';
  return failure(
    step,
    received,
    'L7RSP',
    step.inverse ? 'HTTP check matched unwanted content' : 'HTTP content check did not match',
    true,
  );
}

function headerMatches(pattern: Extract<Pattern, { on: 'header' }>, head: HeadView, ctx: ExprContext): boolean {
  for (let i = 0; i < head.headerCount(); i++) {
    if (!partMatches(pattern.name, head.headerName(i), ctx, true)) continue;
    if (!pattern.value) return true;
    const value = head.headerValue(i);
    const values = pattern.full ? [value] : value.split(',').map((part) => part.trim());
    if (values.some((part) => partMatches(pattern.value!, part, ctx, false))) return true;
  }
  return false;
}

function partMatches(part: HeaderPattern, text: string, ctx: ExprContext, ignoreCase: boolean): boolean {
  if (part.regex) return part.regex.test(text);
  const format = part.text?.format(ctx) ?? '';
  const wanted = ignoreCase ? format.toLowerCase() : format;
  switch (part.method) {
    case 'beg':
      return text.startsWith(wanted);
    case 'end':
      return text.endsWith(wanted);
    case 'sub':
      return text.includes(wanted);
    default:
      return text === wanted;
  }
}

/** The end of a check whose expectation was not met. `info`: what the protocol has to say; null: the step tells itself. */
function failure(
  step: ExpectStep,
  received: Received,
  status: CheckStatusName,
  info: string | null,
  fixedStatus = false,
): CheckEnd {
  const told = step.onError ? step.onError.format(received.ctx) : (info ?? mismatch(step));
  const code = step.statusCode ? step.statusCode(received.ctx) : httpStatus(received);
  return { status: fixedStatus ? status : (step.errorStatus ?? status), description: withComment(told, step), code };
}

/** The end of a check that has passed its last expectation. */
export function success(step: ExpectStep, received: Received, program: Program): CheckEnd {
  const own = program.flavour === 'tcp-check' ? '(tcp-check)' : step.okText;
  const description = step.onSuccess ? step.onSuccess.format(received.ctx) : own;
  const code = step.statusCode ? step.statusCode(received.ctx) : httpStatus(received);
  return { status: step.okStatus ?? 'L7OK', description, code };
}

function httpStatus(received: Received): number | null {
  return received.response && received.response !== 'invalid' ? received.response.head.status : null;
}

function withComment(text: string, step: ExpectStep): string {
  return step.comment === null ? text : `${text} comment: ${step.comment}`;
}

function mismatch(step: ExpectStep): string {
  return `${step.inverse ? 'TCPCHK matched unwanted content' : 'TCPCHK did not match content'}${lookedFor(step.pattern)} at step ${step.number}`;
}

const KIND: Readonly<Record<Extract<Pattern, { on: 'text' }>['type'], string>> = {
  string: '',
  binary: ' (binary)',
  'string-lf': ' (log-format string)',
  'binary-lf': ' (log-format binary)',
  regex: ' (regex)',
  'regex-binary': ' (binary regex)',
};

function lookedFor(pattern: Pattern): string {
  if (pattern.on !== 'text') return ' (custom function)';
  return pattern.type === 'string' ? ` '${pattern.bytes}'` : KIND[pattern.type];
}

/** What a step waits for, as a timeout in a `tcp-check` tells it: `(expect string 'PONG')`. */
export function waitsFor(pattern: Pattern): string {
  if (pattern.on !== 'text') return ' (expect custom function)';
  switch (pattern.type) {
    case 'string':
      return ` (expect string '${pattern.bytes}')`;
    case 'binary':
      return ` (expect binary '${Buffer.from(pattern.bytes, 'latin1').toString('hex')}')`;
    case 'regex':
      return ' (expect regex)';
    case 'regex-binary':
      return ' (expect binary regex)';
    case 'string-lf':
      return ' (expect log-format string)';
    case 'binary-lf':
      return ' (expect log-format binary)';
  }
}
