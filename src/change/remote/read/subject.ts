import type { Words } from './reader.ts';

/** Behind which words the object of a command stands, where that is not the third one. */
const BEHIND: Readonly<Record<string, number>> = {
  'set maxconn': 3,
  'set weight': 2,
  'set dynamic-cookie-key': 3,
  'enable dynamic-cookie': 3,
  'disable dynamic-cookie': 3,
  'shutdown sessions': 3,
  'clear counters': 3,
};

/** Verbs whose second word says what sort of thing the third one names. */
const VERBS = 'set add del new clear enable disable shutdown prepare commit abort update publish unpublish'.split(' ');

/** What a command is made to, for the journal and the policy: `be_app/app1`, a map, a certificate; '' when its words do not tell. */
export function subjectOf(words: Words): string {
  const [verb = '', what = ''] = words;
  if (!VERBS.includes(verb)) return '';
  if (what === 'ssl') return words[3] ?? '';
  const at = BEHIND[`${verb} ${what}`] ?? 2;
  // `prepare map`, then `add map @1 <map> ...`: the version is no object.
  return (words[at]?.startsWith('@') ? words[at + 1] : words[at]) ?? '';
}
