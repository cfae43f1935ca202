import type { Answer } from './answer.ts';
import {
  AlreadyExistsError,
  InUseError,
  NotFoundError,
  OutOfRangeError,
  PermissionDeniedError,
  RefusedError,
  type RuntimeCommandError,
  UnknownCommandError,
} from './refusals.ts';

type Refusal = new (command: readonly string[], answer: Answer) => RuntimeCommandError;

const silence = /^$/;

/**
 * What commands that change something say when they succeed; any other text is a refusal, whatever severity it has: HAProxy refuses some
 * things with a warning (`set server ... check-port`), and says success with one (`set server ... addr`). `*` stands for one word; the
 * first row that fits a command counts. Texts are those of HAProxy 2.6 to 3.5.
 */
const successes: readonly (readonly [string, RegExp])[] = [
  ['abort ssl', /^Transaction aborted/],
  ['add acl', silence],
  ['add map', silence],
  ['add backend', /New backend registered\.$/],
  ['add server', /New server registered\.$/],
  ['add ssl crt-list', /Success!$/],
  ['add ssl ca-file', /transaction (created|updated) for CA/i],
  ['add ssl jwt', silence],
  ['clear counters', /^$|^Server counters cleared\.$/],
  ['clear', silence],
  ['commit ssl', /Success!$/],
  ['commit', silence],
  ['del backend', /Backend deleted\.$/],
  ['del server', /Server deleted\.$/],
  ['del ssl crt-list', / deleted in crtlist /],
  ['del ssl jwt', silence],
  ['del ssl', /^(Certificate|CA file|CRL file) '.*' deleted!$/],
  ['del', silence],
  ['disable frontend', /^$|^All sockets are already disabled\.$/],
  ['disable', silence],
  ['enable frontend', /^$|^All sockets are already enabled\.$/],
  ['enable', silence],
  ['get acl', /^type=/],
  ['get map', /^type=/],
  ['get weight', /^\d+ \(initial \d+\)$/],
  ['new ssl', /^New .*(store|created) /],
  ['prepare', /^New version created: \d+$/],
  ['publish backend', /^Backend published\.$/],
  ['set dynamic-cookie-key', silence],
  ['set map', silence],
  ['set maxconn', silence],
  ['set rate-limit', silence],
  [
    'set server * addr',
    /^(?!.*(?:invalid |problem converting|not valid|can't |cannot )).*(?:changed from|no need to change|nothing changed)/is,
  ],
  ['set server * fqdn', / changed its FQDN |^no need to change/],
  ['set server * name', /^Server name updated\.$/],
  ['set server * ssl', /^$|^server ssl setting updated\.$/],
  ['set server', silence],
  ['set ssl ocsp-response', /^OCSP Response updated!/],
  ['set ssl tls-key', /^TLS ticket key updated!$/],
  ['set ssl', /transaction (created|updated) for/i],
  ['set table', silence],
  ['set var', silence],
  ['set weight', silence],
  ['shutdown frontend', /^$|^Frontend was already shut down\.$/],
  ['shutdown', silence],
  ['unpublish backend', /^Backend unpublished\.$/],
  ['wait', /^(Done\.)?$/],
];

/** Texts that tell the kind of a refusal, by their first line. */
const kinds: readonly (readonly [RegExp, Refusal])[] = [
  [/^Permission denied$/, PermissionDeniedError],
  [/^This command is restricted to (expert|experimental) mode only\./, PermissionDeniedError],
  [/^Unknown command(: '.*')?[,.] .*(better match:|commands only:)$/, UnknownCommandError],
  [/^usage: set server |^'set server <srv>' only supports /, UnknownCommandError],
  [/already exists|name is already used| already used at |^Already exists /i, AlreadyExistsError],
  [/\bin use\b|Only servers in maintenance|Server still has|cannot be removed at runtime/i, InUseError],
  [
    /must be unpublished|Only a backend without|Server must be in maintenance|currently locked|^The ongoing transaction is/i,
    InUseError,
  ],
  [/out of range|can only be between|^Version number in the future/i, OutOfRangeError],
  [
    /^No such |^Can('t|not) find |^Session not found|^Unknown (map|ACL) identifier|^(entry|key or pattern|Key|Variable) not found/,
    NotFoundError,
  ],
  [
    /doesn't exist!|does not exist!|: Not found\b|^didn't find the|unable to locate|does not match any certificate/,
    NotFoundError,
  ],
  [/not referenced by the configuration|^No ongoing transaction!|^Unknown certificate!/, NotFoundError],
  [
    /^(Filter entry #\d+: |Invalid |Showing keys |Key value expected|Pointer expected|unknown option|Optional argument)/,
    RefusedError,
  ],
  [/^(Expects |Missing |Nothing to report for this sink$|'[a-z -]+' (expects|unable|received) )/, RefusedError],
];

/** Syslog's err: what is as bad or worse is a refusal of a command that has no row above. */
const ERR = 3;

/** The refusal that an answer is, null when the command did what it says or gave what was asked. */
export function verdict(command: readonly string[], answer: Answer): RuntimeCommandError | null {
  const end = answer.text.indexOf('\n');
  const first = (end === -1 ? answer.text : answer.text.slice(0, end)).replace(/^Failed\. /, '');
  const success = successes.find(([words]) => fits(words, command))?.[1];
  if (success?.test(answer.text)) return null;
  const Kind = kinds.find(([pattern]) => pattern.test(first))?.[1];
  const told = success !== undefined || (answer.severity !== null && answer.severity <= ERR);
  if (told) return new (Kind ?? RefusedError)(command, answer);
  // A dump, something said without an error's severity, or a master that knows none: only a known refusal is one. JSON may quote one.
  const whole = (end === -1 && !/^(\[\{|\{")/.test(first)) || Kind === UnknownCommandError;
  return Kind !== undefined && whole ? new Kind(command, answer) : null;
}

function fits(pattern: string, command: readonly string[]): boolean {
  return pattern.split(' ').every((word, i) => word === '*' || word === command[i]);
}
