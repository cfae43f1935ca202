import type { Renewal } from '../../change/acme/renewals.ts';
import { type Answer, dump, error, info } from '../answer.ts';
import type { Call, Command } from '../registry.ts';

const COLUMNS = [
  'certificate',
  'section',
  'state',
  'expiration date (UTC)',
  'expires in',
  'scheduled date (UTC)',
  'scheduled in',
];

function status({ control }: Call): Answer {
  const now = Date.now();
  const rows = control.renewals.list().map((one) => `${row(one, now).join('\t')}\n`);
  return dump([`# ${COLUMNS.join('\t')}\n`, ...rows]);
}

function row({ path, section, state, expires, scheduled }: Renewal, now: number): string[] {
  return [
    path,
    section,
    state,
    dateText(expires),
    untilText(expires, now),
    dateText(scheduled),
    untilText(scheduled, now),
  ];
}

/** Seconds of UTC; `-` for no date. */
function dateText(date: number | null): string {
  return date === null ? '-' : `${new Date(date).toISOString().slice(0, 19)}Z`;
}

/** `89d 23h01m13s`; what is over is in no time. */
function untilText(date: number | null, now: number): string {
  if (date === null) return '-';
  const left = Math.max(0, Math.floor((date - now) / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const [days, hours] = [Math.floor(left / 86_400), Math.floor(left / 3600) % 24];
  return `${days}d ${hours}h${two(Math.floor(left / 60) % 60)}m${two(left % 60)}s`;
}

function renew({ control, args }: Call): Answer {
  const [path] = args;
  if (!path) return error(': not enough parameters');
  const problem = control.renewals.renew(path);
  if (problem === 'unknown') return error(`No ACME configuration defined for file '${path}'.`);
  return problem === 'running' ? error('ACME task already running.') : { kind: 'nothing' };
}

function challengeReady({ control, args }: Call): Answer {
  const [path, keyword, domain] = args;
  if (!path || keyword !== 'domain' || !domain) return error(': not enough parameters');
  const left = control.renewals.challengeReady(path, domain);
  if (left === null)
    return error(`Couldn't find an ACME task using crt "${path}" and domain "${domain}" to set as ready!`);
  const text = `'${domain}' challenge ready!`;
  return info(left === 0 ? `${text} All challenges ready, starting challenges validation!` : `${text} ${left} to go.`);
}

/** Certificates that are ordered from ACME servers. */
export const acmeCommands: readonly Command[] = [
  {
    words: 'acme challenge_ready',
    args: '<certificate> domain <domain>',
    help: 'notify HAProxy that the ACME challenge is ready',
    level: 'admin',
    where: 'worker',
    about: 'The TXT record of a dns-01 challenge is in place.',
    run: challengeReady,
  },
  {
    words: 'acme renew',
    args: '<certificate>',
    help: 'renew a certificate using the ACME protocol',
    level: 'admin',
    where: 'worker',
    about: 'Begins an order now; what comes of it is logged.',
    run: renew,
  },
  {
    words: 'acme status',
    args: '',
    help: 'show status of certificates configured with ACME',
    level: 'admin',
    where: 'worker',
    about: 'Certificates of `load ... acme` lines: when they end, and when they are renewed.',
    run: status,
  },
];
