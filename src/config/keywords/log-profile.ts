/** Keywords of `log-profile` sections, and `log-steps` of proxies (manual, section 8.3.5). */

import type { Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { LogProfileConfig, LogStep } from '../types.ts';
import { wordArgument } from './arguments.ts';
import { KeywordTable, works } from './table.ts';

/** When a stream logs by itself. */
const STREAM_STEPS = ['accept', 'request', 'connect', 'response', 'close', 'error'] as const;

/** What a profile can say something about: these, lines of `do-log` rules by their sets, and all else. */
const PROFILE_STEPS: readonly LogStep[] = [
  ...STREAM_STEPS,
  'any',
  'tcp-req-conn',
  'tcp-req-sess',
  'tcp-req-cont',
  'tcp-res-cont',
  'http-req',
  'http-res',
  'http-after-res',
];

export type LogProfileDraft = Draft<LogProfileConfig>;

/** A profile that changes nothing yet. */
export function newLogProfile(name: string, at: LogProfileConfig['at']): LogProfileDraft {
  return { name, at, logTag: null, steps: [] };
}

function parseOn(line: Line, profile: LogProfileDraft): void {
  const word = line.word(1);
  const step = PROFILE_STEPS.find((known) => known === word);
  if (step === undefined) return line.alert(`'on' expects one of ${PROFILE_STEPS.join(', ')}, but got '${word}'.`);
  const setting: Draft<LogProfileConfig['steps'][number]> = { step, drop: false, format: null, sd: null };
  for (let i = 2; i < line.words.length; i++) {
    const option = line.word(i);
    if (option === 'drop') setting.drop = true;
    else if ((option === 'format' || option === 'sd') && line.word(i + 1) !== '')
      setting[option] = { words: [line.word(++i)], at: line.at };
    else return line.alert(`'on ${step}' expects 'drop', 'format <fmt>' or 'sd <fmt>', but got '${option}'.`);
  }
  profile.steps = [...profile.steps.filter((one) => one.step !== step), setting];
  return undefined;
}

export const LOG_PROFILE_KEYWORDS = new KeywordTable<LogProfileDraft>([
  works<LogProfileDraft>('log-tag', '<tag>', (line, profile) => {
    const tag = wordArgument(line, 'a tag for use in syslog');
    if (tag !== null) profile.logTag = tag;
  }),
  works<LogProfileDraft>('on', '<step> [drop] [format <fmt>] [sd <fmt>]', parseOn),
]);

/** `log-steps { all | <step>[,<step>...] }`; null, with an alert, when a word is none. */
export function parseLogSteps(line: Line): readonly (typeof STREAM_STEPS)[number][] | null {
  const text = line.word(1);
  if (text === 'all') return STREAM_STEPS;
  const steps: (typeof STREAM_STEPS)[number][] = [];
  for (const word of text.split(',')) {
    const step = STREAM_STEPS.find((known) => known === word);
    if (step === undefined) {
      line.alert(`'log-steps' expects 'all' or a list of ${STREAM_STEPS.join(', ')}, but got '${word}'.`);
      return null;
    }
    steps.push(step);
  }
  return steps;
}
